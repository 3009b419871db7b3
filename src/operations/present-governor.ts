import type { BudgetState } from '../coordinator/governor-queries.js'
import type { CallPermit } from '../coordinator/replies.js'
import { failuresIn } from '../governor/breaker/breaker.js'
import type { Limit } from '../governor/policy/policy.js'
import type { BreakerRow } from '../model/breaker.js'
import type { AccountRow } from '../model/budget.js'
import type { EscalationRow } from '../model/escalation.js'
import { formatTimestamp } from '../model/time.js'
import type { BreakerView, BudgetView, EscalationView } from './governor-views.js'

/** Rows of the governor as callers see them: times as RFC 3339 strings. */

export function presentBreaker({
  outcomes,
  openedAt,
  opensUntil,
  probes,
  failedCalls = 0,
  ...row
}: BreakerRow): BreakerView {
  return {
    ...row,
    consecutiveFailures: Math.max(row.consecutiveFailures, failedCalls),
    calls: outcomes.length,
    failures: failuresIn(outcomes),
    probes: probes.map((probe) => ({ ...probe, deadline: formatTimestamp(probe.deadline) })),
    ...(openedAt !== undefined && { openedAt: formatTimestamp(openedAt) }),
    ...(opensUntil !== undefined && { opensUntil: formatTimestamp(opensUntil) }),
  }
}

export function presentPermit({ deadline, ...permit }: CallPermit) {
  return { ...permit, ...(deadline !== undefined && { deadline: formatTimestamp(deadline) }) }
}

export function presentAccount({ frozenAt, ...account }: AccountRow, limit?: Limit): BudgetView {
  return {
    ...account,
    ...(limit !== undefined && { limit }),
    ...(frozenAt !== undefined && { frozenAt: formatTimestamp(frozenAt) }),
  }
}

export function presentBudget({ account, limit }: BudgetState): BudgetView {
  return presentAccount(account, limit)
}

export function presentEscalation({ openedAt, expiresAt, endedAt, ...row }: EscalationRow): EscalationView {
  return {
    ...row,
    openedAt: formatTimestamp(openedAt),
    expiresAt: formatTimestamp(expiresAt),
    ...(endedAt !== undefined && { endedAt: formatTimestamp(endedAt) }),
  }
}
