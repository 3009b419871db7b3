import type { FabricOperations } from '../client/client.js'
import { FabricError, isFabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { answerFileName, answerYaml, boardText } from './answer.js'
import { type Coordination, changedFiles, commitMessage, readCoordination } from './coordination.js'
import type { Branch, Repository } from './git/repository.js'
import { type Hearing, hearAgent } from './hear-agent.js'
import { openBlockers, standingOf } from './live-facts.js'
import type { AgentMemory } from './memory.js'
import { readAgents, type Sights } from './read-agents.js'
import type { BridgeConfig } from './speakers/bridge-config.js'

export interface PassOptions {
  readonly repository: Repository
  readonly fabric: FabricOperations
  readonly config: BridgeConfig
}

/** Where a pass left off: when neither branches nor log have moved since, there is nothing to do. */
export interface Mark {
  readonly tips: string
  readonly entries: number
}

/** What one pass did. */
export interface PassReport {
  /** Swarms whose status was new. */
  readonly heard: readonly string[]
  /** Files that were written on the coordination branch. */
  readonly written: readonly string[]
  readonly commit?: string
  /** What could not be read or done, and is tried again. */
  readonly faults: readonly string[]
  readonly mark: Mark
}

/**
 * Fetches, tells the fabric what is new, and writes answers and board. Where somebody else pushes first, it starts over
 * on top of that: no word is heard twice for it. Throws UNAVAILABLE when git or the fabric cannot be reached.
 */
export async function runPass(options: PassOptions, last?: Mark): Promise<PassReport> {
  const { repository, fabric, config } = options
  for (let attempt = 0; attempt < LIMITS.bridgePushes; attempt += 1) {
    await repository.fetch([config.branch, ...config.agents.map(({ pattern }) => pattern.prefix)])
    const branches = await repository.branches()
    const tips = branches.map(({ name, commit }) => `${name} ${commit}`).join('\n')
    if (last?.tips === tips && last.entries === (await fabric.fabric.status()).entries) {
      return { heard: [], written: [], faults: [], mark: last }
    }
    const report = await passOver(options, branches)
    if (report === undefined) continue
    // After a push, or where something went wrong, there is something to look at again.
    const isSettled = report.commit === undefined && report.faults.length === 0
    return { ...report, mark: { tips: isSettled ? tips : '', entries: report.entries } }
  }
  const message = `Others pushed to ${config.branch} faster, ${LIMITS.bridgePushes} times. It is tried again.`
  throw new FabricError('UNAVAILABLE', message, { branch: config.branch })
}

interface Passed extends Omit<PassReport, 'mark'> {
  readonly entries: number
}

/** Undefined when the push came too late. */
async function passOver(
  { repository, fabric, config }: PassOptions,
  branches: readonly Branch[],
): Promise<Passed | undefined> {
  const tip = await repository.branch(config.branch)
  const coordination = await readCoordination(repository, tip, config.boardFile)
  const sights = await readAgents({ repository, config, branches, memory: coordination.memory })
  const { memory, faults } = await hearAll({ fabric, ...config }, sights, coordination.memory)
  // Before what is written is read: what comes later is for the next pass.
  const { entries } = await fabric.fabric.status()
  const files = await filesOf({ fabric, config }, coordination, memory)
  const told = {
    heard: sights.moved.map(({ swarm }) => swarm),
    faults: [...coordination.faults, ...sights.faults, ...faults],
    entries,
  }
  if (files.length === 0) return { ...told, written: [] }
  const commit = await repository.commit(coordination.commit, files, commitMessage(files))
  const isPushed = await repository.push(commit, config.branch)
  return isPushed ? { ...told, commit, written: files.map(({ name }) => name) } : undefined
}

async function hearAll(hearing: Hearing, { moved, present }: Sights, before: Coordination['memory']) {
  const memory = new Map<string, AgentMemory>()
  const faults: string[] = []
  for (const [swarm, known] of before) {
    // Of an agent whose branch is gone, only what it still holds is worth remembering.
    if (present.has(swarm) || known.claims.length > 0) memory.set(swarm, known)
  }
  for (const sight of moved) {
    try {
      memory.set(sight.swarm, await hearAgent(hearing, sight, before.get(sight.swarm)))
    } catch (error) {
      // What goes wrong for one agent alone must not keep the others from being heard; it is heard again next time.
      if (!isFabricError(error, 'RATE_LIMITED') && !isFabricError(error, 'INTERNAL')) throw error
      faults.push(`${sight.swarm}: ${error.message}`)
    }
  }
  return { memory, faults }
}

async function filesOf(
  { fabric, config }: Pick<PassOptions, 'fabric' | 'config'>,
  coordination: Coordination,
  heard: ReadonlyMap<string, AgentMemory>,
) {
  const blockers = await openBlockers(fabric)
  const memory = new Map<string, AgentMemory>()
  const answers = new Map<string, string>()
  const agents = [...heard]
  for (let at = 0; at < agents.length; at += ASKED_AT_ONCE) {
    const some = agents.slice(at, at + ASKED_AT_ONCE)
    const standings = some.map(
      async ([swarm, known]) => [swarm, await standingOf(fabric, swarm, known, blockers)] as const,
    )
    for (const [swarm, standing] of await Promise.all(standings)) {
      memory.set(swarm, standing.memory)
      answers.set(answerFileName(swarm), answerYaml(swarm, standing.memory, standing.live))
    }
  }
  const board = boardText(coordination.board, await boardOf(fabric, config.board))
  return changedFiles(coordination, { memory, answers, board: { name: config.boardFile, content: board } })
}

/** Agents whose standing is asked for at a time. */
const ASKED_AT_ONCE = 16

async function boardOf(fabric: FabricOperations, board: string | undefined): Promise<string> {
  const { files } = await fabric.board.export({ format: 'markdown', board })
  return files[0]?.content ?? ''
}
