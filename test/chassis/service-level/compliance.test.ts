import { describe, expect, test } from 'vitest'
import { judgeLevels } from '../../../src/chassis/service-level/compliance.js'
import { runs } from './runs.js'

describe('a level that nobody promised', () => {
  test('is never violated', () => {
    const bad = judgeLevels(runs(0, 100), {})
    expect(Object.values(bad)).toEqual(Array(3).fill({ verdict: 'not_promised' }))
  })
})

describe('a promised success rate', () => {
  const judge = (completed: number, failed: number) =>
    judgeLevels(runs(completed, failed), { successRate: 0.95 }).success

  test('is met exactly at its target, where its error budget is used up', () => {
    expect(judge(95, 5)).toEqual({ verdict: 'met', target: 0.95, actual: 0.95, errorBudget: 0 })
    expect(judge(94, 6)).toEqual({ verdict: 'violated', target: 0.95, actual: 0.94, errorBudget: 0 })
  })

  test('has a budget of errors that each failure uses a part of', () => {
    expect(judge(100, 0).errorBudget).toBe(1)
    expect(judge(99, 1).errorBudget).toBe(0.8)
  })

  test('is met while there are no runs to judge by', () => {
    expect(judge(0, 0)).toEqual({ verdict: 'met', target: 0.95 })
  })
})

describe('a promised p99', () => {
  const judge = (slow: number) =>
    judgeLevels([...runs(100 - slow), ...runs(slow, 0, { wallMs: 501 })], { p99LatencyMs: 500 }).p99

  test('lets one of a hundred be slower', () => {
    expect(judge(1)).toEqual({ verdict: 'met', target: 500, actual: 10, errorBudget: 0 })
    expect(judge(2)).toEqual({ verdict: 'violated', target: 500, actual: 501, errorBudget: 0 })
  })
})

describe('a promised availability', () => {
  test('is used up by runs that gave no answer, and not by those that failed', () => {
    const levels = { availability: 0.9 }
    expect(judgeLevels(runs(50, 50), levels).availability).toMatchObject({ verdict: 'met', actual: 1 })
    for (const end of ['crashed', 'protocol', 'deadline'] as const) {
      const sample = [...runs(8), { at: 0, end, wallMs: 1 }, { at: 0, end, wallMs: 1 }]
      expect(judgeLevels(sample, levels).availability).toMatchObject({ verdict: 'violated', actual: 0.8 })
    }
  })
})
