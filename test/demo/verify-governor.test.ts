import { describe, expect, test } from 'vitest'

type Stored = {
  readonly type: string
  readonly subject: string
  readonly actor: string
  readonly data: Record<string, unknown>
}
interface Sums {
  readonly nanos: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
}
interface Costs {
  readonly rows: readonly { readonly settled: Sums }[]
  readonly total: { readonly settled: Sums; readonly wastedNanos: number; readonly heldNanos: number }
}
interface VerifyGovernor {
  brokenBooks(events: readonly Stored[], costs: Costs): string[]
  brokenBreakers(events: readonly Stored[]): string[]
  brokenLatch(events: readonly Stored[], swarm: string): string[]
  brokenAnswer(events: readonly Stored[], task: string): string[]
}

const path = new URL('../../examples/demo/verify-governor.mjs', import.meta.url).href
const { brokenBooks, brokenBreakers, brokenLatch, brokenAnswer }: VerifyGovernor = await import(path)

function stored(kind: string, subject: string, data: Record<string, unknown> = {}, actor = 'fabric'): Stored {
  return { type: `infrafabric.governor.${kind}.v1`, subject, actor, data }
}

/** The log without one of its entries, whose place another one takes, so that all others keep theirs. */
function without(log: readonly Stored[], index: number): Stored[] {
  return log.with(index, stored('fabric_started', 'demo'))
}

function used(hold: string, epoch: number, report: string, nanos: number, late = false): Stored {
  const tokens = { inputTokens: 10, outputTokens: 1, cachedTokens: 0 }
  return stored('usage_reported', 'A1', { swarm: 'alice', epoch, hold, report, nanos, ...tokens, late })
}

describe('the books', () => {
  const hold = { amount: { nanos: 100 }, accounts: ['task:A1/total'] }
  const LOG: readonly Stored[] = [
    stored('task_claimed', 'A1', { swarm: 'alice', hold }),
    used('claim-0', 0, 'report-1', 10),
    stored('task_released', 'A1', { swarm: 'alice', epoch: 0, cause: 'lease_expired' }),
    used('claim-0', 0, 'report-2', 5, true),
    stored('task_claimed', 'A1', { swarm: 'bob', hold }),
    stored('help_requested', 'blocker-9', { task: 'A1', swarms: ['carol'], hold }),
    used('blocker-9', 6, 'report-1', 7),
    stored('blocker_resolved', 'blocker-9', { task: 'A1', cause: 'resolved' }),
    used('claim-4', 4, 'report-1', 20),
    stored('task_completed', 'A1', { swarm: 'bob', epoch: 4 }),
  ]
  const settled = { nanos: 42, inputTokens: 40, outputTokens: 4, cachedTokens: 0 }
  const COSTS: Costs = { rows: [{ settled }], total: { settled, wastedNanos: 15, heldNanos: 0 } }

  test('balance', () => {
    expect(brokenBooks(LOG, COSTS)).toEqual([])
  })

  test.each([
    [1, 'nanos: 42 are reported and should be 32'],
    [2, 'entry 3 is called late wrongly'],
    [7, undefined],
    [8, 'nanos: 42 are reported and should be 22'],
    [9, 'the hold claim-4 of A1 is not ended'],
  ])('do not without entry %i', (index, what) => {
    const found = brokenBooks(without(LOG, index), COSTS)
    // The end of the claim ends the help with it: that the blocker was resolved is not a matter of the books.
    if (what === undefined) expect(found).toEqual([])
    else expect(found).toContain(what)
  })

  test('miss the end of a hold for help', () => {
    const open = without(without(LOG, 7), 9)
    expect(brokenBooks(open, COSTS)).toContain('the hold blocker-9 of A1 is not ended')
  })

  test('notice a hold that ends twice', () => {
    const twice = [...LOG, stored('task_released', 'A1', { swarm: 'bob', epoch: 4, cause: 'holder' })]
    expect(brokenBooks(twice, COSTS)).toEqual(['entry 10 ends the hold claim-4 again'])
  })

  test('notice a claim without a hold', () => {
    const free = LOG.with(4, stored('task_claimed', 'A1', { swarm: 'bob' }))
    expect(brokenBooks(free, COSTS)).toEqual(['entry 4 gives work on A1 without a hold'])
  })

  test('notice a report that is booked twice, and one under no hold', () => {
    expect(brokenBooks([...LOG, used('claim-4', 4, 'report-1', 20, true)], COSTS)).toContain(
      'entry 10 books the report claim-4/4/report-1 again',
    )
    expect(brokenBooks(without(LOG, 0), COSTS)).toContain('entry 1 books under the unknown hold claim-0')
  })

  test.each([
    ['less is reported', { total: { ...COSTS.total, settled: { ...settled, nanos: 41 } } }, 'nanos: 41'],
    ['tokens are missing', { total: { ...COSTS.total, settled: { ...settled, outputTokens: 3 } } }, 'outputTokens: 3'],
    ['a row is missing', { rows: [] }, 'nanos of all rows'],
    [
      'waste is not told',
      { total: { ...COSTS.total, wastedNanos: 0 } },
      'wasted nanos: 0 are reported and should be 15',
    ],
    ['something is still held', { total: { ...COSTS.total, heldNanos: 1 } }, 'held nanos: 1'],
  ])('notice when %s', (_what, change, found) => {
    expect(brokenBooks(LOG, { ...COSTS, ...change }).join()).toContain(found)
  })
})

describe('the rules of breakers', () => {
  const LOG: readonly Stored[] = [
    stored('task_claimed', 'A1', { swarm: 'alice' }),
    stored('breaker_opened', 'alice', { latched: true }),
    stored('task_released', 'A1', { swarm: 'alice', epoch: 0 }),
    stored('task_claimed', 'A1', { swarm: 'bob' }),
    stored('breaker_closed', 'alice', { cause: 'administrator', reason: 'mended' }),
    stored('task_claimed', 'A2', { swarm: 'alice' }),
  ]

  test('hold in a log that keeps them', () => {
    expect(brokenBreakers(LOG)).toEqual([])
    const byItself = [
      stored('breaker_opened', 'alice', { latched: false }),
      stored('breaker_half_opened', 'alice'),
      stored('task_claimed', 'A1', { swarm: 'alice' }),
      stored('breaker_closed', 'alice', { cause: 'probes' }),
    ]
    expect(brokenBreakers(byItself)).toEqual([])
  })

  test.each([
    ['task_claimed', { swarm: 'alice' }],
    ['help_requested', { swarms: ['bob', 'alice'] }],
    ['help_accepted', { swarm: 'alice' }],
  ])('are broken by a %s for a swarm whose breaker is open', (kind, data) => {
    const broken = brokenBreakers(LOG.with(3, stored(kind, 'B1', data)))
    expect(broken).toContain('alice gets B1 at 3 while its breaker is open')
  })

  test('are broken by a claim that is not released', () => {
    expect(brokenBreakers(without(LOG, 2).slice(0, 3))).toEqual(['alice keeps A1 while its breaker is open'])
  })

  test.each([
    ['breaker_closed', { cause: 'probes' }],
    ['breaker_closed', { cause: 'administrator' }],
    ['breaker_half_opened', {}],
  ])('are broken by a %s of a latched one: %j', (kind, data) => {
    expect(brokenBreakers(LOG.with(4, stored(kind, 'alice', data)))).toEqual(['the latched breaker of alice ends at 4'])
  })
})

describe('a spent budget', () => {
  const LOG: readonly Stored[] = [
    stored('swarm_registered', 'alice', { budgetNanos: 20 }),
    stored('task_claimed', 'A1', { swarm: 'alice' }),
    used('claim-1', 1, 'report-1', 20),
    stored('breaker_opened', 'alice', { latched: true }),
    stored('task_released', 'A1', { swarm: 'alice', epoch: 1, cause: 'breaker_open' }),
    stored('escalation_opened', 'escalation-5', { kind: 'breaker', swarm: 'alice' }),
    stored('request_refused', 'alice', { swarm: 'alice', code: 'BREAKER_OPEN' }),
    stored('budget_extended', 'swarm:alice/total', { nanos: 5 }),
    stored('breaker_closed', 'alice', { cause: 'administrator', reason: 'mended' }),
    stored('task_completed', 'A2', { swarm: 'alice', epoch: 9 }),
  ]

  test('latches its swarm until a person has looked', () => {
    expect(brokenLatch(LOG, 'alice')).toEqual([])
  })

  test.each([
    [2, 'alice is latched with 0 of 20 spent'],
    [3, 'the breaker of alice is never latched'],
    [4, 'its claim is not released'],
    [5, 'people are not asked'],
    [6, 'its next call is not refused'],
    [7, 'its budget is not extended'],
    [8, 'its breaker is not reset'],
    [9, 'it completes nothing afterwards'],
  ])('without entry %i: %2$s', (index, what) => {
    expect(brokenLatch(without(LOG, index), 'alice')).toEqual([what])
  })

  test('is not mistaken for that of another swarm', () => {
    expect(brokenLatch(LOG, 'bob')).toEqual(['the breaker of bob is never latched'])
  })
})

describe('a question that no swarm can answer', () => {
  const LOG: readonly Stored[] = [
    stored('blocker_raised', 'blocker-0', { task: 'A1', swarm: 'alice', epoch: 7 }),
    stored('help_unavailable', 'blocker-0', { task: 'A1' }),
    stored('escalation_opened', 'escalation-2', { kind: 'help', blocker: 'blocker-0' }),
    stored('escalation_answered', 'escalation-2', { answer: 'three' }, 'admin'),
    stored('blocker_resolved', 'blocker-0', { task: 'A1', cause: 'resolved', by: 'admin' }, 'admin'),
    stored('task_completed', 'A1', { swarm: 'alice', epoch: 7 }),
  ]

  test('is answered by a person, and its holder goes on', () => {
    expect(brokenAnswer(LOG, 'A1')).toEqual([])
  })

  test.each([
    [0, 'no blocker is raised on A1'],
    [1, 'the governor does not say that nobody is there'],
    [2, 'people are not asked'],
    [3, 'no person answers'],
    [4, 'the answer does not resolve it'],
    [5, 'its holder does not complete it'],
  ])('without entry %i: %2$s', (index, what) => {
    expect(brokenAnswer(without(LOG, index), 'A1')).toEqual([what])
  })

  test.each(['fabric', 'swarm:bob'])('is not answered by %s', (actor) => {
    const other = LOG.with(3, stored('escalation_answered', 'escalation-2', { answer: 'three' }, actor))
    expect(brokenAnswer(other, 'A1')).toEqual(['no person answers'])
  })

  test('is not finished under another epoch, nor after help of a swarm', () => {
    const other = LOG.with(5, stored('task_completed', 'A1', { swarm: 'bob', epoch: 9 }))
    expect(brokenAnswer(other, 'A1')).toEqual(['its holder does not complete it'])
    const helped = [...LOG, stored('help_requested', 'blocker-0', { task: 'A1', swarms: ['bob', 'carol'] })]
    expect(brokenAnswer(helped, 'A1')).toEqual(['bob,carol is asked to help'])
  })
})
