import { describe, expect, test } from 'vitest'
import { isRecorded, type Refusal, Refusals } from '../../src/fabric/refusals.js'
import { ERRORS } from '../../src/model/errors.js'
import { LIMITS } from '../../src/model/limits.js'

const stale: Refusal = { code: 'STALE_CLAIM', operation: 'complete_task', actor: 'swarm:a', task: 'T', swarm: 'a' }

describe('refusals', () => {
  test('the first of a kind is written at once, those of the next five seconds as one count', () => {
    const refusals = new Refusals()
    expect(refusals.note(stale, 1_000)).toEqual({
      actor: 'swarm:a',
      data: {
        code: 'STALE_CLAIM',
        operation: 'complete_task',
        task: 'T',
        swarm: 'a',
        count: 1,
        firstAt: 1_000,
        lastAt: 1_000,
      },
    })
    expect(refusals.nextDue()).toBe(6_000)
    for (let at = 1_001; at <= 1_500; at += 1) expect(refusals.note(stale, at)).toBeUndefined()
    expect(refusals.takeDue(5_999)).toEqual([])
    expect(refusals.takeDue(6_000).map(({ data }) => [data.count, data.firstAt, data.lastAt])).toEqual([
      [500, 1_001, 1_500],
    ])
  })

  test('a window in which something was counted opens anew; a quiet one ends', () => {
    const refusals = new Refusals()
    refusals.note(stale, 0)
    refusals.note(stale, 1)
    expect(refusals.takeDue(5_000)).toHaveLength(1)
    expect(refusals.note(stale, 5_001)).toBeUndefined()
    expect(refusals.takeDue(10_000).map(({ data }) => data.count)).toEqual([1])
    expect(refusals.takeDue(15_000)).toEqual([])
    expect(refusals.nextDue()).toBe(Number.POSITIVE_INFINITY)
    expect(refusals.note(stale, 20_000)?.data.count).toBe(1)
  })

  test('kinds are told apart by code, operation, caller, task and swarm', () => {
    const refusals = new Refusals()
    const others: Refusal[] = [
      { ...stale, task: 'U' },
      { ...stale, actor: 'swarm:b' },
      { ...stale, operation: 'heartbeat' },
      { ...stale, code: 'NOT_ELIGIBLE' },
    ]
    for (const one of [stale, ...others]) expect(refusals.note(one, 0)?.data.count).toBe(1)
    for (const one of [stale, ...others]) expect(refusals.note(one, 1)).toBeUndefined()
  })

  test('a flood of ever new kinds is bounded: beyond the limit only the code tells them apart', () => {
    const refusals = new Refusals()
    let written = 0
    for (let kind = 0; kind < 3 * LIMITS.refusalKinds; kind += 1) {
      if (refusals.note({ ...stale, task: `T-${kind}` }, kind) !== undefined) written += 1
    }
    expect(written).toBe(LIMITS.refusalKinds + 1)
    const counted = refusals.takeDue(0, true).map(({ actor, data }) => [actor, data.task, data.count])
    expect(counted).toEqual([['several', undefined, 2 * LIMITS.refusalKinds - 1]])
  })

  test('a caller floods while it is refused more than 200 times within five seconds of each other', () => {
    const refusals = new Refusals()
    for (let count = 0; count < 200; count += 1) refusals.note(stale, count)
    expect(refusals.isFlooding('swarm:a', 200)).toBe(false)
    refusals.note(stale, 200)
    expect(refusals.isFlooding('swarm:a', 201)).toBe(true)
    expect(refusals.isFlooding('swarm:b', 201)).toBe(false)
    expect(refusals.isFlooding('swarm:a', 5_200)).toBe(false)
  })

  test('what is recorded are refusals of rights and fencing, not mistakes', () => {
    const recorded = Object.keys(ERRORS).filter((code) => isRecorded(code as keyof typeof ERRORS))
    expect(recorded.sort()).toEqual([
      'BREAKER_OPEN',
      'BUDGET_EXCEEDED',
      'FORBIDDEN',
      'MODULE_REFUSED',
      'NOT_ELIGIBLE',
      'POLICY_VIOLATION',
      'STALE_CLAIM',
      'UNAUTHENTICATED',
    ])
  })
})
