import { type DeadlineKind, taskDeadline } from '../../src/coordinator/deadlines.js'
import type { FabricState } from '../../src/coordinator/state.js'
import type { GovernorPolicy } from '../../src/governor/policy/policy.js'
import type { Probe } from '../../src/model/breaker.js'
import { AMOUNT_FIELDS, type Amount, type HoldRow } from '../../src/model/budget.js'
import type { IdIndex } from '../../src/model/id-index.js'
import { type Claim, isFinished, isStuck, type TaskRow } from '../../src/model/task.js'
import { DAY_MS } from '../../src/model/time.js'

type Groups = Record<string, string[]>

/** The indexes beside the rows, as they are kept and as they follow from the rows; both must be equal. */
export function keptIndexes(state: FabricState): unknown {
  const swarms = [...state.swarms.keys()]
  const tasks = [...new Set([...state.tasks.values()].flatMap((row) => [row.id, ...row.dependencies]))]
  const awaited = [...state.blockers.values()].flatMap(({ waitsFor }) => waitsFor ?? [])
  return {
    counts: state.counts,
    stuck: state.stuck,
    openBlockers: state.openBlockers,
    ready: [...state.claimable()]
      .flatMap(({ kind, requires, tier, ranks }) =>
        [...ranks.items()].map((rank) => ({ kind, requires, tier, ...rank })),
      )
      .sort((a, b) => (a.task < b.task ? -1 : 1)),
    readySize: state.ready.size,
    dependents: groupsOf(state.dependents, tasks),
    claims: groupsOf(state.held.claims, swarms),
    active: Object.fromEntries(state.held.active),
    freed: groupsOf(state.held.freed, swarms),
    moduleTasks: Object.fromEntries(
      swarms.flatMap((swarm) => {
        const ids = [...state.moduleTasks.get(swarm)].sort()
        return ids.length === 0 ? [] : [[swarm, ids]]
      }),
    ),
    modulesWait: Object.fromEntries(
      swarms.flatMap((swarm) => {
        const ids = [...state.moduleTasks.waiting(swarm)]
        return ids.length === 0 ? [] : [[swarm, ids]]
      }),
    ),
    owned: Object.fromEntries(
      swarms.flatMap((swarm) => {
        const ids = [...state.claimable(swarm)].flatMap(({ ranks }) => [...ranks.items()].map(({ task }) => task))
        return ids.length === 0 ? [] : [[swarm, ids.sort()]]
      }),
    ),
    helping: groupsOf(state.helping, swarms),
    waitedFor: groupsOf(state.waitedFor, awaited),
    blockersOf: groupsOf(state.blockersOf, tasks),
    criticalPath: Object.fromEntries([...state.tasks.keys()].map((id) => [id, state.criticalPathMinutes(id)])),
    deadlines: [...state.deadlines.items()]
      .filter(({ kind }) => kind === 'task')
      .map(({ id }) => id)
      .sort(),
    waiting: [...state.tasks.values()].map((row) => [row.id, row.openDependencies, isFinished(row) ? '' : row.state]),
    renewed: [...state.renewals.keys()].filter((id) => state.tasks.get(id)?.claim === undefined),
    held: heldOf([...state.governor.books.accounts.values()].map(({ id, held }) => [id, held] as const)),
    helpDeadlines: deadlinesOf(state, 'help').map(({ id }) => id),
    breakerDeadlines: deadlinesOf(state, 'breaker'),
    escalationDeadlines: deadlinesOf(state, 'escalation'),
    reputationDeadlines: deadlinesOf(state, 'reputation'),
    measured: [...state.swarms.values()].map(({ id, measuredReputation }) => [id, measuredReputation]),
    helpRenewed: [...state.helpRenewals.keys()].filter(
      (key) => (state.blockers.get(key.split('/')[0] ?? '')?.state ?? 'resolved') === 'resolved',
    ),
    liveHolds: [...state.governor.books.holds.keys()].sort(),
    heldByBudget: claimHolds(state)
      .filter(({ swarm, accounts }) => accounts.includes(`swarm:${swarm}/total`))
      .map(({ id }) => id),
  }
}

export function recomputedIndexes(state: FabricState): unknown {
  const rows = [...state.tasks.values()]
  const blockers = [...state.blockers.values()]
  const open = blockers.filter((blocker) => blocker.state !== 'resolved')
  const held = rows.flatMap((row) => (row.claim === undefined ? [] : [{ row, claim: row.claim }]))
  const active = held.filter(({ row }) => !isStuck(row))
  const ready = rows.filter(
    (row) =>
      row.state === 'available' &&
      !row.external &&
      row.module === undefined &&
      row.notBefore === undefined &&
      !isSpent(state, row),
  )
  const { books, breakers, escalations, policy } = state.governor
  const holds = [...books.holds.values()]
  const criticalPath = criticalPaths(rows)
  return {
    counts: countBy(
      Object.keys(state.counts),
      rows.map((row) => row.state),
    ),
    stuck: rows.filter(isStuck).length,
    openBlockers: open.length,
    ready: ready
      .map(({ id, kind, requires, tier, priority, createdIndex }) => ({
        kind,
        requires: [...new Set(requires)].sort(),
        tier,
        task: id,
        priority,
        criticalPathMinutes: criticalPath[id],
        age: createdIndex,
      }))
      .sort((a, b) => (a.task < b.task ? -1 : 1)),
    readySize: ready.length,
    dependents: group(rows.flatMap((row) => row.dependencies.map((dependency) => [dependency, row.id] as const))),
    claims: group(held.map(({ row, claim }) => [claim.swarm, row.id] as const)),
    active: Object.fromEntries(
      Object.entries(group(active.map(({ row, claim }) => [claim.swarm, row.id] as const))).map(([swarm, ids]) => [
        swarm,
        ids.length,
      ]),
    ),
    freed: group(
      active.flatMap(({ row, claim }) => (claim.freedAt === undefined ? [] : [[claim.swarm, row.id] as const])),
    ),
    modulesWait: Object.fromEntries(
      Object.entries(
        group(
          rows
            .filter(({ state, notBefore }) => state === 'available' && notBefore === undefined)
            .flatMap((row) => (row.module === undefined ? [] : [[row.module, row.id] as const])),
        ),
      ).map(([module, ids]) => [module, ids.sort((a, b) => byUrgency(rows, a, b))]),
    ),
    moduleTasks: group(
      rows
        .filter(({ state, notBefore }) => state === 'claimed' || (state === 'available' && notBefore === undefined))
        .flatMap((row) => (row.module === undefined ? [] : [[row.module, row.id] as const])),
    ),
    owned: group(ready.flatMap((row) => (row.owner === undefined ? [] : [[row.owner, row.id] as const]))),
    helping: group(
      open.flatMap(({ id, helpers }) =>
        helpers.filter((helper) => helper.state !== 'declined').map(({ swarm }) => [swarm, id] as const),
      ),
    ),
    waitedFor: group(open.flatMap(({ id, waitsFor }) => (waitsFor === undefined ? [] : [[waitsFor, id] as const]))),
    blockersOf: group(blockers.map(({ id, task }) => [task, id] as const)),
    criticalPath,
    deadlines: rows
      .filter(
        (row) =>
          taskDeadline(row, {
            heard: state.lastHeard(row),
            awaited:
              rows.some((other) => other.dependencies.includes(row.id)) ||
              open.some(({ waitsFor }) => waitsFor === row.id),
            timing: state.timing,
          }) !== undefined,
      )
      .map(({ id }) => id)
      .sort(),
    waiting: rows.map((row) => {
      const open = row.dependencies.filter((id) => !state.isCompleted(id)).length
      const unclaimed = open > 0 || row.external ? 'blocked' : 'available'
      return [row.id, open, isFinished(row) ? '' : row.claim === undefined ? unclaimed : 'claimed']
    }),
    renewed: [],
    held: heldOf(holds.flatMap((hold) => hold.accounts.map((id) => [id, openPartOf(hold)] as const))),
    helpDeadlines: open
      .filter(
        ({ replanAt, helpers }) =>
          replanAt !== undefined || helpers.some(({ state, since }) => state !== 'declined' && since !== undefined),
      )
      .map(({ id }) => id)
      .sort(),
    breakerDeadlines: [...breakers.values()]
      .flatMap(({ swarm, state: status, latched, opensUntil, probes }) => {
        const unanswered = probes
          .filter(({ succeeded }) => !succeeded)
          .map((probe) => probeDeadline(held, policy, probe))
        if (status === 'open' && !latched && opensUntil !== undefined) return [{ id: swarm, at: opensUntil }]
        const first = Math.min(...unanswered)
        return status === 'half_open' && first < Number.POSITIVE_INFINITY ? [{ id: swarm, at: first }] : []
      })
      .sort(byId),
    escalationDeadlines: [...escalations.values()].map(({ id, expiresAt }) => ({ id, at: expiresAt })).sort(byId),
    reputationDeadlines: [...state.chassis.serviceLevels.values()]
      .filter(({ reputation }) => reputation < 1)
      .map(({ swarm, judgedAt }) => ({ id: swarm, at: judgedAt + DAY_MS }))
      .sort(byId),
    measured: [...state.swarms.keys()].map((id) => {
      const reputation = state.chassis.serviceLevels.get(id)?.reputation
      return [id, reputation === 1 ? undefined : reputation]
    }),
    helpRenewed: [],
    liveHolds: holds
      .filter((hold) => isHeld(state, hold))
      .map(({ id }) => id)
      .sort(),
    heldByBudget: claimHolds(state)
      .filter(({ swarm }) => hasBudget(state, swarm))
      .map(({ id }) => id),
  }
}

/** A claim on probation that is stuck has no deadline, and all of its time again once it is free. */
function probeDeadline(
  held: readonly { readonly row: TaskRow; readonly claim: Claim }[],
  { breaker }: GovernorPolicy,
  { id, deadline }: Probe,
): number {
  const onProbation = held.find(({ claim }) => claim.epoch === id)
  if (onProbation === undefined) return deadline
  if (isStuck(onProbation.row)) return Number.POSITIVE_INFINITY
  const { freedAt } = onProbation.claim
  return freedAt === undefined ? deadline : Math.max(deadline, freedAt + breaker.probeMs)
}

/** Those that are held somewhere, by id. */
function claimHolds(state: FabricState): HoldRow[] {
  const holds = [...state.governor.books.holds.values()]
  return holds.filter(({ kind, accounts }) => kind === 'claim' && accounts.length > 0).sort(byId)
}

/** Whether the profile or the policy limits what a swarm may spend altogether. */
function hasBudget({ swarms, governor }: FabricState, swarm: string): boolean {
  const { swarms: limits } = governor.policy.budgets
  return swarms.get(swarm)?.budgetNanos !== undefined || (limits[swarm] ?? limits['*'])?.total !== undefined
}

function byUrgency(rows: readonly TaskRow[], a: string, b: string): number {
  const [first, second] = [a, b].map((id) => rows.find((row) => row.id === id))
  if (first === undefined || second === undefined) return 0
  return second.priority - first.priority || first.createdIndex - second.createdIndex
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1
}

function deadlinesOf(state: FabricState, wanted: DeadlineKind): { id: string; at: number }[] {
  const found = [...state.deadlines.items()].filter(({ kind }) => kind === wanted)
  return found.map(({ id, at }) => ({ id, at })).sort(byId)
}

/** Sums by account, without the empty ones. */
function heldOf(parts: readonly (readonly [string, Amount])[]): Record<string, number[]> {
  const sums = new Map<string, number[]>()
  for (const [id, amount] of parts) {
    const before = sums.get(id) ?? AMOUNT_FIELDS.map(() => 0)
    sums.set(
      id,
      AMOUNT_FIELDS.map((field, position) => (before[position] ?? 0) + amount[field]),
    )
  }
  return Object.fromEntries([...sums].filter(([, sum]) => sum.some((value) => value !== 0)))
}

function openPartOf({ amount, settled }: HoldRow): Amount {
  const rest = (field: (typeof AMOUNT_FIELDS)[number]) => Math.max(0, amount[field] - settled[field])
  return {
    nanos: rest('nanos'),
    inputTokens: rest('inputTokens'),
    outputTokens: rest('outputTokens'),
    cachedTokens: rest('cachedTokens'),
  }
}

/** A hold lives as long as its claim, or an open blocker whose helpers spend from it. */
function isHeld(state: FabricState, { id, kind, task, epoch }: HoldRow): boolean {
  if (kind === 'claim') return state.tasks.get(task)?.claim?.epoch === epoch
  return [...state.blockers.values()].some((blocker) => blocker.state !== 'resolved' && blocker.hold === id)
}

/** Nothing is left that the task may cost, so nobody can claim it. */
function isSpent(state: FabricState, { id, maxCostNanos, requires }: TaskRow): boolean {
  const { policy, books } = state.governor
  if ((maxCostNanos ?? 0) > (policy.maxCostPerTaskNanos ?? Number.POSITIVE_INFINITY)) return true
  const account = books.accounts.get(`task:${id}/total`)
  if (account === undefined) return false
  const rules = requires.map(
    (name) => policy.capabilityRules[name] ?? policy.capabilityRules[`${name.split(':')[0]}:*`],
  )
  const caps = [policy.maxCostPerTaskNanos, maxCostNanos, ...rules.map((rule) => rule?.maxCostNanos)]
  const cap = Math.min(...caps.map((nanos) => nanos ?? Number.POSITIVE_INFINITY))
  if (cap === Number.POSITIVE_INFINITY) return false
  return account.frozenAt !== undefined || cap + account.extendedNanos - account.settled.nanos - account.held.nanos <= 0
}

function groupsOf(index: IdIndex, keys: readonly string[]): Groups {
  const entries = [...new Set(keys)].map((key) => [key, [...index.get(key)].sort()] as const)
  return Object.fromEntries(entries.filter(([, ids]) => ids.length > 0))
}

function group(pairs: readonly (readonly [string, string])[]): Groups {
  const groups = new Map<string, Set<string>>()
  for (const [key, id] of pairs) groups.set(key, (groups.get(key) ?? new Set()).add(id))
  return Object.fromEntries([...groups].map(([key, ids]) => [key, [...ids].sort()]))
}

function countBy(keys: readonly string[], values: readonly string[]): Record<string, number> {
  return Object.fromEntries(keys.map((key) => [key, values.filter((value) => value === key).length]))
}

/** Longest way from the start of each unfinished task to the end of the graph. */
function criticalPaths(rows: readonly TaskRow[]): Record<string, number> {
  const dependents = new Map<string, TaskRow[]>()
  for (const row of rows) {
    for (const dependency of row.dependencies) {
      const known = dependents.get(dependency)
      if (known === undefined) dependents.set(dependency, [row])
      else known.push(row)
    }
  }
  const paths = new Map<string, number>()
  const pathOf = (row: TaskRow): number => {
    const known = paths.get(row.id)
    if (known !== undefined) return known
    const behind = (dependents.get(row.id) ?? []).map(pathOf)
    const path = isFinished(row) ? 0 : (row.estimateMinutes ?? 0) + Math.max(0, ...behind)
    paths.set(row.id, path)
    return path
  }
  return Object.fromEntries(rows.map((row) => [row.id, pathOf(row)]))
}
