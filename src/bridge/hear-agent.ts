import type { FabricOperations } from '../client/client.js'
import type { SwarmView, TaskView } from '../client/operation-types.js'
import { reasonOf } from '../client/work/end.js'
import { isFabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { applyIntents } from './apply.js'
import { type Intent, type KnownTasks, planIntents } from './intents.js'
import type { AgentMemory } from './memory.js'
import type { AgentSight } from './read-agents.js'
import type { AgentStatus, StatusProblem } from './status/status.js'

export interface Hearing {
  readonly fabric: FabricOperations
  readonly leaseMs: number
  readonly migrated: readonly string[]
}

/** Tells the fabric what is new on the branch of an agent, and answers with what is to be remembered of it. */
export async function hearAgent(
  hearing: Hearing,
  sight: AgentSight,
  before: AgentMemory | undefined,
): Promise<AgentMemory> {
  const { swarm, branch, file, notRead } = sight
  const seen = { branch: branch.name, commit: branch.commit, notRead: [...notRead] }
  const kept = { claims: before?.claims ?? [], outcomes: before?.outcomes ?? [], problems: before?.problems ?? [] }
  if (hearing.migrated.includes(swarm)) return { ...seen, claims: [], outcomes: [], problems: [MIGRATED] }
  if (file === undefined) return { ...seen, claims: kept.claims, outcomes: [], problems: [] }
  const { blob, name, reading } = file
  const known = { ...seen, blob, file: name }
  if (blob === before?.blob) {
    const beats = kept.claims.map(({ task }): Intent => ({ kind: 'beat', task, line: 1 }))
    const { claims, outcomes, problems } = await apply(hearing, { swarm, blob, claims: kept.claims }, new Map(), beats)
    const other = kept.outcomes.filter(({ task }) => !outcomes.some((one) => one.task === task))
    return {
      ...known,
      claims: [...claims],
      outcomes: [...outcomes, ...other],
      problems: fitting([...kept.problems, ...problems]),
    }
  }
  const { status } = reading
  // A file that cannot be read takes nothing back.
  if (status === undefined) return { ...known, ...kept, problems: fitting(reading.problems) }
  const introduced = await introduce(hearing.fabric, sight, status)
  const told = [...reading.problems, ...introduced.problems]
  if (!introduced.mayWork) return { ...known, ...kept, problems: fitting(told) }
  const acknowledged = await acknowledge(hearing.fabric, swarm, status)
  const tasks = await knownTasks(
    hearing.fabric,
    status,
    kept.claims.map(({ task }) => task),
  )
  const plan = planIntents({ status, memory: { claims: kept.claims, commit: branch.commit }, known: tasks })
  const { claims, outcomes, problems } = await apply(hearing, { swarm, blob, claims: kept.claims }, tasks, plan.intents)
  const all = [...told, ...acknowledged, ...plan.problems, ...problems]
  return { ...known, claims: [...claims], outcomes: [...outcomes], problems: fitting(all) }
}

const MIGRATED: StatusProblem = {
  line: 1,
  problem: 'This swarm speaks to the fabric itself by now: its status file is not read. Remove the file.',
}

function apply(
  { fabric, leaseMs }: Hearing,
  about: Pick<AgentMemory, 'claims'> & { readonly swarm: string; readonly blob: string },
  known: KnownTasks,
  intents: readonly Intent[],
) {
  return applyIntents({ fabric, leaseMs, known, ...about }, intents)
}

/** The same problem once, however often it was told. */
function fitting(problems: readonly StatusProblem[]): StatusProblem[] {
  const rows = new Map(problems.map((row) => [`${row.line} ${row.problem}`, { line: row.line, problem: row.problem }]))
  return [...rows.values()].slice(0, LIMITS.statusProblems)
}

interface Introduction {
  readonly mayWork: boolean
  readonly problems: readonly StatusProblem[]
}

/** Registers a swarm that is not known, and tells what is new of one that is. */
async function introduce(fabric: FabricOperations, sight: AgentSight, status: AgentStatus): Promise<Introduction> {
  const { swarm, branch } = sight
  const known = await swarmOf(fabric, swarm)
  if (known?.state === 'retired') {
    return refusedTo(false, `${swarm} is retired. An administrator has to bring it back.`)
  }
  const { capabilities = known?.capabilities ?? [] } = status
  const isOfGit = known === undefined || known.metadata.via === VIA
  const isSame = known !== undefined && known.capabilities.join() === capabilities.join()
  if (isSame && (!isOfGit || known.metadata.branch === branch.name)) return { mayWork: true, problems: [] }
  const metadata = { ...known?.metadata, ...(isOfGit && { branch: branch.name, via: VIA }) }
  // What a swarm may not say of itself stays as it is, and a swarm that is there says it as itself.
  const profile = { swarm, capabilities: [...capabilities], tier: known?.tier, capacity: known?.capacity, metadata }
  try {
    await fabric.swarm.register({ ...profile, ...(known !== undefined && { as: swarm }) })
    return { mayWork: true, problems: [] }
  } catch (error) {
    if (!isFabricError(error) || error.retryable || error.code === 'UNAUTHENTICATED') throw error
    return refusedTo(known !== undefined, `${error.code}: ${error.message}`)
  }
}

function refusedTo(mayWork: boolean, problem: string): Introduction {
  return { mayWork, problems: [{ line: 1, problem: reasonOf(problem) }] }
}

/** Value of `via` in the metadata of swarms that came through git. */
const VIA = 'git'

async function swarmOf(fabric: FabricOperations, swarm: string): Promise<SwarmView | undefined> {
  return orUndefined(fabric.swarm.show({ swarm }).then((detail) => detail.swarm))
}

async function acknowledge(
  fabric: FabricOperations,
  swarm: string,
  { readUpTo }: AgentStatus,
): Promise<StatusProblem[]> {
  if (readUpTo === undefined) return []
  try {
    await fabric.inbox.acknowledge({ swarm, upTo: readUpTo })
    return []
  } catch (error) {
    if (!isFabricError(error, 'INVALID_ARGUMENT')) throw error
    return [{ line: 1, problem: `${error.code}: ${reasonOf(error.message)}` }]
  }
}

async function knownTasks(fabric: FabricOperations, status: AgentStatus, held: readonly string[]): Promise<KnownTasks> {
  const named = [...status.tasks, ...status.completed, ...status.failed, ...status.released].map(({ task }) => task)
  const waited = status.blockers?.flatMap(({ waitsFor }) => waitsFor ?? []) ?? []
  const known = new Map<string, TaskView | undefined>()
  for (const task of new Set([...named, ...held, ...waited])) {
    known.set(task, await orUndefined(fabric.task.show({ task }).then((detail) => detail.task)))
  }
  return known
}

async function orUndefined<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isFabricError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}
