import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  beatIntervalMs,
  beginLife,
  type ClaimLife,
  type ClaimNews,
  dueAt,
  wantsBeat,
  withNews,
} from '../../../src/client/work/claim-life.js'

const LEASE_MS = 30_000

/** Lives through some news, each at its time. */
function live(...happenings: readonly [at: number, news: ClaimNews][]): ClaimLife {
  return happenings.reduce((life, [at, news]) => withNews(life, news, at), beginLife(LEASE_MS, 0, 0))
}

const sent: ClaimNews = { kind: 'beat_sent' }
const answered: ClaimNews = { kind: 'beat_answered' }
const taken: ClaimNews = { kind: 'ended', end: { why: 'taken', reason: 'gone' } }
const passed: ClaimNews = { kind: 'time_passed' }

describe('the life of a claim', () => {
  test('has a heartbeat three times in a lease', () => {
    expect(dueAt(beginLife(LEASE_MS, 0, 0))).toBe(10_000)
    expect(wantsBeat(beginLife(LEASE_MS, 0, 0), 9_999)).toBe(false)
    expect(wantsBeat(beginLife(LEASE_MS, 0, 0), 10_000)).toBe(true)
    const beaten = live([10_000, sent], [12_000, answered])
    // The fabric heard it at 10 seconds or later.
    expect(beaten).toMatchObject({ sureUntil: 40_000, beatAt: 20_000 })
    expect(dueAt(beaten)).toBe(20_000)
  })

  test('begins with a heartbeat when its answer took long: it may be nearly over', () => {
    const late = beginLife(LEASE_MS, 0, 50_000)
    expect(wantsBeat(late, 50_000)).toBe(true)
    expect(late.sureUntil).toBe(80_000)
  })

  test('has one heartbeat under way at a time', () => {
    const beating = live([10_000, sent])
    expect(wantsBeat(beating, 25_000)).toBe(false)
    expect(dueAt(beating)).toBe(30_000)
  })

  test('tries again soon after a heartbeat that failed, and not later than usual', () => {
    expect(dueAt(live([10_000, sent], [10_100, { kind: 'beat_failed', retryMs: 500 }]))).toBe(10_600)
    expect(dueAt(live([10_000, sent], [10_100, { kind: 'beat_failed', retryMs: 1e9 }]))).toBe(20_100)
  })

  test('ends when a lease passed without an answer', () => {
    const silent = live([10_000, sent], [29_999, { kind: 'beat_failed', retryMs: 500 }])
    expect(silent.end).toBeUndefined()
    expect(withNews(silent, passed, 29_999).end).toBeUndefined()
    const over = withNews(silent, passed, 30_000)
    expect(over.end).toMatchObject({ why: 'silent' })
    expect(dueAt(over)).toBeUndefined()
    expect(wantsBeat(over, 30_000)).toBe(false)
    // Also while one is still under way, and also when it then fails.
    expect(live([10_000, sent], [30_000, passed]).end).toMatchObject({ why: 'silent' })
    expect(live([10_000, sent], [30_000, { kind: 'beat_failed', retryMs: 1 }]).end).toMatchObject({ why: 'silent' })
  })

  test('hurries once for news, and goes on as usual', () => {
    const hurried = live([1_000, { kind: 'hurried', withinMs: 5_000 }], [2_000, { kind: 'hurried', withinMs: 50_000 }])
    expect(dueAt(hurried)).toBe(6_000)
    const beaten = withNews(withNews(hurried, sent, 6_000), answered, 6_010)
    expect(dueAt(beaten)).toBe(16_000)
  })

  test('hurries again for what came while a heartbeat was under way', () => {
    const life = live([1_000, sent], [1_005, { kind: 'hurried', withinMs: 0 }], [1_010, answered])
    expect(wantsBeat(life, 1_010)).toBe(true)
  })

  test('ends when it is told to, once', () => {
    const told = live([10_000, sent], [10_010, { kind: 'beat_answered', stop: 'its budget is spent' }])
    expect(told.end).toEqual({ why: 'told', reason: 'its budget is spent' })
    const later = withNews(told, taken, 10_020)
    expect(later).toBe(told)
  })

  test('is never believed in for longer than the fabric keeps it, whatever gets lost', () => {
    const delays = fc.array(fc.record({ there: fc.nat({ max: 9_000 }), back: fc.nat({ max: 9_000 }), lost: fc.nat(3) }))
    fc.assert(
      fc.property(delays, (beats) => {
        let life = beginLife(LEASE_MS, 0, 0)
        let now = 0
        let heardAt = 0
        for (const { there, back, lost } of beats) {
          now = Math.max(now, dueAt(life) ?? now)
          life = withNews(life, passed, now)
          if (life.end !== undefined) break
          expect(wantsBeat(life, now)).toBe(true)
          life = withNews(life, sent, now)
          const arrives = now + there
          const isOver = arrives >= heardAt + LEASE_MS
          // The request is lost, or only its answer, or nothing.
          if (lost !== 0 && !isOver) heardAt = arrives
          now = arrives + back
          if (lost < 2) life = withNews(life, { kind: 'beat_failed', retryMs: 200 }, now)
          else life = withNews(life, isOver ? taken : answered, now)
          if (life.end !== undefined) break
          expect(life.sureUntil).toBeLessThanOrEqual(heardAt + LEASE_MS)
          expect(dueAt(life)).toBeLessThanOrEqual(now + beatIntervalMs(LEASE_MS))
        }
        if (life.end === undefined) expect(life.sureUntil).toBeGreaterThan(now)
      }),
    )
  })
})
