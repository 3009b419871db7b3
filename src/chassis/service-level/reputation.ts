import type { ServiceLevels } from '../contract/contract.js'
import { exactPercentile } from './latencies.js'
import type { RunRecord } from './run-record.js'
import { FULL_WEIGHT, failureWeight, isForgiven } from './sample.js'

/** Reputation of a swarm of which nothing bad is known. */
export const NEW_REPUTATION = 1

const SHORTFALL_FACTOR = 2
const MOST_SHORTFALL_PENALTY = 0.3
const LATENCY_FACTOR = 0.2
const MOST_LATENCY_PENALTY = 0.2

/**
 * What a sample of runs (see `sampleOf`) makes of a swarm, 0 to 1:
 *
 *     (1 - min(2 x shortfall, 0.3) - min(0.2 x (p99 / target - 1), 0.2)) x success rate
 *
 * The success rate is 1 less the weights of the failures, of all runs: a failure of today counts in full, half after a
 * day, a quarter after two. The shortfall is how far it is below the promised one. In the p99 a slow run of eleven days ago
 * counts as one in time. A penalty is 0 for what is met and for what is not promised. 80 % of a promised 99 % give 0.56; a p99 of twice its target gives 0.80.
 */
export function reputationFrom(sample: readonly RunRecord[], levels: ServiceLevels, now: number): number {
  if (sample.length === 0) return NEW_REPUTATION
  const success = weightedSuccess(sample, now)
  const { successRate: target = 0, p99LatencyMs } = levels
  const shortfall = clamp(SHORTFALL_FACTOR * (target - success), MOST_SHORTFALL_PENALTY)
  const latency = p99LatencyMs === undefined ? 0 : latencyPenalty(sample, p99LatencyMs, now)
  return fourDecimals((1 - shortfall - latency) * success)
}

/** By way of nine: so what lies half-way is rounded up, whatever a sum lost on its way. */
function fourDecimals(value: number): number {
  return Math.round(Math.round(value * 1e9) / 1e5) / 1e4
}

/** 0 to 1: a failure counts by its weight. */
function weightedSuccess(sample: readonly RunRecord[], now: number): number {
  const whole = sample.length * FULL_WEIGHT
  const failed = sample.reduce((sum, run) => sum + failureWeight(run, now), 0)
  return (whole - failed) / whole
}

function latencyPenalty(sample: readonly RunRecord[], targetMs: number, now: number): number {
  const times = sample.map((run) => (isForgiven(run, now) ? Math.min(run.wallMs, targetMs) : run.wallMs))
  const p99 = exactPercentile(times, 99) as number
  return clamp(LATENCY_FACTOR * (p99 / targetMs - 1), MOST_LATENCY_PENALTY)
}

function clamp(penalty: number, most: number): number {
  return Math.min(Math.max(penalty, 0), most)
}
