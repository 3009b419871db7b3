import { policyDigestOf } from '../../src/fabric/policy-digest.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../src/governor/policy/policy.js'
import { NANOS_PER_DOLLAR as DOLLAR } from '../../src/model/money.js'
import { MINUTE_MS } from '../../src/model/time.js'

const PRICES = {
  version: 'spring',
  models: {
    small: { inputNanos: DOLLAR / 4, outputNanos: DOLLAR, cachedNanos: DOLLAR / 40 },
    large: { inputNanos: 15 * DOLLAR, outputNanos: 75 * DOLLAR, cachedNanos: DOLLAR },
  },
}

const { budgets, breaker, help } = DEFAULT_GOVERNOR_POLICY
const { maxCostPerTaskNanos: _, ...UNBOUNDED } = DEFAULT_GOVERNOR_POLICY

/** Policies between which a simulation changes: budgets so small that they run out, and none at all. */
const ALL: readonly GovernorPolicy[] = [
  { ...DEFAULT_GOVERNOR_POLICY, prices: PRICES },
  {
    ...DEFAULT_GOVERNOR_POLICY,
    maxSwarmsPerTask: 2,
    maxCostPerTaskNanos: 2 * DOLLAR,
    minCapabilityMatch: 0.5,
    breaker: { ...breaker, failureThreshold: 2, openMs: MINUTE_MS, probes: 1, runawayRefusals: 4 },
    help: { ...help, answerMs: MINUTE_MS, leaseMs: 5 * MINUTE_MS },
    escalationMs: 10 * MINUTE_MS,
    budgets: {
      ...budgets,
      fabric: { day: { nanos: 60 * DOLLAR } },
      boards: { '*': { total: { nanos: 20 * DOLLAR } }, north: { week: { nanos: 7 * DOLLAR } } },
      swarms: { '*': { day: { nanos: 5 * DOLLAR }, month: { nanos: 30 * DOLLAR } } },
      warnPercent: 50,
    },
    prices: PRICES,
  },
  {
    ...DEFAULT_GOVERNOR_POLICY,
    maxSwarmsPerTask: 4,
    minReputation: 0.3,
    capabilityRules: {
      'net:*': { minimumReputation: 0.5, maxCostNanos: DOLLAR },
      'net:sip': { grantedOnly: true },
      'ops:etcd': { minimumTier: 'sonnet' },
    },
    budgets: {
      ...budgets,
      fabric: { total: { nanos: 5_000 * DOLLAR }, day: { inputTokens: 400_000 } },
      swarms: { '*': { week: { outputTokens: 20_000 } } },
      holdTokens: { inputTokens: 10_000, outputTokens: 3_000, cachedTokens: 0 },
    },
    prices: PRICES,
  },
  { ...UNBOUNDED, prices: PRICES },
  {
    ...UNBOUNDED,
    help: { ...help, automatic: false },
    budgets: { ...budgets, boards: { south: { total: { nanos: DOLLAR } } } },
  },
]

export const POLICIES = ALL.map((policy) => ({ policy, digest: policyDigestOf(policy) }))
