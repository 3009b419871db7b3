import { type ChassisPolicy, DEFAULT_CHASSIS_POLICY } from '../../chassis/policy/policy.js'
import type { Amount, WindowKind } from '../../model/budget.js'
import { NANOS_PER_DOLLAR } from '../../model/money.js'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../model/time.js'

/** A limit for some of what an amount counts; what is not named is not limited. */
export type Limit = Partial<Amount>

/** Limits of one scope, by window. */
export type WindowLimits = Readonly<Partial<Record<WindowKind, Limit>>>

/** The name under `boards` and `swarms` that stands for each one that has no entry of its own. */
export const EVERY = '*'

export interface BudgetPolicy {
  readonly fabric: WindowLimits
  readonly boards: Readonly<Record<string, WindowLimits>>
  readonly swarms: Readonly<Record<string, WindowLimits>>
  /** Tokens that a claim reserves where tokens are limited. */
  readonly holdTokens: Omit<Amount, 'nanos'>
  /** Percent of a hold at which its holder is warned. */
  readonly warnPercent: number
}

/** Nano-dollars for a million tokens. */
export interface ModelPrice {
  readonly inputNanos: number
  readonly outputNanos: number
  readonly cachedNanos: number
}

export interface PriceTable {
  /** Name of this table, such as the date of the price list. */
  readonly version: string
  readonly models: Readonly<Record<string, ModelPrice>>
}

export interface BreakerPolicy {
  /** Failures in a row that open it. */
  readonly failureThreshold: number
  /** Newest calls that are looked at, and how many there must be before their rate counts. */
  readonly windowCalls: number
  readonly minimumCalls: number
  readonly failureRatePercent: number
  /** How long it is open the first time; each time doubles it up to the most. */
  readonly openMs: number
  readonly maxOpenMs: number
  /** Calls that a half-open breaker lets through, and how long each may take. */
  readonly probes: number
  readonly probeMs: number
  /** The same refused call so often without a pause of five seconds is a runaway loop. */
  readonly runawayRefusals: number
}

/** What the policy asks of whoever does work that needs a capability. */
export interface CapabilityRule {
  /** Counts only when an administrator granted it. */
  readonly grantedOnly?: boolean
  readonly minimumReputation?: number
  /** Least model tier. */
  readonly minimumTier?: string
  /** Most that a task which needs it may cost, nano-dollars. */
  readonly maxCostNanos?: number
}

export interface HelpPolicy {
  /** Whether the governor asks helpers by itself; otherwise the orchestrator does. */
  readonly automatic: boolean
  /** How long a helper may take to answer, and how long one that accepted may be silent. */
  readonly answerMs: number
  readonly leaseMs: number
}

/** What an operator decides about resources. The log has every policy that was ever in force, with its digest. */
export interface GovernorPolicy {
  /** The holder and its helpers together. */
  readonly maxSwarmsPerTask: number
  /** Most that the claims of a task may cost together, and most that all help with it may; absent: no bound, no hold. */
  readonly maxCostPerTaskNanos?: number
  /** Smallest part of the needed capabilities that a swarm must have, 0 to 1. */
  readonly minCapabilityMatch: number
  /** 0 to 1; a swarm below gets no work. */
  readonly minReputation: number
  /** Model tiers from the smallest to the largest. A tier not named here must match exactly. */
  readonly tiers: readonly string[]
  /** Rate of a swarm that names none, nano-dollars an hour. */
  readonly assumedCostPerHourNanos: number
  /** Whether a capability that no registry names is refused. */
  readonly knownCapabilitiesOnly: boolean
  /** The user's own capabilities: name and what it means. */
  readonly capabilityRegistry: Readonly<Record<string, string>>
  readonly capabilityRules: Readonly<Record<string, CapabilityRule>>
  readonly breaker: BreakerPolicy
  readonly help: HelpPolicy
  /** How long a question waits for a person, unless it says otherwise. */
  readonly escalationMs: number
  readonly budgets: BudgetPolicy
  readonly prices: PriceTable
  /** What is decided about modules; absent: DEFAULT_CHASSIS_POLICY. Policies of older logs have none. */
  readonly chassis?: ChassisPolicy
}

export function chassisPolicyOf({ chassis }: Pick<GovernorPolicy, 'chassis'>): ChassisPolicy {
  return chassis ?? DEFAULT_CHASSIS_POLICY
}

/**
 * The policy of a fabric that was never told another. It never changes: logs without a policy of their own are folded by
 * it, so another default has to be applied by an entry when a fabric is created. A test holds its digest.
 */
export const DEFAULT_GOVERNOR_POLICY: Omit<GovernorPolicy, 'chassis'> = {
  maxSwarmsPerTask: 3,
  maxCostPerTaskNanos: 10 * NANOS_PER_DOLLAR,
  minCapabilityMatch: 0.7,
  minReputation: 0,
  tiers: ['haiku', 'sonnet', 'opus'],
  assumedCostPerHourNanos: NANOS_PER_DOLLAR,
  knownCapabilitiesOnly: false,
  capabilityRegistry: {},
  capabilityRules: {},
  breaker: {
    failureThreshold: 3,
    windowCalls: 100,
    minimumCalls: 10,
    failureRatePercent: 50,
    openMs: 30 * SECOND_MS,
    maxOpenMs: 5 * MINUTE_MS,
    probes: 3,
    probeMs: 10 * MINUTE_MS,
    runawayRefusals: 100,
  },
  help: { automatic: true, answerMs: 5 * MINUTE_MS, leaseMs: 30 * MINUTE_MS },
  escalationMs: DAY_MS,
  budgets: {
    fabric: {},
    boards: {},
    swarms: {},
    holdTokens: { inputTokens: 0, outputTokens: 0, cachedTokens: 0 },
    warnPercent: 80,
  },
  prices: { version: 'none', models: {} },
}
