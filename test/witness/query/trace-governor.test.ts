import { describe, expect, test } from 'vitest'
import { NANOS_PER_DOLLAR } from '../../../src/model/money.js'
import { traceOf } from '../../../src/witness/query/trace.js'
import { askOf, drawn, type History, type MadeEntry, makeHistory } from './trace-history.js'

/** Reports that a claim spent so many cents. */
async function spend({ send }: History, swarm: string, epoch: number, cents: number): Promise<void> {
  const usage = { id: `turn-${cents}`, costNanos: (cents * NANOS_PER_DOLLAR) / 100 }
  await send({ type: 'report_usage', task: 'A', epoch, usage }, `swarm:${swarm}`)
}

describe('the trace of a task', () => {
  test('has under its claim what that spent, how it was stopped, and why it went on', async () => {
    await using history = await makeHistory()
    await history.register('ada')
    await history.create('A', { maxCostNanos: NANOS_PER_DOLLAR })
    const epoch = await history.claim('A', 'ada')
    await spend(history, 'ada', epoch, 85)
    await spend(history, 'ada', epoch, 15)
    expect((await history.trace('A')).root.text).toBe('A "Task A": claimed by ada under epoch 5, stopped')
    const extension = { account: 'task:A/total', nanos: NANOS_PER_DOLLAR, reason: 'worth it' }
    await history.send({ type: 'extend_budget', ...extension })
    expect((await history.trace('A')).root.text).toBe('A "Task A": claimed by ada under epoch 5')
    await history.complete('A', 'ada', epoch)
    await spend(history, 'ada', epoch, 120)
    expect(await history.tree('A')).toEqual([
      'A "Task A": completed by ada under epoch 5',
      '├─ #4 00:00 admin created "Task A"',
      '└─ #5 00:00 swarm:ada claimed by ada under epoch 5, attempt 1, lease 30m, holds $1.00',
      '   ├─ #6 00:00 swarm:ada ada spent $0.85, report turn-85',
      '   ├─ #7 00:00 swarm:ada ada warned: $0.85 of $1.00 are spent',
      '   ├─ #8 00:00 swarm:ada ada spent $0.15, report turn-15',
      '   ├─ #9 00:00 swarm:ada claim of ada stopped: "it has spent $1.00, all that was held for it"',
      '   ├─ #10 00:00 swarm:ada escalation-10: people asked (budget, warning) until 2026-01-02T00:00:00.000Z: "ada has spent all that A may cost. May it spend more?", to be answered with keep-stopped',
      '   │  └─ #13 00:00 admin answered with extended: "worth it"',
      '   ├─ #11 00:00 admin budget "task:A/total" extended by $1.00: "worth it"',
      '   ├─ #12 00:00 admin claim of ada goes on',
      '   ├─ #14 00:00 swarm:ada completed by ada under epoch 5',
      '   ├─ #15 00:00 swarm:ada ada spent $1.20, report turn-120, after the end of its hold',
      '   ├─ #16 00:00 swarm:ada budget "task:A/total" FROZEN, overdrawn by ada: $2.20 spent, $0.00 held',
      '   └─ #17 00:00 swarm:ada escalation-17: people asked (budget, critical) until 2026-01-02T00:00:00.000Z: "ada spent more on A than was held for it. May more be spent?", to be answered with keep-stopped',
    ])
  })

  test('has a question about a blocker under it, the answer under the question, and what a helper spent', async () => {
    await using history = await makeHistory()
    const { send } = history
    await history.register('ada')
    await history.create('A')
    const epoch = await history.claim('A', 'ada')
    const raised = { type: 'raise_blocker', task: 'A', epoch, needs: 'eyes', requires: [] } as const
    await send({ ...raised, kind: 'help' }, 'swarm:ada')
    await send({ type: 'answer_escalation', escalation: 'escalation-8', answer: 'a comma' })
    await history.register('bob')
    await send({ ...raised, kind: 'help' }, 'swarm:ada')
    await send({ type: 'answer_help', blocker: 'blocker-12', swarm: 'bob', accept: true }, 'swarm:bob')
    await spend(history, 'bob', 14, 20)
    expect((await history.tree('A')).slice(2)).toEqual([
      '└─ #5 00:00 swarm:ada claimed by ada under epoch 5, attempt 1, lease 30m, holds $10.00',
      '   ├─ #6 00:00 swarm:ada blocker-6: stuck (help): "eyes"',
      '   │  ├─ #7 00:00 swarm:ada help is not to be had: "No help was found: nobody who could is there"',
      '   │  ├─ #8 00:00 swarm:ada escalation-8: people asked (help, warning) until 2026-01-02T00:00:00.000Z: "ada is stuck on A: eyes"',
      '   │  │  └─ #9 00:00 admin answered: "a comma"',
      '   │  └─ #10 00:00 admin resolved by admin: "a comma"',
      '   └─ #12 00:00 swarm:ada blocker-12: stuck (help): "eyes"',
      '      ├─ #13 00:00 swarm:ada help asked of bob, holds $10.00',
      '      └─ #14 00:00 swarm:bob bob helps, under epoch 14',
      '         └─ #15 00:00 swarm:bob bob spent $0.20, report turn-20',
    ])
  })

  test('has an extension of its budget that no claim was there to use', async () => {
    await using history = await makeHistory()
    await history.create('A', { maxCostNanos: NANOS_PER_DOLLAR })
    const extension = { account: 'task:A/total', nanos: NANOS_PER_DOLLAR, reason: 'it is large' }
    await history.send({ type: 'extend_budget', ...extension })
    const line = '└─ #4 00:00 admin budget "task:A/total" extended by $1.00: "it is large"'
    expect((await history.tree('A')).at(-1)).toBe(line)
  })

  test('of which others wait counts the answers to its questions with what it does not show', async () => {
    await using history = await makeHistory()
    await history.create('A')
    await history.create('B', { dependencies: ['A'] })
    await askAbout(history, 'A')
    await history.send({ type: 'answer_escalation', escalation: 'escalation-5', answer: 'yes' }, 'person:bob')
    expect(await history.tree('B')).toContain('      └─ 2 more in the trace of A')
  })
})

function askAbout({ send }: History, task: string) {
  const question = { severity: 'info', question: 'Shall it be done?', context: {}, options: [] } as const
  return send({ type: 'ask_human', task, ...question })
}

describe('the trace of a swarm', () => {
  test('has its breaker, its grants, and what it asked people with what became of it', async () => {
    await using history = await makeHistory()
    const { send } = history
    await history.register('ada')
    await history.create('A')
    await send({ type: 'grant_capabilities', swarm: 'ada', capabilities: ['deploy:production'] })
    await history.claim('A', 'ada')
    await send({ type: 'trip_breaker', swarm: 'ada', cause: 'administrator', reason: 'odd' })
    await send({ type: 'reset_breaker', swarm: 'ada', reason: 'mended' })
    const approval = { severity: 'warning', question: 'May it?', context: {}, options: [], approvalOf: 'ab12' } as const
    const { id: escalation } = await send({ type: 'ask_human', swarm: 'ada', ...approval }, 'swarm:ada')
    const notice = { channel: 'ops', event: 'opened', delivered: true, attempts: 1 } as const
    await send({ type: 'record_notice', escalation, notice })
    await send({ type: 'answer_escalation', escalation, option: 'approve' })
    await send({ type: 'take_approval', escalation, digest: 'ab12', swarm: 'ada' }, 'swarm:ada')
    expect(await history.tree('ada')).toEqual([
      'swarm ada: active, 1 claim',
      '├─ #3 00:00 admin registered, capacity 1',
      '├─ #5 00:00 admin granted deploy:production',
      '├─ #6 00:00 swarm:ada A: claimed by ada under epoch 6, attempt 1, lease 30m, holds $10.00',
      '│  └─ #8 00:00 admin lost: the circuit breaker of its holder opened',
      '├─ #7 00:00 admin circuit breaker opened (administrator), latched: "odd"',
      '├─ #9 00:00 admin escalation-9: people asked (breaker, warning) until 2026-01-02T00:00:00.000Z: "The circuit breaker of ada is latched: odd. May it work again?", to be answered with keep-stopped',
      '├─ #10 00:00 admin circuit breaker closed by an administrator: "mended"',
      '└─ #11 00:00 swarm:ada escalation-11: people asked (approval, warning) until 2026-01-02T00:00:00.000Z: "May it?", to be answered with approve, deny',
      '   ├─ #12 00:00 admin people told over ops that it is opened, 1 attempt',
      '   ├─ #13 00:00 admin answered with approve',
      '   └─ #14 00:00 swarm:ada approval used for ab12',
    ])
  })
})

test('a trace says of how many questions it does not know what became', async () => {
  const asked = (id: number): MadeEntry[] => [
    { name: 'escalation_opened', subject: `escalation-${id}`, data: { task: 'A', expiresAt: 0 } },
    { name: 'escalation_expired', subject: `escalation-${id}` },
  ]
  const log = [{ name: 'task_created', subject: 'A' }, ...Array.from({ length: 258 }, (_, id) => asked(id)).flat()]
  const trace = await traceOf(askOf(log), 'A')
  expect(trace.complete).toBe(false)
  const lines = drawn(trace)
  expect(lines.filter((line) => line.endsWith('expired'))).toHaveLength(256)
  expect(lines.at(-1)).toBe('└─ not shown: what became of 2 questions for people, there are too many')
})
