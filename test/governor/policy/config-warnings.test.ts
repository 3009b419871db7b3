import { describe, expect, test } from 'vitest'
import { readConfig } from '../../../src/governor/policy/config.js'

const warningsOf = (source: string) =>
  readConfig('a.yaml', source).warnings.map(({ line, message }) => `${line}: ${message}`)

const rules = (text: string) => `resource_policy:\n  capability_rules:\n${text}`

describe('a warning is given for', () => {
  test.each([
    [
      'a rule for an unknown capability',
      rules('    deploy:prodution: {granted_only: true}'),
      '3: resource_policy.capability_rules.deploy:prodution is for a capability that no registry names. Did you mean deploy:production?',
    ],
    [
      'a rule for one that is like none',
      rules('    bakery:bread: {granted_only: true}'),
      '3: resource_policy.capability_rules.bakery:bread is for a capability that no registry names. Add it to capability_registry.',
    ],
    [
      'a rule for an unknown domain',
      rules('    bakery:*: {granted_only: true}'),
      '3: resource_policy.capability_rules.bakery:* is for a domain in which no registry names a capability.',
    ],
    [
      'a tier that is not named',
      rules('    code:go:\n      minimum_tier: huge'),
      '4: resource_policy.capability_rules.code:go.minimum_tier is a tier that tiers does not name, so only swarms of exactly this tier qualify.',
    ],
    [
      'a cost above that of every task',
      rules('    code:go:\n      max_cost: 10.01'),
      '4: resource_policy.capability_rules.code:go.max_cost is above max_cost_per_task ($10.00), which counts.',
    ],
    [
      'a board that may spend more than the fabric',
      'budgets:\n  fabric: {day: 5}\n  boards:\n    a: {day: 5.000000001, week: 50}',
      '4: budgets.boards.a.day is above the limit of the fabric for the same time, which counts.',
    ],
    [
      'a swarm that may use more tokens than the fabric',
      "budgets:\n  hold_tokens: {input_tokens: 1}\n  fabric: {total: {input_tokens: 5}}\n  swarms:\n    '*':\n      total: {input_tokens: 6}",
      '6: budgets.swarms.*.total.input_tokens is above the limit of the fabric for the same time, which counts.',
    ],
    [
      'tokens that are limited, but not reserved',
      'budgets:\n  fabric:\n    day: {output_tokens: 5}',
      '3: budgets.fabric.day.output_tokens is limited, but budgets.hold_tokens.output_tokens is 0: claims reserve none, so the limit is seen only when it is passed.',
    ],
  ])('%s', (_, source, message) => {
    expect(warningsOf(source)).toEqual([message])
  })

  test('nothing that makes sense', () => {
    expect(
      warningsOf(`
capability_registry: { bakery:bread: Bake bread }
resource_policy:
  max_cost_per_task: unlimited
  capability_rules:
    bakery:*: { granted_only: true }
    bakery:bread: { minimum_tier: opus, max_cost: 100 }
    code:*: { minimum_tier: haiku }
budgets:
  fabric: { day: 5, total: { output_tokens: 10 } }
  boards: { a: { day: 5, week: 100 } }
  hold_tokens: { output_tokens: 1 }
`),
    ).toEqual([])
  })
})
