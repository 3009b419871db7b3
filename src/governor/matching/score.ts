import { compareIds } from '../../model/ids.js'
import { NANOS_PER_DOLLAR } from '../../model/money.js'
import type { SwarmRow } from '../../model/swarm.js'
import { reputationOf, WHOLE_REPUTATION } from '../match.js'
import type { GovernorPolicy } from '../policy/policy.js'
import { compareProducts } from './compare-products.js'

/** What a swarm offers, whatever the work is. */
export interface Worth {
  readonly id: string
  /** 0 to 1; counts to nine decimals. */
  readonly reputation: number
  /** 0 is free. */
  readonly costPerHourNanos: number
}

/** What a swarm that qualifies offers for one piece of work. */
export interface Score extends Worth {
  /** Part of the needed capabilities that it has, 0 to 1. */
  readonly match: number
}

export function scoreOf(
  swarm: Pick<SwarmRow, 'id' | 'reputation' | 'measuredReputation' | 'costPerHourNanos'>,
  match: number,
  policy: Pick<GovernorPolicy, 'assumedCostPerHourNanos'>,
): Score {
  const costPerHourNanos = swarm.costPerHourNanos ?? policy.assumedCostPerHourNanos
  return { id: swarm.id, match, reputation: reputationOf(swarm), costPerHourNanos }
}

/**
 * Better first: match x reputation / cost per hour; free swarms before all others, among themselves by match x
 * reputation; those without reputation last, also when they are free. Of equal scores the better match, the better
 * reputation, the cheaper, the smaller id. A strict total order of whole numbers, the same on every machine.
 */
export function compareScores(a: Score, b: Score): number {
  return compareFor(a.match, a, b.match, b)
}

/** `compareScores` without an object for each score. */
export function compareFor(matchOfA: number, a: Worth, matchOfB: number, b: Worth): number {
  return compareMerits(matchParts(matchOfA), a, matchParts(matchOfB), b) || matchOfB - matchOfA || compareTied(a, b)
}

/** The order of `compareScores` among those that match equally well. */
export function compareWorths(a: Worth, b: Worth): number {
  return compareMerits(1, a, 1, b) || compareTied(a, b)
}

/** The score to show: match x reputation / dollars an hour. Undefined for a free swarm, which comes before all others. */
export function scoreNumber(score: Score): number | undefined {
  if (isFree(score)) return undefined
  const { match, reputation, costPerHourNanos } = score
  return Number(((match * reputation * NANOS_PER_DOLLAR) / divisor(costPerHourNanos)).toPrecision(12))
}

function isFree({ costPerHourNanos, reputation }: Worth): boolean {
  return costPerHourNanos === 0 && reputation > 0
}

/** Costs are multiplied across, so that nothing is divided and nothing rounded. */
function compareMerits(partsOfA: number, a: Worth, partsOfB: number, b: Worth): number {
  const free = isFree(a)
  if (free !== isFree(b)) return free ? -1 : 1
  return compareProducts(
    partsOfB * reputationParts(b),
    divisor(a.costPerHourNanos),
    partsOfA * reputationParts(a),
    divisor(b.costPerHourNanos),
  )
}

function compareTied(a: Worth, b: Worth): number {
  return b.reputation - a.reputation || a.costPerHourNanos - b.costPerHourNanos || compareIds(a.id, b.id)
}

/** Those that cost nothing are only ever compared with each other, or have no reputation. */
function divisor(costPerHourNanos: number): number {
  return costPerHourNanos || 1
}

/** The least common multiple of 1 to 16: a match over up to 16 needed capabilities is a whole number of parts. */
const WHOLE_MATCH = 720_720

function matchParts(match: number): number {
  return Math.round(match * WHOLE_MATCH)
}

function reputationParts({ reputation }: Worth): number {
  return Math.round(reputation * WHOLE_REPUTATION)
}
