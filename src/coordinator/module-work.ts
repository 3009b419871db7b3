import { isStuck, type TaskRow } from '../model/task.js'
import { examine } from './eligibility.js'
import { taskRow } from './lookup.js'
import type { FabricState } from './state.js'

/** What the fabric has to do about tasks that name a module. */
export interface ModuleWork {
  /** Tasks to claim now: for each module as many as its swarm has room for, the most urgent first. */
  readonly claims: readonly { readonly task: string; readonly swarm: string }[]
  /** Claims whose module is to run. */
  readonly runs: readonly ModuleClaim[]
}

export interface ModuleClaim {
  readonly task: TaskRow
  readonly swarm: string
  readonly epoch: number
  readonly leaseMs: number
}

/** Tasks of one module that are looked at for one that its swarm can have. */
const LOOKED_AT = 64

/** What is to be done by modules at a moment; a task whose swarm has no module loaded waits for one. */
export function moduleWork(state: FabricState, now: number): ModuleWork {
  const claims: { task: string; swarm: string }[] = []
  const runs: ModuleClaim[] = []
  for (const swarm of state.chassis.modules.keys()) {
    if (state.moduleTasks.get(swarm).size === 0) continue
    for (const id of state.held.claims.get(swarm)) {
      const task = taskRow(state, id)
      if (isToRun(task)) runs.push(runOf(task))
    }
    claims.push(...claimable(state, swarm, now).map((task) => ({ task, swarm })))
  }
  return { claims, runs }
}

type HeldTask = TaskRow & { readonly claim: NonNullable<TaskRow['claim']> }

/**
 * One that is stuck waits for others, one that was stopped has nothing left to spend. A task that was claimed before it
 * named a module is its holder's.
 */
function isToRun(task: TaskRow): task is HeldTask {
  const { claim, module } = task
  return claim !== undefined && claim.swarm === module && claim.stoppedAt === undefined && !isStuck(task)
}

function runOf(task: HeldTask): ModuleClaim {
  const { swarm, epoch, leaseMs } = task.claim
  return { task, swarm, epoch, leaseMs }
}

/** Among many of which none can be had, not all are looked at: each commit may ask. */
function claimable(state: FabricState, swarm: string, now: number): string[] {
  const row = state.swarms.get(swarm)
  const room = (row?.capacity ?? 0) - state.held.activeCount(swarm)
  const found: string[] = []
  if (row === undefined || room <= 0) return found
  let looked = 0
  for (const id of state.moduleTasks.waiting(swarm)) {
    if (found.length >= room || looked >= LOOKED_AT) break
    looked += found.length === 0 ? 1 : 0
    const checks = examine(state, taskRow(state, id), row, now)
    if (checks.every(({ obstacle }) => obstacle === undefined)) found.push(id)
  }
  return found
}
