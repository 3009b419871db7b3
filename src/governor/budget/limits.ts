import type { AccountRow } from '../../model/budget.js'
import type { SwarmRow } from '../../model/swarm.js'
import type { TaskSpec } from '../../model/task.js'
import { EVERY, type GovernorPolicy, type Limit, type WindowLimits } from '../policy/policy.js'
import { ruleOf } from '../policy/rules.js'
import { windowKindOf } from './window.js'

/** What limits depend on. */
export interface LimitSource {
  readonly policy: GovernorPolicy
  swarm(id: string): SwarmRow | undefined
  task(id: string): TaskSpec | undefined
}

const NONE: WindowLimits = {}

/** Limits of the whole fabric, of a board, of a swarm. */
export function fabricLimits({ budgets }: GovernorPolicy): WindowLimits {
  return budgets.fabric
}

export function boardLimits({ budgets: { boards } }: GovernorPolicy, board: string): WindowLimits {
  return (Object.hasOwn(boards, board) ? boards[board] : boards[EVERY]) ?? NONE
}

/** The policy's limits and the profile's, whichever is smaller. */
export function swarmLimits(
  { budgets: { swarms } }: GovernorPolicy,
  id: string,
  profile: Pick<SwarmRow, 'budgetNanos'> | undefined,
): WindowLimits {
  const limits = (Object.hasOwn(swarms, id) ? swarms[id] : swarms[EVERY]) ?? NONE
  const own = profile?.budgetNanos
  if (own === undefined) return limits
  const nanos = Math.min(own, limits.total?.nanos ?? own)
  return { ...limits, total: { ...limits.total, nanos } }
}

/** Most that the claims of a task may cost together, nano-dollars; undefined when nothing bounds it. */
export function taskCap(
  policy: GovernorPolicy,
  { maxCostNanos, requires }: Pick<TaskSpec, 'maxCostNanos' | 'requires'>,
): number | undefined {
  let cap = smaller(policy.maxCostPerTaskNanos, maxCostNanos)
  for (const capability of requires) cap = smaller(cap, ruleOf(policy, capability)?.maxCostNanos)
  return cap
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.min(a, b)
}

/** The limit of an account, with what it was extended by; undefined when it has none. */
export function limitOf(account: AccountRow, source: LimitSource): Limit | undefined {
  const limit = baseLimit(account, source)
  if (limit?.nanos === undefined) return limit
  return { ...limit, nanos: limit.nanos + account.extendedNanos }
}

function baseLimit({ scope, window }: AccountRow, source: LimitSource): Limit | undefined {
  const { policy } = source
  const end = scope.indexOf(':')
  const kind = end < 0 ? scope : scope.slice(0, end)
  const id = scope.slice(end + 1)
  const windowKind = windowKindOf(window)
  switch (kind) {
    case 'fabric':
      return fabricLimits(policy)[windowKind]
    case 'board':
      return boardLimits(policy, id)[windowKind]
    case 'swarm':
      return swarmLimits(policy, id, source.swarm(id))[windowKind]
    case 'task': {
      const task = source.task(id)
      return task === undefined ? undefined : nanosLimit(taskCap(policy, task))
    }
    case 'help':
      return nanosLimit(policy.maxCostPerTaskNanos)
    default:
      return undefined
  }
}

function nanosLimit(nanos: number | undefined): Limit | undefined {
  return nanos === undefined ? undefined : { nanos }
}
