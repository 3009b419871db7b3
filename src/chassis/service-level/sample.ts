import { DAY_MS } from '../../model/time.js'
import { isSuccess, type RunRecord } from './run-record.js'

/** Runs that say something about a swarm: its newest ones. */
export const SAMPLE_RUNS = 100
/** With fewer runs a swarm counts as new: nothing is violated, and its reputation is 1. */
const MINIMUM_RUNS = 10
/** Weight of a failure of the last 24 hours. It halves with each whole day of its age, as a whole number, so it ends at 0. */
export const FULL_WEIGHT = 1_024
/** Whole days after which nothing is held against a run any more: 1,024 was halved to 0. */
const FORGIVEN_DAYS = 11

/** The runs that a swarm is judged by; none while it is new. `recent` has its newest ones. */
export function sampleOf(recent: readonly RunRecord[]): readonly RunRecord[] {
  return recent.length < MINIMUM_RUNS ? [] : recent
}

/** Weight of a run that failed, of `FULL_WEIGHT`; 0 of one that succeeded. */
export function failureWeight(run: RunRecord, now: number): number {
  return isSuccess(run) ? 0 : FULL_WEIGHT >> Math.min(ageInDays(run, now), FORGIVEN_DAYS)
}

export function isForgiven(run: RunRecord, now: number): boolean {
  return ageInDays(run, now) >= FORGIVEN_DAYS
}

function ageInDays({ at }: RunRecord, now: number): number {
  return Math.max(0, Math.floor((now - at) / DAY_MS))
}
