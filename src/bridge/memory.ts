import { createHash } from 'node:crypto'
import * as z from 'zod'
import { canonicalJson } from '../model/canonical.js'
import { ID_PATTERN } from '../model/ids.js'
import { LIMITS } from '../model/limits.js'
import { MILESTONE_PERCENTS } from '../model/task.js'

/**
 * What a bridge remembers of its agents. It is kept on the coordination branch itself, so any machine can go on. Nothing
 * here is trusted: the fabric checks every word again, so whoever changes it can at most have a file read twice, or not.
 */

const id = z.string().regex(ID_PATTERN)
const hash = z.string().regex(/^[0-9a-f]{40,64}$/)
const words = z.string().max(LIMITS.noteChars)
const line = z.int().min(1)

const MOST_TIME_CHARS = 40

/** Texts of agents are told to the fabric, which takes secrets out of them; here only digests of them are kept. */
const digest = z.string().regex(/^[0-9a-f]{32}$/)

const claim = z.strictObject({
  task: id,
  epoch: z.int().min(0),
  leaseEndsAt: z.string().max(MOST_TIME_CHARS),
  /** Why the holder has to stop. */
  stop: words.exactOptional(),
  /** The progress that was told last. */
  told: z.strictObject({ percent: z.literal(MILESTONE_PERCENTS), digest }).exactOptional(),
  /** Blockers that were raised for the agent. */
  blockers: z.array(z.strictObject({ id, digest })).max(LIMITS.openBlockersPerTask),
})

const OUTCOMES = ['granted', 'refused', 'lost', 'completed', 'failed', 'released'] as const

const outcome = z.strictObject({
  task: id,
  outcome: z.enum(OUTCOMES),
  /** Why it was refused or lost. */
  reason: words.exactOptional(),
  epoch: z.int().min(0).exactOptional(),
})

const agent = z.strictObject({
  branch: z.string().max(LIMITS.titleChars),
  /** Tip of the branch that was seen last. */
  commit: hash,
  /** Its status file: name and blob; absent where it has none. */
  file: z.string().max(LIMITS.titleChars).exactOptional(),
  blob: hash.exactOptional(),
  claims: z.array(claim).max(LIMITS.answerTasks),
  /** What became of each task that the file names. */
  outcomes: z.array(outcome).max(LIMITS.answerTasks * 4),
  problems: z.array(z.strictObject({ line, problem: words })).max(LIMITS.statusProblems * 2),
  /** Files on its branch that speak for nobody, and why. */
  notRead: z.array(words).max(LIMITS.statusProblems),
})

const memory = z.strictObject({ version: z.literal(1), agents: z.record(id, agent) })

export type ClaimMemory = Readonly<z.output<typeof claim>>
export type Outcome = Readonly<z.output<typeof outcome>>
export type AgentMemory = Readonly<z.output<typeof agent>>
/** By swarm. */
export type BridgeMemory = ReadonlyMap<string, AgentMemory>

/** One line for each agent, in the order of their ids, so that a commit shows who changed. */
export function writeMemory(memory: BridgeMemory): string {
  const rows = [...memory].sort(([a], [b]) => (a < b ? -1 : 1))
  const lines = rows.map(([swarm, row]) => `    ${JSON.stringify(swarm)}: ${canonicalJson(row)}`)
  return `{\n  "version": 1,\n  "agents": {\n${lines.join(',\n')}\n  }\n}\n`
}

/** Undefined for what this version did not write: everything is then read anew, which changes nothing twice. */
export function readMemory(text: string): BridgeMemory | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  const result = memory.safeParse(json)
  return result.success ? new Map(Object.entries(result.data.agents)) : undefined
}

/** What stands in the memory for something that an agent said. */
export function digestOf(said: unknown): string {
  return createHash('sha256').update(canonicalJson(said)).digest('hex').slice(0, 32)
}
