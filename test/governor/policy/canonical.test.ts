import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalPolicy, governorPolicySchema, policyBytes } from '../../../src/governor/policy/canonical.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../../src/governor/policy/policy.js'
import { LIMITS } from '../../../src/model/limits.js'

const digest = (policy: GovernorPolicy) => createHash('sha256').update(canonicalPolicy(policy)).digest('hex')

/** The same value with the fields of every object in an order that `next` decides. */
function shuffled<T>(value: T, next: () => number): T {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, next)) as T
  if (typeof value !== 'object' || value === null) return value
  const keyed = Object.entries(value).map(([key, item]) => [next(), key, shuffled(item, next)] as const)
  return Object.fromEntries(keyed.sort(([a], [b]) => a - b).map(([, key, item]) => [key, item])) as T
}

describe('the canonical form', () => {
  test('does not depend on the order of fields', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
        const other = shuffled(DEFAULT_GOVERNOR_POLICY, () => numbers.next().value)
        expect(digest(other)).toBe(digest(DEFAULT_GOVERNOR_POLICY))
      }),
    )
  })

  test('depends on every value, on the order of tiers, and not on fields that are absent', () => {
    const { maxCostPerTaskNanos: _, ...unlimited } = DEFAULT_GOVERNOR_POLICY
    const { tiers } = DEFAULT_GOVERNOR_POLICY
    const policies: GovernorPolicy[] = [
      DEFAULT_GOVERNOR_POLICY,
      unlimited,
      { ...DEFAULT_GOVERNOR_POLICY, minReputation: 0.1 },
      { ...DEFAULT_GOVERNOR_POLICY, tiers: [...tiers].reverse() },
    ]
    expect(new Set(policies.map(digest)).size).toBe(policies.length)
    expect(digest({ ...unlimited, maxCostPerTaskNanos: undefined } as unknown as GovernorPolicy)).toBe(
      digest(unlimited),
    )
  })

  test('is read again as the same policy', () => {
    const again: GovernorPolicy = governorPolicySchema.parse(JSON.parse(canonicalPolicy(DEFAULT_GOVERNOR_POLICY)))
    expect(again).toEqual(DEFAULT_GOVERNOR_POLICY)
  })

  // Whoever changes the form changes the digest of every policy in every log.
  test('of the default keeps its digest', () => {
    expect(digest(DEFAULT_GOVERNOR_POLICY)).toMatchInlineSnapshot(
      `"fba11ce22fa7100212170d6a44e073ef027b1e203109afa68104f97d5b97505f"`,
    )
  })
})

describe('the schema of the JSON form', () => {
  const { breaker, budgets } = DEFAULT_GOVERNOR_POLICY
  const bad: Record<string, object> = {
    'an unknown field': { surprise: 1 },
    'an unknown field further down': { breaker: { ...breaker, surprise: 1 } },
    'a missing field': { tiers: undefined },
    'money that is not whole': { assumedCostPerHourNanos: 0.5 },
    'money that is not exact': { assumedCostPerHourNanos: 2 ** 53 },
    'money that is negative': { maxCostPerTaskNanos: -1 },
    'no number': { minReputation: Number.NaN },
    'a match beyond 1': { minCapabilityMatch: 1.1 },
    'no swarm for a task': { maxSwarmsPerTask: 0 },
    'a tier named twice': { tiers: ['a', 'a'] },
    'more calls needed than looked at': { breaker: { ...breaker, minimumCalls: 101 } },
    'a breaker that opens longer than its longest': { breaker: { ...breaker, openMs: breaker.maxOpenMs + 1 } },
    'a capability without a domain': { capabilityRegistry: { rust: 'Rust' } },
    'a meaning of two lines': { capabilityRegistry: { 'code:x': 'a\nb' } },
    'a rule for everything': { capabilityRules: { '*': {} } },
    'a scope that is no id': { budgets: { ...budgets, boards: { 'a b': {} } } },
    'a window that does not exist': { budgets: { ...budgets, fabric: { year: { nanos: 1 } } } },
    'a price without its cached part': { prices: { version: '1', models: { m: { inputNanos: 1, outputNanos: 1 } } } },
    'a model name with a space': {
      prices: { version: '1', models: { 'm m': { inputNanos: 1, outputNanos: 1, cachedNanos: 1 } } },
    },
  }

  test.each(Object.keys(bad))('refuses %s', (name) => {
    expect(governorPolicySchema.safeParse({ ...DEFAULT_GOVERNOR_POLICY, ...bad[name] }).success).toBe(false)
  })

  test('takes a policy up to the size that fits into the log, and none beyond', () => {
    const full = policyOf(LIMITS.policyBytes)
    const over = policyOf(LIMITS.policyBytes + 1)
    expect([policyBytes(full), policyBytes(over)]).toEqual([LIMITS.policyBytes, LIMITS.policyBytes + 1])
    expect(governorPolicySchema.safeParse(full).success).toBe(true)
    expect(governorPolicySchema.safeParse(over).success).toBe(false)
  })
})

/** A policy whose canonical form has exactly so many bytes. */
function policyOf(bytes: number): GovernorPolicy {
  const capabilityRegistry: Record<string, string> = {}
  const withVersion = (version: string): GovernorPolicy => {
    return { ...DEFAULT_GOVERNOR_POLICY, capabilityRegistry, prices: { version, models: {} } }
  }
  const missing = () => bytes - policyBytes(withVersion('v'))
  for (let number = 100; missing() > 500; number++) capabilityRegistry[`code:${number}`] = 'x'.repeat(400)
  return withVersion('v'.repeat(1 + missing()))
}
