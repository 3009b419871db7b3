import { admits } from '../governor/breaker/breaker.js'
import { type Reservation, reserveForClaim } from '../governor/budget/reserve.js'
import { capabilityMatch, qualify } from '../governor/match.js'
import type { BreakerRow } from '../model/breaker.js'
import { type ErrorCode, type ErrorDetails, FabricError } from '../model/errors.js'
import type { SwarmRow } from '../model/swarm.js'
import { isStuck, type TaskRow } from '../model/task.js'
import { formatTimestamp } from '../model/time.js'
import { taskRow } from './lookup.js'
import type { FabricState } from './state.js'

/** What stands between a swarm and a task, in the order in which it is asked. */
export const ELIGIBILITY_CHECKS = ['module', 'service', 'breaker', 'capabilities', 'capacity', 'budget'] as const
export type EligibilityCheck = (typeof ELIGIBILITY_CHECKS)[number]

/** Why a swarm may not have a task. */
export interface Obstacle {
  readonly code: ErrorCode
  readonly message: string
  readonly details: ErrorDetails
}

type Check = (state: FabricState, task: TaskRow, swarm: SwarmRow, now: number) => Obstacle | undefined

const CHECKS: Readonly<Record<EligibilityCheck, Check>> = {
  module: (state, { id, module, requires }, swarm) => {
    if (module === undefined) return undefined
    const details = { task: id, swarm: swarm.id, module }
    if (module !== swarm.id) {
      const message = `Task ${id} is done by the module of ${module}, which the fabric runs itself. Ask for other work.`
      return { code: 'NOT_ELIGIBLE', message, details }
    }
    const declared = state.chassis.modules.get(module)?.contract.capabilities
    if (declared === undefined) return undefined
    if (capabilityMatch(declared, requires) >= state.governor.policy.minCapabilityMatch) return undefined
    const message = `The contract of the module of ${module} does not declare what ${id} requires: ${requires.join(', ')}. Load one that does.`
    return { code: 'NOT_ELIGIBLE', message, details }
  },
  service: (_state, _task, swarm) =>
    swarm.state === 'active'
      ? undefined
      : {
          code: 'NOT_ELIGIBLE',
          message: `Swarm ${swarm.id} is retired. Register it again to let it work.`,
          details: { swarm: swarm.id },
        },
  breaker: (state, _task, swarm) => breakerObstacle(state, swarm.id),
  capabilities: (state, task, swarm) => {
    const qualification = qualify(swarm, task, state.governor.policy)
    if (qualification.qualified) return undefined
    const { match, reason } = qualification
    const details = {
      task: task.id,
      swarm: swarm.id,
      match,
      requires: task.requires,
      ...(task.tier !== undefined && { tier: task.tier }),
    }
    return { code: 'NOT_ELIGIBLE', message: `${swarm.id} does not qualify for ${task.id}: ${reason}.`, details }
  },
  capacity: (state, _task, swarm) => {
    if (state.held.activeCount(swarm.id) < swarm.capacity) return undefined
    const held = activeClaims(state, swarm.id)
      .map((claimed) => claimed.id)
      .slice(0, 8)
    const message = `${swarm.id} already works on ${held.join(', ')}, its capacity of ${swarm.capacity}. Finish or release one first.`
    return { code: 'NOT_ELIGIBLE', message, details: { swarm: swarm.id, capacity: swarm.capacity, holds: held } }
  },
  budget: (state, task, swarm, now) => {
    const result = reserveForClaim(state.governor.books, state.governor, task, swarm, now)
    return 'shortage' in result ? result.shortage() : undefined
  },
}

/** Throws the first obstacle there is. Whether the task can be claimed by anybody is another question. */
export function requireEligible(state: FabricState, task: TaskRow, swarm: SwarmRow, now: number): Reservation {
  for (const name of ELIGIBILITY_CHECKS) {
    if (name === 'budget') continue
    const obstacle = CHECKS[name](state, task, swarm, now)
    if (obstacle !== undefined) throw asError(obstacle)
  }
  const result = reserveForClaim(state.governor.books, state.governor, task, swarm, now)
  if ('shortage' in result) throw asError(result.shortage())
  return result
}

/** Every check with what it found, for an explanation. */
export function examine(
  state: FabricState,
  task: TaskRow,
  swarm: SwarmRow,
  now: number,
): { readonly check: EligibilityCheck; readonly obstacle?: Obstacle }[] {
  return ELIGIBILITY_CHECKS.map((check) => {
    const obstacle = CHECKS[check](state, task, swarm, now)
    return obstacle === undefined ? { check } : { check, obstacle }
  })
}

/** Whether a swarm that qualifies for a task could claim it now: `examine` without words, for many swarms at once. */
export function couldClaim(state: FabricState, task: TaskRow, swarm: SwarmRow, now: number): boolean {
  const { governor } = state
  return (
    swarm.state === 'active' &&
    admits(governor.breakers.get(swarm.id), governor.policy.breaker) &&
    state.held.activeCount(swarm.id) < swarm.capacity &&
    !('shortage' in reserveForClaim(governor.books, governor, task, swarm, now))
  )
}

/** Throws BREAKER_OPEN unless the breaker of the swarm lets a call through. */
export function requireAdmitted(state: FabricState, swarm: string): void {
  const obstacle = breakerObstacle(state, swarm)
  if (obstacle !== undefined) throw asError(obstacle)
}

function breakerObstacle(state: FabricState, swarm: string): Obstacle | undefined {
  const breaker = state.governor.breakers.get(swarm)
  if (breaker === undefined || admits(breaker, state.governor.policy.breaker)) return undefined
  const until = breaker.opensUntil === undefined ? {} : { opensUntil: formatTimestamp(breaker.opensUntil) }
  const details = { swarm, state: breaker.state, latched: breaker.latched, ...until }
  return { code: 'BREAKER_OPEN', message: `${breakerText(breaker)} ${whatNext(breaker)}`, details }
}

function breakerText({ swarm, state, reason }: BreakerRow): string {
  if (state === 'half_open') return `${swarm} is on probation, and all its trial calls are taken.`
  return `The circuit breaker of ${swarm} is open${reason === undefined ? '' : `: ${reason}`}.`
}

function whatNext({ swarm, state, latched, opensUntil }: BreakerRow): string {
  if (state === 'half_open') return 'Finish what it works on first.'
  if (latched || opensUntil === undefined) {
    return `Only an administrator closes it: ifab governor breaker reset ${swarm} --reason "...".`
  }
  return `It may try again after ${formatTimestamp(opensUntil)}.`
}

/** The claims that `FabricState.activeCount` counts. */
export function activeClaims(state: FabricState, swarm: string): TaskRow[] {
  const active: TaskRow[] = []
  for (const id of state.held.claims.get(swarm)) {
    const task = taskRow(state, id)
    if (!isStuck(task)) active.push(task)
  }
  return active
}

function asError({ code, message, details }: Obstacle): FabricError {
  return new FabricError(code, message, details)
}
