import type { BreakerRow, Probe, TripCause } from '../../model/breaker.js'
import type { BreakerPolicy } from '../policy/policy.js'

/** The breaker of a swarm that nothing is known of. */
export function newBreaker(swarm: string): BreakerRow {
  return {
    swarm,
    state: 'closed',
    generation: 0,
    outcomes: '',
    consecutiveFailures: 0,
    trips: 0,
    latched: false,
    probes: [],
  }
}

/** What a call came to. `generation` is a log index from when it began: the epoch of a claim, or what admitted the call. */
export interface Outcome {
  readonly succeeded: boolean
  readonly generation: number
  /** The probe that this answers, where the call was one. */
  readonly probe?: number
  /** A call, not a claim: each has a streak of its own. */
  readonly call?: boolean
}

/** Whether an outcome still says something: one from before the breaker last changed does not. */
export function isCurrent(breaker: BreakerRow, { generation, probe }: Outcome): boolean {
  if (generation < breaker.generation || breaker.state === 'open') return false
  return breaker.state === 'closed' || breaker.probes.some(({ id, succeeded }) => id === probe && !succeeded)
}

/** The breaker after an outcome, before anything follows from it. One that is not current changes nothing. */
export function withOutcome(breaker: BreakerRow, outcome: Outcome, { windowCalls }: BreakerPolicy): BreakerRow {
  if (!isCurrent(breaker, outcome)) return breaker
  const { succeeded, probe, call } = outcome
  const streak = (failures: number) => (succeeded ? 0 : failures + 1)
  return {
    ...breaker,
    outcomes: `${breaker.outcomes}${succeeded ? '1' : '0'}`.slice(-windowCalls),
    ...(call === true
      ? { failedCalls: streak(breaker.failedCalls ?? 0) }
      : { consecutiveFailures: streak(breaker.consecutiveFailures) }),
    ...(breaker.state === 'half_open' && {
      probes: breaker.probes.map((known) => (known.id === probe ? { ...known, succeeded } : known)),
    }),
  }
}

/** What follows from an outcome. */
export type Consequence = 'none' | 'close' | { readonly trip: TripCause; readonly reason: string }

/** `breaker` is how it is after the outcome; one that was not current has no consequence. */
export function consequenceOf(breaker: BreakerRow, succeeded: boolean, policy: BreakerPolicy): Consequence {
  if (breaker.state === 'half_open') {
    if (!succeeded) return { trip: 'probe', reason: 'a call on probation failed' }
    const passed = breaker.probes.filter((probe) => probe.succeeded).length
    return passed >= policy.probes ? 'close' : 'none'
  }
  if (succeeded || breaker.state === 'open') return 'none'
  const { consecutiveFailures, failedCalls = 0, outcomes } = breaker
  const inARow = Math.max(consecutiveFailures, failedCalls)
  if (inARow >= policy.failureThreshold) {
    return { trip: 'failures', reason: `${inARow} failures in a row` }
  }
  const failures = failuresIn(outcomes)
  if (outcomes.length < policy.minimumCalls || failures * 100 < policy.failureRatePercent * outcomes.length) {
    return 'none'
  }
  return { trip: 'failure_rate', reason: `${failures} of the last ${outcomes.length} calls failed` }
}

export function failuresIn(outcomes: string): number {
  let failures = 0
  for (const outcome of outcomes) if (outcome === '0') failures += 1
  return failures
}

/** Room for one more call: always while closed, never while open, for a few probes while half-open. */
export function admits(breaker: BreakerRow | undefined, policy: BreakerPolicy): boolean {
  if (breaker === undefined || breaker.state === 'closed') return true
  return breaker.state === 'half_open' && breaker.probes.length < policy.probes
}

export function withProbe(breaker: BreakerRow, probe: Probe): BreakerRow {
  return { ...breaker, probes: [...breaker.probes, probe] }
}

/** A probe that was neither a success nor a failure is given back. */
export function withoutProbe(breaker: BreakerRow, id: number): BreakerRow {
  return { ...breaker, probes: breaker.probes.filter((probe) => probe.id !== id || probe.succeeded) }
}

/** When something happens to it by itself: it becomes half-open, or a probe runs out. Milliseconds since the epoch. */
export function breakerDeadline(
  { state, opensUntil, probes }: BreakerRow,
  deadlineOf: (probe: Probe) => number = ({ deadline }) => deadline,
): number | undefined {
  if (state === 'open') return opensUntil
  if (state === 'closed') return undefined
  const first = Math.min(...probes.filter(({ succeeded }) => !succeeded).map(deadlineOf))
  return first === Number.POSITIVE_INFINITY ? undefined : first
}

/** Share of its time by which a breaker opens earlier or later, so that swarms that failed together do not return at once. */
const JITTER = 0.1

/**
 * How long a breaker stays open: twice as long each time, up to the most, spread by up to a tenth. The spread follows
 * from `seed`, because nothing here is random.
 */
export function openMs({ openMs: first, maxOpenMs }: BreakerPolicy, trips: number, seed: string): number {
  const base = Math.min(first * 2 ** Math.min(trips, 30), maxOpenMs)
  const spread = (hash(seed) / 2 ** 32) * 2 - 1
  return Math.min(maxOpenMs, Math.max(1, Math.round(base * (1 + JITTER * spread))))
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let position = 0; position < text.length; position += 1) {
    value = Math.imul(value ^ text.charCodeAt(position), 0x01000193) >>> 0
  }
  return value
}
