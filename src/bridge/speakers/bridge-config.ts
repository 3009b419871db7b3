import * as z from 'zod'
import { LIMITS } from '../../model/limits.js'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../model/time.js'
import * as field from '../../user-file/file-fields.js'
import { readUserFile } from '../../user-file/user-file.js'
import { branchPattern, isBranchName } from './branch-pattern.js'
import type { SpeakerRule } from './speakers.js'

/** What a bridge does. */
export interface BridgeConfig {
  readonly remote: string
  /** The coordination branch: answers and the board are written there. */
  readonly branch: string
  readonly agents: readonly SpeakerRule[]
  /** Swarms that speak to the fabric themselves by now; their files are not read. */
  readonly migrated: readonly string[]
  readonly everyMs: number
  /** Lease of a claim that is made through git. */
  readonly leaseMs: number
  /** Only tasks of this board are written. */
  readonly board?: string
  readonly boardFile: string
}

/** An agent that commits every quarter of an hour, and misses some, keeps its claim. */
export const DEFAULT_LEASE_MS = 2 * HOUR_MS
export const DEFAULT_EVERY_MS = 15 * SECOND_MS
export const DEFAULT_BRANCH = 'fabric/coordination'
export const DEFAULT_BOARD_FILE = 'BOARD.md'
export const DEFAULT_AGENTS: SpeakerRule = {
  pattern: { text: 'agents/{swarm}', hasCapture: true, prefix: 'agents/' },
  swarms: [],
}

/** How often a bridge looks, and how long a claim through git lasts, each least and most. */
const EVERY_MS = [SECOND_MS, HOUR_MS] as const
const LEASE_MS = [MINUTE_MS, DAY_MS] as const

export { isBranchName }

const REMOTE = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/

/** A name of a remote in the configuration of git, and no URL: that could have a password in it. */
export function isRemoteName(text: string): boolean {
  return REMOTE.test(text)
}

const BOARD_FILE = /^(?!STATUS|ANSWER-|BRIDGE)[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.md$/i

export function isBoardFile(text: string): boolean {
  return BOARD_FILE.test(text)
}

function text(check: (value: string) => boolean, error: string) {
  return z.string({ error }).refine(check, { error })
}

const pattern = z
  .string({ error: 'is no text. Write the name of a branch, such as agents/{swarm}.' })
  .transform((value, context) => {
    const found = branchPattern(value)
    if (found !== undefined) return found
    const message = 'is no name of a branch. Use letters, digits, ., _, - and /, with * or one {swarm} for a part.'
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
  .describe('Name of the branch, with * for a part that changes, or {swarm} where the name has the swarm in it.')

const swarms = z.array(field.id('Id of a swarm.')).max(LIMITS.listItems)

const agent = z
  .strictObject({
    branch: pattern,
    swarm: field.id('The swarm that such a branch speaks for.').exactOptional(),
    swarms: swarms.min(1).describe('The swarms that such a branch speaks for, where they are several.').exactOptional(),
  })
  .superRefine(({ branch, swarm, swarms }, context) => {
    const ways = [branch.hasCapture, swarm !== undefined, swarms !== undefined].filter(Boolean)
    if (ways.length === 1) return
    const message = 'says not once whom it speaks for. Use one of {swarm} in the name, swarm and swarms.'
    context.addIssue({ code: 'custom', path: ['branch'], message })
  })
  .transform(({ branch, swarm, swarms }): SpeakerRule => {
    return { pattern: branch, swarms: swarms ?? (swarm === undefined ? [] : [swarm]) }
  })

const configSchema = z
  .strictObject({
    remote: text(isRemoteName, 'is no name of a remote. Write the one that `git remote` shows, such as origin.')
      .describe('Remote of the repository.')
      .exactOptional(),
    branch: text(isBranchName, 'is no name of a branch. Write one such as fabric/coordination.')
      .describe('The coordination branch.')
      .exactOptional(),
    agents: z.array(agent).min(1).max(LIMITS.listItems).describe('Branches of agents.').exactOptional(),
    migrated: swarms.describe('Swarms that speak to the fabric themselves.').exactOptional(),
    every: field.duration(EVERY_MS, 'How often to look.').exactOptional(),
    lease: field.duration(LEASE_MS, 'How long a claim lasts without a commit.').exactOptional(),
    board: field.id('Only tasks of this board are written.').exactOptional(),
    board_file: text(isBoardFile, 'is no name of a Markdown file. Write one such as BOARD.md.')
      .describe('File of the board on the coordination branch.')
      .exactOptional(),
  })
  .transform(({ every, lease, board_file, ...rest }): Partial<BridgeConfig> => {
    return {
      ...rest,
      ...(every !== undefined && { everyMs: every }),
      ...(lease !== undefined && { leaseMs: lease }),
      ...(board_file !== undefined && { boardFile: board_file }),
    }
  })
  .meta({ title: 'bridge.yaml', description: 'Who speaks for whom through git.' })

/** Reads bridge.yaml. Throws INVALID_ARGUMENT with every problem, each with its line and field. */
export function readBridgeConfig(file: string, source: string): Partial<BridgeConfig> {
  return readUserFile({ file, source, maxBytes: LIMITS.bridgeConfigBytes, schemaFor: () => configSchema }).value
}
