import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  grantOf,
  type LoggedEvent,
  requireAcknowledged,
  requireAsked,
  requireGrowingEpochs,
  requireOneHolder,
} from './claim-invariants.js'
import { requireLinearizableClaims } from './claim-register.js'
import type { Answer, Attempt, Verb } from './history.js'
import { SimulatedClaims } from './simulated-claims.js'

const LEASE_MS = 1_000
const UNKNOWN = undefined

/** One attempt of a swarm on the task `t`; `from` and `until` are milliseconds. */
function said(
  swarm: string,
  verb: Verb,
  [sentAt, endedAt]: readonly [number, number],
  answer: Answer | undefined,
  epoch?: number,
): Attempt {
  return {
    ...{ client: swarm, node: 'n1', verb, task: 't', swarm, sentAt, endedAt },
    ...(epoch !== undefined && { epoch }),
    ...(answer !== undefined && { answer }),
  }
}

function isLinearizable(...attempts: readonly Attempt[]): boolean {
  try {
    requireLinearizableClaims(attempts, { leaseMs: LEASE_MS })
    return true
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('No order')) return false
    throw error
  }
}

const granted = (epoch: number): Answer => ({ epoch })
const done: Answer = { state: 'available' }

describe('a history of claims is that of one register', () => {
  test('when words follow each other as they should', () => {
    expect(
      isLinearizable(
        said('a', 'claim', [0, 1], granted(3)),
        said('b', 'claim', [2, 3], { code: 'ALREADY_CLAIMED', swarm: 'a', epoch: 3 }),
        said('a', 'heartbeat', [4, 5], {}, 3),
        said('a', 'release', [6, 7], done, 3),
        said('b', 'claim', [8, 9], granted(7)),
        said('b', 'complete', [10, 11], { state: 'completed' }, 7),
        said('b', 'complete', [12, 13], { state: 'completed' }, 7),
        said('a', 'claim', [14, 15], { code: 'WRONG_STATE' }),
      ),
    ).toBe(true)
  })

  test('when words at the same time have outcomes in some order', () => {
    expect(
      isLinearizable(
        said('a', 'claim', [0, 10], { code: 'ALREADY_CLAIMED', swarm: 'b', epoch: 4 }),
        said('b', 'claim', [1, 9], granted(4)),
        said('b', 'release', [10, 20], done, 4),
        said('c', 'claim', [11, 19], granted(6)),
      ),
    ).toBe(true)
  })

  test('when a word without an answer was done, then or later, or never', () => {
    const lost = said('a', 'claim', [0, 1], UNKNOWN)
    expect(isLinearizable(lost, said('b', 'claim', [2, 3], granted(5)))).toBe(true)
    const elsewhere: Answer = { code: 'ALREADY_CLAIMED', swarm: 'a', epoch: 4 }
    expect(isLinearizable(lost, said('b', 'claim', [2, 3], elsewhere))).toBe(true)
    expect(isLinearizable(lost, said('a', 'claim', [2, 3], granted(4)), said('b', 'claim', [4, 5], elsewhere))).toBe(
      true,
    )
    const late = [said('b', 'claim', [2, 3], granted(3)), said('b', 'release', [4, 5], done, 3)]
    expect(isLinearizable(lost, ...late, said('b', 'claim', [6, 7], elsewhere))).toBe(true)
    const gone = said('b', 'release', [4, 5], UNKNOWN, 3)
    const claims = [said('b', 'claim', [2, 3], granted(3)), gone]
    expect(isLinearizable(...claims, said('c', 'claim', [8, 9], granted(8)))).toBe(true)
    expect(
      isLinearizable(...claims, said('c', 'claim', [8, 9], { code: 'ALREADY_CLAIMED', swarm: 'b', epoch: 3 })),
    ).toBe(true)
  })

  test('when a claim ended by its lease, and no sooner', () => {
    const first = said('a', 'claim', [0, 1], granted(3))
    expect(isLinearizable(first, said('b', 'claim', [900, 999], granted(5)))).toBe(false)
    expect(isLinearizable(first, said('b', 'claim', [900, 1_000], granted(5)))).toBe(true)
    const renewed = said('a', 'heartbeat', [800, 801], {}, 3)
    expect(isLinearizable(first, renewed, said('b', 'claim', [1_700, 1_799], granted(5)))).toBe(false)
    expect(isLinearizable(first, renewed, said('b', 'claim', [1_700, 1_801], granted(5)))).toBe(true)
  })

  test('when a node shows what was so a moment ago, unless its caller has seen more', () => {
    const claims = [said('a', 'claim', [0, 1], granted(3)), said('a', 'release', [2, 3], done, 3)]
    const shown = (client: string): Attempt => said(client, 'show', [4, 5], { state: 'claimed', swarm: 'a', epoch: 3 })
    expect(isLinearizable(...claims, shown('b'))).toBe(true)
    expect(isLinearizable(...claims, shown('a'))).toBe(false)
    expect(isLinearizable(...claims, said('b', 'show', [3, 4], { state: 'available' }), shown('b'))).toBe(true)
  })
})

describe('a history of claims is refused', () => {
  const first = said('a', 'claim', [0, 1], granted(3))

  test('with two holders at once', () => {
    const second = said('b', 'claim', [2, 3], granted(5))
    expect(isLinearizable(first, second)).toBe(false)
    expect(() => requireOneHolder([first, second], LEASE_MS)).toThrow('Two claims')
    const later = said('b', 'claim', [2_000, 2_001], granted(5))
    expect(() => requireOneHolder([first, later], LEASE_MS)).not.toThrow()
    const kept = said('a', 'heartbeat', [999, 1_002], {}, 3)
    const soon = said('b', 'claim', [1_004, 1_005], granted(5))
    expect(() => requireOneHolder([first, soon], LEASE_MS)).not.toThrow()
    expect(() => requireOneHolder([first, kept, soon], LEASE_MS)).toThrow('Two claims')
  })

  test('with an epoch that goes back', () => {
    const again = [said('a', 'release', [2, 3], done, 3), said('b', 'claim', [4, 5], granted(2))]
    expect(isLinearizable(first, ...again)).toBe(false)
    expect(() => requireGrowingEpochs([first, ...again])).toThrow('went back')
    const other = { ...said('b', 'claim', [4, 5], granted(2)), task: 'u' }
    expect(isLinearizable(first, other)).toBe(true)
    expect(() => requireGrowingEpochs([first, other])).toThrow('went back')
    const reclaimed = said('a', 'claim', [6, 7], { ...granted(3), reclaimed: true })
    expect(() => requireGrowingEpochs([first, said('b', 'claim', [4, 5], granted(5)), reclaimed])).not.toThrow()
  })

  test('with a word that was acknowledged and forgotten', () => {
    const completed = said('a', 'complete', [2, 3], { state: 'completed' }, 3)
    expect(isLinearizable(first, completed, said('b', 'claim', [4, 5], granted(9)))).toBe(false)
    const released = said('a', 'release', [2, 3], done, 3)
    const held: Answer = { code: 'ALREADY_CLAIMED', swarm: 'a', epoch: 3 }
    expect(isLinearizable(first, released, said('b', 'claim', [4, 5], held))).toBe(false)
    const lostClaim = said('b', 'claim', [4, 5], granted(5))
    expect(isLinearizable(first, released, lostClaim, said('c', 'claim', [6, 7], granted(5)))).toBe(false)
  })

  test('with a state that is older than what its caller was told', () => {
    expect(isLinearizable(first, said('a', 'show', [2, 3], { state: 'available' }))).toBe(false)
    expect(isLinearizable(first, said('b', 'show', [2, 3], { state: 'available' }))).toBe(true)
    expect(isLinearizable(first, said('b', 'show', [9_000, 9_001], { state: 'available' }))).toBe(true)
    const kept = said('a', 'heartbeat', [8_500, 8_501], {}, 3)
    expect(isLinearizable(first, kept, said('b', 'show', [9_000, 9_001], { state: 'available' }))).toBe(false)
  })

  test('with a completion, a release or a claim that nobody asked for', () => {
    expect(isLinearizable(first, said('b', 'show', [2, 3], { state: 'completed' }))).toBe(false)
    expect(isLinearizable(first, said('b', 'claim', [2, 3], { code: 'WRONG_STATE' }))).toBe(false)
    expect(isLinearizable(said('b', 'claim', [2, 3], { code: 'ALREADY_CLAIMED', swarm: 'a', epoch: 3 }))).toBe(false)
    expect(isLinearizable(first, said('a', 'heartbeat', [2, 3], { code: 'STALE_CLAIM' }, 3))).toBe(false)
  })

  test('with a command under one key that was done twice', () => {
    const key = { key: 'k' }
    const release = { ...said('a', 'release', [2, 3], UNKNOWN, 3), ...key }
    const reclaim = said('a', 'claim', [4, 5], granted(3))
    const answered = { ...said('a', 'release', [6, 7], done, 3), ...key }
    const free = said('b', 'show', [8, 9], { state: 'claimed', swarm: 'a', epoch: 3 })
    expect(isLinearizable(first, release, reclaim, answered)).toBe(true)
    expect(isLinearizable(first, release, answered, { ...free, client: 'a' })).toBe(false)
  })
})

describe('the log is held against what callers heard', () => {
  const event = (name: string, data: LoggedEvent['data']): LoggedEvent => {
    return { id: '0', type: `infrafabric.coordinator.${name}.v1`, subject: 't', time: '', data }
  }
  const log = [
    event('task_created', {}),
    event('task_claimed', { swarm: 'a' }),
    event('usage_reported', { epoch: 1, report: 'r1' }),
    event('task_released', { epoch: 1, cause: 'holder' }),
    event('task_claimed', { swarm: 'b' }),
    event('task_released', { epoch: 4, cause: 'lease_expired' }),
    event('task_claimed', { swarm: 'a' }),
    event('task_completed', { epoch: 6 }),
  ]
  const history = [
    said('a', 'claim', [0, 1], granted(1)),
    { ...said('a', 'usage', [2, 3], {}, 1), report: 'r1' },
    said('a', 'release', [4, 5], done, 1),
    said('b', 'claim', [6, 7], UNKNOWN),
    said('a', 'claim', [2_000, 2_001], granted(6)),
    said('a', 'complete', [2_002, 2_003], { state: 'completed' }, 6),
  ]

  test('which has all that was acknowledged, and nothing that nobody asked for', () => {
    expect(() => requireAcknowledged(history, log)).not.toThrow()
    expect(() => requireAsked(history, log)).not.toThrow()
  })

  test('and lacks what was acknowledged', () => {
    for (const lost of [1, 2, 3, 6, 7]) {
      const rest = log.map((one, index) => (index === lost ? event('task_stalled', {}) : one))
      expect(() => requireAcknowledged(history, rest), `entry ${lost}`).toThrow('What was acknowledged')
    }
  })

  test('and has what nobody asked for', () => {
    for (const unasked of [0, 1, 2, 3, 5]) {
      const rest = history.filter((_, index) => index !== unasked && (unasked !== 0 || index !== 4))
      expect(() => requireAsked(rest, log), `attempt ${unasked}`).toThrow('Nobody asked')
    }
  })
})

describe('histories of a simulated register', () => {
  const short = fc.integer({ min: 1, max: 12 })
  const step = fc.record({
    client: fc.integer({ min: 0, max: 3 }),
    wish: fc.nat(59),
    pause: short,
    there: fc.integer({ min: 1, max: 40 }),
    back: short,
    lost: fc.constantFrom('nothing', 'nothing', 'nothing', 'nothing', 'request', 'answer'),
  })
  const steps = fc.array(step, { minLength: 1, maxLength: 60 })
  const check = (attempts: readonly Attempt[], leaseMs: number) => {
    requireLinearizableClaims(attempts, { leaseMs })
    requireOneHolder(attempts, leaseMs)
    requireGrowingEpochs(attempts)
  }

  test('hold, with and without claims that end by their lease', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(25, 60, 100_000), (script, leaseMs) => {
        check(new SimulatedClaims(leaseMs).run(script as never), leaseMs)
      }),
      { numRuns: 400 },
    )
  })

  /** What a broken fabric could answer next, whatever was before. */
  const lies: Readonly<Record<string, (at: number, newest: number) => Attempt[]>> = {
    'two holders': (at, newest) => [
      said('x', 'claim', [at, at + 1], granted(newest + 1)),
      said('y', 'claim', [at + 2, at + 3], granted(newest + 2)),
    ],
    'a lost release': (at, newest) => [
      said('x', 'claim', [at, at + 1], granted(newest + 1)),
      said('x', 'release', [at + 2, at + 3], done, newest + 1),
      said('y', 'claim', [at + 4, at + 5], { code: 'ALREADY_CLAIMED', swarm: 'x', epoch: newest + 1 }),
    ],
    'an epoch that goes back': (at, newest) => [
      said('x', 'claim', [at, at + 1], granted(newest + 1)),
      said('x', 'release', [at + 2, at + 3], done, newest + 1),
      said('y', 'claim', [at + 4, at + 5], granted(newest)),
    ],
    'a stale state': (at, newest) => [
      said('x', 'claim', [at, at + 1], granted(newest + 1)),
      said('x', 'show', [at + 2, at + 3], { state: 'available' }),
    ],
    'a phantom': (at, newest) => [
      said('x', 'claim', [at, at + 1], granted(newest + 1)),
      said('y', 'show', [at + 2, at + 3], { state: 'completed' }),
      said('x', 'heartbeat', [at + 4, at + 5], {}, newest + 1),
    ],
  }

  test.each(Object.keys(lies))('do not hold with %s at their end', (name) => {
    fc.assert(
      fc.property(steps, (script) => {
        const attempts = new SimulatedClaims(100_000).run(script as never)
        const at = Math.max(...attempts.map(({ endedAt }) => endedAt)) + 1
        const newest = Math.max(1_000, ...attempts.map(({ answer }) => answer?.epoch ?? 0))
        const all = [...attempts, ...(lies[name]?.(at, newest) ?? [])]
        expect(() => requireLinearizableClaims(all, { leaseMs: 100_000 })).toThrow('No order')
      }),
      { numRuns: 100 },
    )
  })

  test('do not hold when the epoch of a grant is changed', () => {
    let changed = 0
    fc.assert(
      fc.property(steps, fc.nat(), (script, which) => {
        const attempts = new SimulatedClaims(100_000).run(script as never)
        const grants = attempts.filter((attempt) => grantOf(attempt) !== undefined)
        const grant = grants[which % Math.max(1, grants.length)]
        // One that its holder speaks of afterwards, and is believed.
        const isSpoken = (one: Attempt) =>
          one.epoch === grant?.answer?.epoch && one.answer !== undefined && !one.answer.code
        if (grant === undefined || !attempts.some(isSpoken)) return
        changed += 1
        const all = attempts.map((one) => (one === grant ? { ...one, answer: granted(10_000) } : one))
        expect(() => requireLinearizableClaims(all, { leaseMs: 100_000 })).toThrow('No order')
      }),
      { numRuns: 300 },
    )
    expect(changed).toBeGreaterThan(50)
  })
})
