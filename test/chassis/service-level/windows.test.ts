import { expect, test } from 'vitest'
import type { RunRecord } from '../../../src/chassis/service-level/run-record.js'
import {
  NO_RUNS,
  summarizeRuns,
  summarizeWindow,
  WINDOWS,
  type Windows,
  withRunInWindows,
} from '../../../src/chassis/service-level/windows.js'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/model/time.js'

function windowsOf(...all: RunRecord[]): Windows {
  return all.reduce(withRunInWindows, NO_RUNS)
}

test('a window tells of rates and times of its runs', () => {
  const windows = windowsOf(
    { at: 0, end: 'completed', wallMs: 10 },
    { at: 1, end: 'completed', wallMs: 20 },
    { at: 2, end: 'failed', wallMs: 30 },
    { at: 7 * MINUTE_MS, end: 'crashed', wallMs: 40 },
  )
  const expected = { runs: 4, successRate: 0.5, availability: 0.75, p50Ms: 20, p95Ms: 40, p99Ms: 40 }
  expect(summarizeWindow(windows, 'hour', 10 * MINUTE_MS)).toEqual(expected)
  expect(summarizeWindow(windows, 'day', 10 * MINUTE_MS)).toEqual(expected)
})

test('what is older than a window is not in it, though nothing ran since', () => {
  const windows = windowsOf({ at: 0, end: 'completed', wallMs: 10 })
  expect(summarizeWindow(windows, 'hour', HOUR_MS - 1).runs).toBe(1)
  expect(summarizeWindow(windows, 'hour', HOUR_MS)).toEqual({ runs: 0 })
  expect(summarizeWindow(windows, 'day', DAY_MS - 1).runs).toBe(1)
  expect(summarizeWindow(windows, 'day', DAY_MS)).toEqual({ runs: 0 })
})

test('steps that have left a window are forgotten by the next run', () => {
  let windows = NO_RUNS
  for (let at = 0; at < 3 * DAY_MS; at += MINUTE_MS)
    windows = withRunInWindows(windows, { at, end: 'completed', wallMs: 1 })
  for (const name of ['hour', 'day'] as const) {
    const { lengthMs, stepMs } = WINDOWS[name]
    expect(windows[name]).toHaveLength(lengthMs / stepMs)
  }
  expect(summarizeWindow(windows, 'hour', 3 * DAY_MS - 1).runs).toBe(60)
})

test('single runs are summarized exactly', () => {
  const wall = (wallMs: number): RunRecord => ({ at: 0, end: 'completed', wallMs })
  expect(summarizeRuns([wall(1_001), wall(999)])).toMatchObject({ runs: 2, p50Ms: 999, p99Ms: 1_001 })
  expect(summarizeRuns([])).toEqual({ runs: 0 })
})
