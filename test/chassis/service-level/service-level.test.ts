import { describe, expect, test } from 'vitest'
import type { RunRecord } from '../../../src/chassis/service-level/run-record.js'
import {
  agingDeadline,
  complianceOf,
  judgedAgain,
  levelChanges,
  newServiceLevel,
  openViolation,
  type ServiceLevelRow,
  withRestored,
  withRun,
  withViolation,
} from '../../../src/chassis/service-level/service-level.js'
import { LIMITS } from '../../../src/model/limits.js'
import { DAY_MS } from '../../../src/model/time.js'
import { runs } from './runs.js'

const LEVELS = { successRate: 0.9 }

function rowAfter(all: readonly RunRecord[], levels = LEVELS, row = newServiceLevel('alice')): ServiceLevelRow {
  return all.reduce((next, run) => withRun(next, run, levels), row)
}

test('a cancelled run changes nothing', () => {
  const row = rowAfter(runs(10))
  expect(withRun(row, { at: 1, end: 'cancelled', wallMs: 1 }, LEVELS)).toBe(row)
})

test('only the newest hundred runs are kept one by one, and all are counted', () => {
  const row = rowAfter([...runs(0, 50), ...runs(100)])
  expect(row.recent).toEqual(runs(100))
  expect(row.runs).toBe(150)
  expect(row.reputation).toBe(1)
})

describe('a promise', () => {
  test('that is broken is told once, until it is kept again', () => {
    const broken = rowAfter(runs(5, 5))
    expect(levelChanges(broken)).toEqual([{ level: 'success', violated: true, target: 0.9, actual: 0.5 }])
    const told = withViolation(broken, { level: 'success', target: 0.9, actual: 0.5, at: 0 })
    expect(levelChanges(told)).toEqual([])
    const kept = rowAfter(runs(100), LEVELS, told)
    expect(levelChanges(kept)).toEqual([{ level: 'success', violated: false, target: 0.9, actual: 1 }])
    expect(openViolation(withRestored(kept, 'success', 7), 'success')).toBeUndefined()
  })

  test('that a new contract does not make any more is not broken any more', () => {
    const told = withViolation(rowAfter(runs(5, 5)), { level: 'success', target: 0.9, actual: 0.5, at: 0 })
    const row = withRun(told, { at: 1, end: 'failed', wallMs: 1 }, {})
    expect(levelChanges(row)).toEqual([{ level: 'success', violated: false }])
    expect(complianceOf(row).success.verdict).toBe('not_promised')
  })

  test('is not broken while the swarm is new', () => {
    expect(levelChanges(rowAfter(runs(0, 9)))).toEqual([])
  })
})

test('violations are bounded, and one that lasts is not among those that make room', () => {
  let row = withViolation(newServiceLevel('alice'), { level: 'p99', target: 5, actual: 9, at: 0 })
  for (let at = 1; at <= 100; at += 1) {
    row = withRestored(withViolation(row, { level: 'success', target: 0.9, actual: 0.5, at }), 'success', at)
  }
  expect(row.violations).toHaveLength(LIMITS.serviceLevelViolations)
  expect(openViolation(row, 'p99')).toBeDefined()
  expect(row.violations.at(-1)).toMatchObject({ at: 100, until: 100 })
})

describe('aging', () => {
  test('is due a day after the last judgement, while something is held against a swarm', () => {
    expect(agingDeadline(rowAfter(runs(100)))).toBeUndefined()
    expect(agingDeadline(rowAfter(runs(50, 50, { at: 5 })))).toBe(5 + DAY_MS)
  })

  test('ends after eleven days, with one point of history for each', () => {
    let row = rowAfter(runs(0, 100))
    let days = 0
    for (let due = agingDeadline(row); due !== undefined && days < 20; due = agingDeadline(row)) {
      row = judgedAgain(row, due)
      days += 1
    }
    expect(days).toBe(11)
    expect(row.history.map(({ reputation }) => reputation).slice(0, 4)).toEqual([0, 0.35, 0.525, 0.8313])
    expect(row.history).toHaveLength(12)
  })

  test('keeps a bounded history', () => {
    let row = newServiceLevel('alice')
    for (let day = 0; day < 200; day += 1) row = judgedAgain(row, day * DAY_MS)
    expect(row.history).toHaveLength(LIMITS.reputationDays)
    expect(row.history.at(-1)?.day).toBe('1970-07-19')
  })
})
