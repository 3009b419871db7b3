import { LIMITS } from '../../model/limits.js'
import { DAY_MS, formatTimestamp } from '../../model/time.js'
import type { ServiceLevels } from '../contract/contract.js'
import { type Compliance, judgeLevels, SERVICE_LEVELS, type ServiceLevel } from './compliance.js'
import { NEW_REPUTATION, reputationFrom } from './reputation.js'
import { counts, type RunRecord } from './run-record.js'
import { SAMPLE_RUNS, sampleOf } from './sample.js'
import { NO_RUNS, type Windows, withRunInWindows } from './windows.js'

/** A promise that was not kept for some time. */
export interface Violation {
  readonly level: ServiceLevel
  /** Milliseconds for `p99`, else a share from 0 to 1; as they were when it began. */
  readonly target: number
  readonly actual: number
  readonly at: number
  /** When it was kept again; absent while it is not. */
  readonly until?: number
}

/** Reputation at the end of a day on which it was computed, or so far. */
export interface ReputationPoint {
  /** UTC: `2026-11-25`. */
  readonly day: string
  readonly reputation: number
}

/** How the module of one swarm keeps what its contract promises. */
export interface ServiceLevelRow {
  readonly swarm: string
  /** What the contract of the last run promises. */
  readonly levels: ServiceLevels
  /** Runs that counted, of all time. */
  readonly runs: number
  /** The newest of them, oldest first. */
  readonly recent: readonly RunRecord[]
  readonly windows: Windows
  /** Newest last; those that are over only as long as they are remembered. */
  readonly violations: readonly Violation[]
  /** What its runs say, 0 to 1. */
  readonly reputation: number
  /** When that was computed, milliseconds since the Unix epoch. */
  readonly judgedAt: number
  /** Newest last. */
  readonly history: readonly ReputationPoint[]
}

export function newServiceLevel(swarm: string): ServiceLevelRow {
  return {
    swarm,
    levels: {},
    runs: 0,
    recent: [],
    windows: NO_RUNS,
    violations: [],
    reputation: NEW_REPUTATION,
    judgedAt: 0,
    history: [],
  }
}

/** After a run, whose time is not before any other's. One that does not count changes nothing. */
export function withRun(row: ServiceLevelRow, run: RunRecord, levels: ServiceLevels): ServiceLevelRow {
  if (!counts(run)) return row
  const recent = [...row.recent, run].slice(-SAMPLE_RUNS)
  const windows = withRunInWindows(row.windows, run)
  return judgedAgain({ ...row, levels, runs: row.runs + 1, recent, windows }, run.at)
}

/** At a later time, when failures weigh less. */
export function judgedAgain(row: ServiceLevelRow, at: number): ServiceLevelRow {
  const reputation = reputationFrom(sampleOf(row.recent), row.levels, at)
  const point = { day: formatTimestamp(at).slice(0, 'yyyy-mm-dd'.length), reputation }
  const before = row.history.at(-1)?.day === point.day ? row.history.slice(0, -1) : row.history
  return { ...row, reputation, judgedAt: at, history: [...before, point].slice(-LIMITS.reputationDays) }
}

/** How its newest runs stand to what is promised. Time heals the reputation, not this: only better runs do. */
export function complianceOf({ recent, levels }: ServiceLevelRow): Compliance {
  return judgeLevels(sampleOf(recent), levels)
}

/** What changed about one promise. */
export interface LevelChange {
  readonly level: ServiceLevel
  readonly violated: boolean
  /** Both are absent where nothing is promised any more. */
  readonly target?: number
  readonly actual?: number
}

/** How the promises stand now, where that is not what the violations of the row say. */
export function levelChanges(row: ServiceLevelRow): LevelChange[] {
  const compliance = complianceOf(row)
  return SERVICE_LEVELS.flatMap((level) => {
    const { verdict, target, actual } = compliance[level]
    const violated = verdict === 'violated'
    if (violated === (openViolation(row, level) !== undefined)) return []
    return [{ level, violated, ...(target !== undefined && { target }), ...(actual !== undefined && { actual }) }]
  })
}

export function openViolation({ violations }: ServiceLevelRow, level: ServiceLevel): Violation | undefined {
  return violations.find((violation) => violation.level === level && violation.until === undefined)
}

/** Of those that are over the oldest makes room. */
export function withViolation(row: ServiceLevelRow, violation: Violation): ServiceLevelRow {
  const { violations } = row
  const isFull = violations.length >= LIMITS.serviceLevelViolations
  const oldest = isFull ? violations.findIndex(({ until }) => until !== undefined) : -1
  return { ...row, violations: [...violations.filter((_, position) => position !== oldest), violation] }
}

export function withRestored(row: ServiceLevelRow, level: ServiceLevel, at: number): ServiceLevelRow {
  const open = openViolation(row, level)
  const violations = row.violations.map((violation) => (violation === open ? { ...violation, until: at } : violation))
  return { ...row, violations }
}

/**
 * When its reputation is computed again by itself: a day after the last time, while something is held against it. Eleven
 * days after its last run nothing is.
 */
export function agingDeadline({ reputation, judgedAt }: ServiceLevelRow): number | undefined {
  return reputation === NEW_REPUTATION ? undefined : judgedAt + DAY_MS
}
