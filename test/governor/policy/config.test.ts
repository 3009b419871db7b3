import { describe, expect, test } from 'vitest'
import { governorPolicySchema } from '../../../src/governor/policy/canonical.js'
import { readConfig } from '../../../src/governor/policy/config.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../../src/governor/policy/policy.js'
import { ruleOf } from '../../../src/governor/policy/rules.js'

const read = (source: string) => readConfig('infrafabric.yaml', source)

describe('what a file does not say', () => {
  test.each([
    ['an empty file', ''],
    ['a file of comments', '# nothing yet\n'],
    ['an empty map', '{}'],
    ['empty sections', 'resource_policy: {}\nbudgets: {}\nbreakers: {}\nhelp: {}\nescalation: {}\nchannels: []\n'],
    ['a byte order mark', '\ufeff# nothing\n'],
  ])('is the default: %s', (_, source) => {
    expect(read(source)).toEqual({ policy: DEFAULT_GOVERNOR_POLICY, host: { channels: [] }, warnings: [] })
  })
})

test('every key reaches its place', () => {
  const { policy, host, warnings } = read(`
listen: '[::1]:7421'
resource_policy:
  max_swarms_per_task: 5
  max_cost_per_task: $2.50
  min_capability_match: 1
  circuit_breaker_failure_threshold: 4
  minimum_reputation: .25
  tiers: [small, large]
  assumed_cost_per_hour: 0.75
  known_capabilities_only: true
  capability_rules:
    deploy:*: { granted_only: true }
    deploy:production: { granted_only: false, minimum_reputation: 0.9, minimum_tier: large, max_cost: 1 }
capability_registry:
  game:balance: Tune the rules
budgets:
  fabric: { total: 1000, month: { dollars: 100, input_tokens: 9_000 } }
  boards: { '*': { week: 50 }, b-1: { day: 5 } }
  swarms: { 2026: { day: { output_tokens: 10, cached_tokens: 0 } } }
  hold_tokens: { input_tokens: 1_000, output_tokens: 100, cached_tokens: 10 }
  warn_percent: 90
prices:
  version: 2026-11-25
  models:
    vendor/m-1@2026: { input_nanos: 3_000_000_000, output_nanos: 15000000000 }
    constructor: { input_nanos: 0, output_nanos: 1, cached_nanos: 2 }
breakers:
  window_calls: 20
  minimum_calls: 20
  failure_rate_percent: 25
  open_for: 500ms
  max_open_for: 2h
  probes: 1
  probe_for: 1m
  runaway_refusals: 50
help: { automatic: false, answer_within: 90s, silent_for: 1h }
escalation: { expires_after: 48h }
channels:
  - { kind: webhook, name: chat, min_severity: info, url_env: CHAT_URL, secret_env: CHAT_SECRET }
  - { kind: webhook, name: board, url: 'https://example.com/hook?x=1' }
  - kind: email
    name: call
    min_severity: critical
    host: smtp.example.com
    port: 465
    secure: true
    from: a@example.com
    to: [b@example.com, c@example.com]
    user_env: SMTP_USER
    password_env: SMTP_PASSWORD
  - { kind: email, name: plain, host: 127.0.0.1, from: a@example.com, to: [b@example.com] }
`)
  const expected: GovernorPolicy = {
    maxSwarmsPerTask: 5,
    maxCostPerTaskNanos: 2_500_000_000,
    minCapabilityMatch: 1,
    minReputation: 0.25,
    tiers: ['small', 'large'],
    assumedCostPerHourNanos: 750_000_000,
    knownCapabilitiesOnly: true,
    capabilityRegistry: { 'game:balance': 'Tune the rules' },
    capabilityRules: {
      'deploy:*': { grantedOnly: true },
      'deploy:production': {
        grantedOnly: false,
        minimumReputation: 0.9,
        minimumTier: 'large',
        maxCostNanos: 1_000_000_000,
      },
    },
    breaker: {
      failureThreshold: 4,
      windowCalls: 20,
      minimumCalls: 20,
      failureRatePercent: 25,
      openMs: 500,
      maxOpenMs: 7_200_000,
      probes: 1,
      probeMs: 60_000,
      runawayRefusals: 50,
    },
    help: { automatic: false, answerMs: 90_000, leaseMs: 3_600_000 },
    escalationMs: 172_800_000,
    budgets: {
      fabric: { total: { nanos: 1_000_000_000_000 }, month: { nanos: 100_000_000_000, inputTokens: 9_000 } },
      boards: { '*': { week: { nanos: 50_000_000_000 } }, 'b-1': { day: { nanos: 5_000_000_000 } } },
      swarms: { 2026: { day: { outputTokens: 10, cachedTokens: 0 } } },
      holdTokens: { inputTokens: 1_000, outputTokens: 100, cachedTokens: 10 },
      warnPercent: 90,
    },
    prices: {
      version: '2026-11-25',
      models: {
        'vendor/m-1@2026': { inputNanos: 3_000_000_000, outputNanos: 15_000_000_000, cachedNanos: 3_000_000_000 },
        constructor: { inputNanos: 0, outputNanos: 1, cachedNanos: 2 },
      },
    },
  }
  expect(policy).toEqual(expected)
  expect(governorPolicySchema.parse(policy)).toEqual(policy)
  expect(host).toEqual({
    listen: '[::1]:7421',
    channels: [
      { kind: 'webhook', name: 'chat', minSeverity: 'info', urlEnv: 'CHAT_URL', secretEnv: 'CHAT_SECRET' },
      { kind: 'webhook', name: 'board', minSeverity: 'warning', url: 'https://example.com/hook?x=1' },
      {
        kind: 'email',
        name: 'call',
        minSeverity: 'critical',
        host: 'smtp.example.com',
        port: 465,
        secure: true,
        from: 'a@example.com',
        to: ['b@example.com', 'c@example.com'],
        userEnv: 'SMTP_USER',
        passwordEnv: 'SMTP_PASSWORD',
      },
      {
        kind: 'email',
        name: 'plain',
        minSeverity: 'warning',
        host: '127.0.0.1',
        port: 587,
        secure: false,
        from: 'a@example.com',
        to: ['b@example.com'],
      },
    ],
  })
  expect(warnings).toEqual([])
})

test('a task without a bound on its cost has none in the policy', () => {
  const { policy } = read('resource_policy: { max_cost_per_task: unlimited }')
  expect(policy).not.toHaveProperty('maxCostPerTaskNanos')
  expect(governorPolicySchema.safeParse(policy).success).toBe(true)
})

test('JSON is read too', () => {
  const json = JSON.stringify({ resource_policy: { max_cost_per_task: 0.1, min_capability_match: 0.8 } })
  expect(read(json).policy).toMatchObject({ maxCostPerTaskNanos: 100_000_000, minCapabilityMatch: 0.8 })
})

test('the exact rule of a capability goes before that of its domain', () => {
  const { policy } = read(`
resource_policy:
  capability_rules:
    deploy:*: { granted_only: true }
    deploy:staging: { minimum_reputation: 0.5 }
`)
  expect(ruleOf(policy, 'deploy:production')).toEqual({ grantedOnly: true })
  expect(ruleOf(policy, 'deploy:staging')).toEqual({ minimumReputation: 0.5 })
  expect(ruleOf(policy, 'code:go')).toBeUndefined()
})
