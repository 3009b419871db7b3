import { add } from '../governor/budget/amount.js'
import { accountId, openPart } from '../governor/budget/books.js'
import { boardLimits, fabricLimits, limitOf, swarmLimits } from '../governor/budget/limits.js'
import { windowOf } from '../governor/budget/window.js'
import { qualify, reputationOf } from '../governor/match.js'
import { compareScores, scoreNumber, scoreOf } from '../governor/matching/score.js'
import { EVERY, type Limit, type WindowLimits } from '../governor/policy/policy.js'
import type { BreakerRow } from '../model/breaker.js'
import { type AccountRow, type Amount, NOTHING, WINDOW_KINDS } from '../model/budget.js'
import { isFabricError } from '../model/errors.js'
import type { EscalationKind, EscalationRow, EscalationState } from '../model/escalation.js'
import { compareIds } from '../model/ids.js'
import { type EligibilityCheck, examine } from './eligibility.js'
import { requireClaimable, requireSwarm, requireTask } from './lookup.js'
import { type Page, type PageRequest, pageById, pageByPosition } from './queries.js'
import type { FabricState } from './state.js'

/** How a swarm stands to a task: its score, or why it is out. */
export interface Candidacy {
  readonly swarm: string
  readonly eligible: boolean
  readonly match: number
  readonly reputation: number
  readonly costPerHourNanos: number
  /** match x reputation / dollars an hour; absent for a free swarm, which comes before all others. */
  readonly score?: number
  /** What keeps it out first, and why. */
  readonly obstacle?: { readonly check: EligibilityCheck; readonly reason: string }
}

/** Every swarm in service with how it stands to a task: eligible ones best first, then the others by id. */
export function matchTask(state: FabricState, id: string, now: number, page: PageRequest): Page<Candidacy> {
  const task = requireTask(state, id)
  const { policy } = state.governor
  const candidates = [...state.swarms.values()]
    .filter((swarm) => swarm.state === 'active')
    .map((swarm) => {
      const { match } = qualify(swarm, task, policy)
      const score = scoreOf(swarm, match, policy)
      const failed = examine(state, task, swarm, now).find(({ obstacle }) => obstacle !== undefined)
      return { swarm, match, score, failed }
    })
  candidates.sort((a, b) => {
    if ((a.failed === undefined) !== (b.failed === undefined)) return a.failed === undefined ? -1 : 1
    return a.failed === undefined ? compareScores(a.score, b.score) : compareIds(a.swarm.id, b.swarm.id)
  })
  const rows = candidates.map(({ swarm, match, score, failed }): Candidacy => {
    const number = scoreNumber(score)
    return {
      swarm: swarm.id,
      eligible: failed === undefined,
      match,
      reputation: reputationOf(swarm),
      costPerHourNanos: swarm.costPerHourNanos ?? policy.assumedCostPerHourNanos,
      ...(number !== undefined && { score: number }),
      ...(failed?.obstacle && { obstacle: { check: failed.check, reason: failed.obstacle.message } }),
    }
  })
  return pageByPosition(rows, page)
}

export interface Explanation {
  readonly task: string
  readonly swarm: string
  readonly allowed: boolean
  readonly checks: readonly { readonly check: string; readonly passed: boolean; readonly reason?: string }[]
}

/** Each thing that is asked before a claim, with the answer it would get now. */
export function explainClaim(state: FabricState, task: string, swarm: string, now: number): Explanation {
  const row = requireTask(state, task)
  const worker = requireSwarm(state, swarm)
  const claimable = { check: 'task', ...passed(refusalOf(() => requireClaimable(state, row, swarm, now))) }
  const checks = examine(state, row, worker, now).map(({ check, obstacle }) => ({
    check,
    ...passed(obstacle?.message),
  }))
  const all = [claimable, ...checks]
  return { task, swarm, allowed: all.every((one) => one.passed), checks: all }
}

function passed(reason: string | undefined): { passed: boolean; reason?: string } {
  return reason === undefined ? { passed: true } : { passed: false, reason }
}

function refusalOf(require: () => void): string | undefined {
  try {
    require()
    return undefined
  } catch (error) {
    if (isFabricError(error)) return error.message
    throw error
  }
}

export const COST_DIMENSIONS = ['swarm', 'task', 'board', 'model', 'day'] as const
export type CostDimension = (typeof COST_DIMENSIONS)[number]

export interface CostRow {
  readonly name: string
  readonly heldNanos: number
  readonly settled: Amount
  readonly wastedNanos: number
}

export interface CostReport {
  readonly by: CostDimension
  readonly rows: readonly CostRow[]
  readonly nextCursor?: string
  readonly total: CostRow
}

/**
 * What was spent, is held and was wasted, by one dimension. A task's row has what help with it cost; what is held counts
 * for the day of its claim.
 */
export function reportCosts(state: FabricState, by: CostDimension, page: PageRequest): CostReport {
  const rowOf = new Map<string, CostRow>()
  const rowNamed = (name: string) => rowOf.get(name) ?? { name, heldNanos: 0, settled: NOTHING, wastedNanos: 0 }
  for (const account of state.governor.books.accounts.values()) {
    const name = nameIn(account, by)
    if (name === undefined) continue
    const row = rowNamed(name)
    const wastedNanos = row.wastedNanos + account.wastedNanos
    rowOf.set(name, { ...row, settled: add(row.settled, account.settled), wastedNanos })
  }
  for (const [name, heldNanos] of heldBy(state, by)) rowOf.set(name, { ...rowNamed(name), heldNanos })
  const rows = [...rowOf.values()]
  rows.sort((a, b) => compareIds(a.name, b.name))
  const { items, ...rest } = pageByPosition(rows, page)
  const { settled, wastedNanos } = state.governor.books.account('fabric/total')
  let heldNanos = 0
  for (const hold of state.governor.books.holds.values()) heldNanos += openPart(hold).nanos
  return { by, rows: items, ...rest, total: { name: 'total', heldNanos, settled, wastedNanos } }
}

function nameIn({ scope, window }: AccountRow, by: CostDimension): string | undefined {
  if (by === 'day') return scope === 'fabric' && window.startsWith('day:') ? window.slice('day:'.length) : undefined
  if (window !== 'total') return undefined
  if (by === 'task' && scope.startsWith('help:')) return scope.slice('help:'.length)
  return scope.startsWith(`${by}:`) ? scope.slice(by.length + 1) : undefined
}

function heldBy(state: FabricState, by: CostDimension): Map<string, number> {
  const held = new Map<string, number>()
  for (const hold of state.governor.books.holds.values()) {
    const open = openPart(hold).nanos
    const name = by === 'day' ? windowOf('day', hold.at).slice('day:'.length) : by === 'model' ? undefined : hold[by]
    if (name !== undefined && open > 0) held.set(name, (held.get(name) ?? 0) + open)
  }
  return held
}

/** An account with its limit. */
export interface BudgetState {
  readonly account: AccountRow
  readonly limit: Limit
}

/** Accounts with a limit, by id, also where nothing was spent yet. Those of tasks only when they are asked for. */
export function listBudgets(
  state: FabricState,
  { scope, tasks }: { readonly scope?: string; readonly tasks: boolean },
  now: number,
  page: PageRequest,
): Page<BudgetState> {
  const ids = new Set([...state.governor.books.accounts.keys(), ...limitedAccounts(state, now)])
  const found: (BudgetState & { id: string })[] = []
  for (const id of ids) {
    const account = state.governor.books.account(id)
    const ofTask = account.scope.startsWith('task:') || account.scope.startsWith('help:')
    if (scope !== undefined ? account.scope !== scope : ofTask && !tasks) continue
    const limit = limitOf(account, state.governor)
    if (limit !== undefined) found.push({ id, account, limit })
  }
  const { items, ...rest } = pageById(found, page)
  return { items: items.map(({ account, limit }) => ({ account, limit })), ...rest }
}

/** Accounts that the policy and the profiles limit, in the windows of this moment. */
function* limitedAccounts(state: FabricState, now: number): Generator<string> {
  const { policy } = state.governor
  const scopes: [string, WindowLimits][] = [['fabric', fabricLimits(policy)]]
  for (const board of Object.keys(policy.budgets.boards)) {
    if (board !== EVERY) scopes.push([`board:${board}`, boardLimits(policy, board)])
  }
  for (const swarm of state.swarms.values()) {
    if (swarm.state === 'active') scopes.push([`swarm:${swarm.id}`, swarmLimits(policy, swarm.id, swarm)])
  }
  for (const [scope, limits] of scopes) {
    for (const kind of WINDOW_KINDS) if (limits[kind] !== undefined) yield accountId(scope, windowOf(kind, now))
  }
}

/** Breakers that have something to say, by swarm; with `open`, those that are not closed. */
export function listBreakers(
  state: FabricState,
  { open }: { readonly open: boolean },
  page: PageRequest,
): Page<BreakerRow> {
  const rows = [...state.governor.breakers.values()].filter((row) => !open || row.state !== 'closed')
  const { items, ...rest } = pageById(
    rows.map((row) => ({ id: row.swarm, row })),
    page,
  )
  return { items: items.map(({ row }) => row), ...rest }
}

export function showBreaker(state: FabricState, swarm: string): BreakerRow {
  requireSwarm(state, swarm)
  return state.governor.breaker(swarm)
}

/** Questions for people, oldest first. Ended ones only as long as they are remembered. */
export function listEscalations(
  state: FabricState,
  filter: { readonly state?: EscalationState; readonly kind?: EscalationKind },
  page: PageRequest,
): Page<EscalationRow> {
  const { escalations, endedEscalations } = state.governor
  const rows = [...endedEscalations.values(), ...escalations.values()].filter(
    (row) =>
      (filter.state === undefined || row.state === filter.state) &&
      (filter.kind === undefined || row.kind === filter.kind),
  )
  rows.sort((a, b) => a.openedAt - b.openedAt || compareIds(a.id, b.id))
  return pageByPosition(rows, page)
}
