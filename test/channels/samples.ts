import type { Notice } from '../../src/channels/notice.js'
import type { EscalationRow } from '../../src/model/escalation.js'

export const OPENED_AT = Date.UTC(2026, 0, 31, 8, 30)

export function makeEscalation(change: Partial<EscalationRow> = {}): EscalationRow {
  return {
    id: 'escalation-42',
    kind: 'question',
    state: 'open',
    severity: 'warning',
    asker: 'swarm:claude-1',
    question: 'May I drop the table?',
    context: { table: 'users' },
    options: ['approve', 'deny'],
    task: 'API-1',
    openedAt: OPENED_AT,
    expiresAt: OPENED_AT + 3_600_000,
    ...change,
  }
}

export function makeNotice(change: Partial<EscalationRow> = {}, event: Notice['event'] = 'opened'): Notice {
  return { event, fabric: 'build', escalation: makeEscalation(change) }
}

/** Resolves when `condition` holds; looks after each turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

export function never(): AbortSignal {
  return new AbortController().signal
}

/** What a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('It did not fail.')
    },
    (error: unknown) => error,
  )
}
