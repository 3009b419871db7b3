import type { ServiceLevels } from '../contract/contract.js'
import { exactPercentile } from './latencies.js'
import { isAvailable, isSuccess, type RunRecord } from './run-record.js'

/** What a contract can promise. */
export const SERVICE_LEVELS = ['p99', 'success', 'availability'] as const
export type ServiceLevel = (typeof SERVICE_LEVELS)[number]

/** How a sample stands to one promise. */
export interface LevelVerdict {
  readonly verdict: 'met' | 'violated' | 'not_promised'
  /** What is promised: milliseconds for `p99`, else a share from 0 to 1. */
  readonly target?: number
  /** What was measured, in the same unit; absent while there are too few runs. */
  readonly actual?: number
  /**
   * Part of the bad runs that the promise allows in such a sample that is left: 1 none happened, 0 all of them or more
   * did.
   */
  readonly errorBudget?: number
}

export type Compliance = Readonly<Record<ServiceLevel, LevelVerdict>>

/** Part of the runs that may be slower than a p99. */
const SLOW_SHARE = 0.01

/** Judges a sample (see `sampleOf`): an empty one violates nothing. */
export function judgeLevels(sample: readonly RunRecord[], levels: ServiceLevels): Compliance {
  return {
    p99: judgeLatency(sample, levels.p99LatencyMs),
    success: judgeShare(sample, isSuccess, levels.successRate),
    availability: judgeShare(sample, isAvailable, levels.availability),
  }
}

function judgeLatency(sample: readonly RunRecord[], target: number | undefined): LevelVerdict {
  if (target === undefined) return { verdict: 'not_promised' }
  const times = sample.map(({ wallMs }) => wallMs)
  const actual = exactPercentile(times, 99)
  if (actual === undefined) return { verdict: 'met', target }
  const slow = times.filter((time) => time > target).length
  const errorBudget = budgetLeft(slow, SLOW_SHARE * times.length)
  return { verdict: actual > target ? 'violated' : 'met', target, actual, errorBudget }
}

function judgeShare(
  sample: readonly RunRecord[],
  isGood: (run: RunRecord) => boolean,
  target: number | undefined,
): LevelVerdict {
  if (target === undefined) return { verdict: 'not_promised' }
  if (sample.length === 0) return { verdict: 'met', target }
  const good = sample.filter(isGood).length
  const actual = good / sample.length
  const errorBudget = budgetLeft(sample.length - good, (1 - target) * sample.length)
  return { verdict: actual < target ? 'violated' : 'met', target, actual, errorBudget }
}

/** Two decimals are enough to look at, and the same on every machine. */
function budgetLeft(bad: number, allowed: number): number {
  if (bad === 0) return 1
  return allowed <= bad ? 0 : Math.round((1 - bad / allowed) * 100) / 100
}
