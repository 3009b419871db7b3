import { expect } from 'vitest'
import { Ledger, type LedgerEntry } from '../../governor/ledger.js'
import { Audit } from '../../simulation/audit.js'
import {
  type LoggedEvent,
  nameOf,
  requireAcknowledged,
  requireAsked,
  requireGrowingEpochs,
  requireOneHolder,
} from '../../support/claim-invariants.js'
import { requireLinearizableClaims } from '../../support/claim-register.js'
import type { Attempt } from '../../support/history.js'
import type { Cluster } from './cluster.js'
import { LEASE_MS } from './workload.js'

export interface Verdict {
  readonly attempts: number
  readonly answered: number
  /** Attempts of which nobody knows the outcome, by why. */
  readonly open: Readonly<Record<string, number>>
  readonly grants: number
  readonly refusals: Readonly<Record<string, number>>
  readonly entries: number
  readonly terms: number
  /** The longest time in which nobody was granted, or refused, anything, milliseconds. */
  readonly longestSilenceMs: number
}

export interface JudgeOptions {
  /** Leases may end early: the clock of a node was set forward. */
  readonly anyLease?: boolean
}

/** Holds all that callers heard against each other and against the log, once all nodes are well again. Throws what is wrong. */
export async function judge(
  cluster: Cluster,
  attempts: readonly Attempt[],
  { anyLease = false }: JudgeOptions = {},
): Promise<Verdict> {
  await cluster.settle()
  const logs = await Promise.all(cluster.nodes.map((node) => node.log()))
  const size = Math.min(...logs.map(({ length }) => length))
  const log = logs[0] ?? []
  for (const other of logs) expect(other.slice(0, size)).toEqual(log.slice(0, size))
  const leaseMs = anyLease ? 0 : LEASE_MS
  requireLinearizableClaims(attempts, { leaseMs })
  requireOneHolder(attempts, leaseMs)
  requireGrowingEpochs(attempts)
  requireAcknowledged(attempts, log)
  requireAsked(attempts, log)
  requireOwnWrites(attempts)
  requireRules(attempts)
  const audit = new Audit()
  log.forEach((event, index) => {
    audit.read({ index, bytes: Buffer.from(JSON.stringify(event)) })
  })
  audit.between()
  await requireBooks(cluster)
  return verdictOf(attempts, log)
}

/** What the rules of the fabric refuse to these workers; anything else is a fault, and what may be tried again is no answer. */
const RULES = new Set(['ALREADY_CLAIMED', 'STALE_CLAIM', 'WRONG_STATE', 'BUDGET_EXCEEDED'])

/** Nobody is refused for a reason that the fault made. */
function requireRules(attempts: readonly Attempt[]): void {
  const strange = attempts.find(({ answer }) => answer?.code !== undefined && !RULES.has(answer.code))
  if (strange !== undefined) throw new Error(`This was refused because of the fault: ${JSON.stringify(strange)}`)
}

/** A node shows nothing older than what its caller was told before. */
function requireOwnWrites(attempts: readonly Attempt[]): void {
  for (const attempt of attempts) {
    const { seen, answer } = attempt
    if (seen === undefined || answer?.position === undefined || answer.position >= seen) continue
    throw new Error(`A node answered from a state that is older than its caller knew: ${JSON.stringify(attempt)}`)
  }
}

/** All nodes have the same budgets, which are those that the log alone tells, and none has more in it than its limit. */
async function requireBooks(cluster: Cluster): Promise<void> {
  const { items, log } = await cluster.until('all nodes have the same budgets', () => booksOf(cluster))
  expect(items.length, 'budgets').toBeGreaterThan(0)
  const ledger = new Ledger()
  log.forEach((event, index) => {
    ledger.read({ ...event, type: nameOf(event), at: Date.parse(event.time), index } as unknown as LedgerEntry)
  })
  for (const { id, limit, settled, held } of items) {
    const told = { id, settled: ledger.accounts.get(id)?.settled.nanos ?? 0, held: ledger.held(id).nanos }
    expect({ id, settled: settled.nanos, held: held.nanos }).toEqual(told)
    // What was spent is booked in full, also beyond a limit; what is held never takes it there.
    const most = limit?.nanos ?? Number.POSITIVE_INFINITY
    if (held.nanos > 0) expect(settled.nanos + held.nanos, `in ${id}`).toBeLessThanOrEqual(most)
  }
}

/** The budgets and the log to which they belong; undefined while nodes differ, or a lease has just ended. */
async function booksOf(cluster: Cluster) {
  const all = await Promise.all(
    cluster.nodes.map(async (node) => {
      const admin = await node.admin()
      const [before, { items }, log] = [await node.log(), await admin.cost.budget({ limit: 1_000 }), await node.log()]
      return before.length === log.length ? { items, log } : undefined
    }),
  )
  const [first] = all
  const texts = new Set(all.map((one) => JSON.stringify(one?.items)))
  return texts.size === 1 ? first : undefined
}

function verdictOf(attempts: readonly Attempt[], log: readonly LoggedEvent[]): Verdict {
  const answers = attempts.flatMap(({ answer, endedAt, verb }) =>
    answer === undefined ? [] : [{ ...answer, verb, endedAt }],
  )
  const times = answers
    .filter(({ verb }) => verb !== 'show')
    .map(({ endedAt }) => endedAt)
    .sort((a, b) => a - b)
  const silences = times.map((at, index) => at - (times[index - 1] ?? at))
  return {
    attempts: attempts.length,
    answered: answers.length,
    open: countBy(attempts.flatMap(({ open }) => (open === undefined ? [] : [open]))),
    grants: answers.filter(({ verb, code }) => verb === 'claim' && code === undefined).length,
    refusals: countBy(answers.flatMap(({ code }) => (code === undefined ? [] : [code]))),
    entries: log.length,
    terms: log.filter((event) => nameOf(event) === 'fabric_started').length,
    longestSilenceMs: Math.round(Math.max(0, ...silences)),
  }
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
