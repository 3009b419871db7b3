import { DEFAULT_GOVERNOR_POLICY } from '../dist/governor/policy/policy.js'

const DOLLAR = 1_000_000_000
const { maxCostPerTaskNanos: _, ...unbounded } = DEFAULT_GOVERNOR_POLICY

/** Nothing is bounded, so claims hold nothing. Breakers and capabilities are still looked at: they cannot be left out. */
export const UNGOVERNED = { ...unbounded, maxSwarmsPerTask: 1_000 }

const LARGE = 1_000_000 * DOLLAR

/** Budgets of a fabric that uses all of it: total and day for the fabric, its boards and each swarm, and a rule. */
export const GOVERNED = {
  ...DEFAULT_GOVERNOR_POLICY,
  capabilityRules: { 'deploy:*': { grantedOnly: true, minimumReputation: 0.9 } },
  budgets: {
    ...DEFAULT_GOVERNOR_POLICY.budgets,
    fabric: { total: { nanos: 8 * LARGE }, day: { nanos: 8 * LARGE } },
    boards: { '*': { total: { nanos: 4 * LARGE } } },
    swarms: { '*': { total: { nanos: LARGE }, day: { nanos: LARGE } } },
  },
}
