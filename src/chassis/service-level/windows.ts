import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../model/time.js'
import { exactPercentile, type Latencies, mergeLatencies, percentileOf, withLatency } from './latencies.js'
import { isAvailable, isSuccess, type RunRecord } from './run-record.js'

/** A rolling window: it moves in steps, so it is shorter than its length by less than one. */
interface WindowSpec {
  readonly lengthMs: number
  readonly stepMs: number
}

export const WINDOWS = {
  hour: { lengthMs: HOUR_MS, stepMs: 5 * MINUTE_MS },
  day: { lengthMs: DAY_MS, stepMs: HOUR_MS },
} as const satisfies Readonly<Record<string, WindowSpec>>
export type WindowName = keyof typeof WINDOWS

/** The runs of one step of a window. */
export interface WindowStep {
  /** Its beginning, milliseconds since the Unix epoch. */
  readonly from: number
  readonly runs: number
  readonly succeeded: number
  readonly available: number
  readonly latencies: Latencies
}

/** Steps in which something ran, oldest first. */
export type Windows = Readonly<Record<WindowName, readonly WindowStep[]>>

export const NO_RUNS: Windows = { hour: [], day: [] }

/** What runs came to. Rates and times are absent without runs. */
export interface WindowSummary {
  readonly runs: number
  /** 0 to 1. */
  readonly successRate?: number
  readonly availability?: number
  readonly p50Ms?: number
  readonly p95Ms?: number
  readonly p99Ms?: number
}

/** `run` is not before any that is in there. */
export function withRunInWindows(windows: Windows, run: RunRecord): Windows {
  return { hour: withRun(windows.hour, WINDOWS.hour, run), day: withRun(windows.day, WINDOWS.day, run) }
}

function withRun(steps: readonly WindowStep[], spec: WindowSpec, run: RunRecord): readonly WindowStep[] {
  const from = stepOf(run.at, spec)
  const last = steps.at(-1)
  const step = last?.from === from ? last : { from, runs: 0, succeeded: 0, available: 0, latencies: [] }
  const before = (last?.from === from ? steps.slice(0, -1) : steps).filter((one) => isWithin(one, spec, run.at))
  return [
    ...before,
    {
      from,
      runs: step.runs + 1,
      succeeded: step.succeeded + Number(isSuccess(run)),
      available: step.available + Number(isAvailable(run)),
      latencies: withLatency(step.latencies, run.wallMs),
    },
  ]
}

/** What a window holds at a time; percentiles are at most 1/32 above the true ones. */
export function summarizeWindow(windows: Windows, name: WindowName, now: number): WindowSummary {
  const steps = windows[name].filter((step) => isWithin(step, WINDOWS[name], now))
  const total = (field: 'runs' | 'succeeded' | 'available') => steps.reduce((sum, step) => sum + step[field], 0)
  const latencies = mergeLatencies(steps.map((step) => step.latencies))
  const percentile = (percent: number) => percentileOf(latencies, percent)
  return summary(total('runs'), total('succeeded'), total('available'), percentile)
}

/** What single runs came to; percentiles are exact. */
export function summarizeRuns(runs: readonly RunRecord[]): WindowSummary {
  const times = runs.map(({ wallMs }) => wallMs)
  const percentile = (percent: number) => exactPercentile(times, percent)
  return summary(runs.length, runs.filter(isSuccess).length, runs.filter(isAvailable).length, percentile)
}

function summary(
  runs: number,
  succeeded: number,
  available: number,
  percentile: (percent: number) => number | undefined,
): WindowSummary {
  if (runs === 0) return { runs }
  return {
    runs,
    successRate: succeeded / runs,
    availability: available / runs,
    p50Ms: percentile(50) as number,
    p95Ms: percentile(95) as number,
    p99Ms: percentile(99) as number,
  }
}

function stepOf(at: number, { stepMs }: WindowSpec): number {
  return at - (at % stepMs)
}

function isWithin({ from }: WindowStep, spec: WindowSpec, now: number): boolean {
  return from > stepOf(now, spec) - spec.lengthMs
}
