import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../../src/governor/policy/config.js'
import { formatDollars } from '../../../src/model/money.js'
import { FILE, places } from './support.js'

const nanosOf = (text: string) => {
  return readConfig(FILE, `resource_policy: { assumed_cost_per_hour: ${text} }`).policy.assumedCostPerHourNanos
}

describe('dollars', () => {
  test.each([
    ['0', 0],
    ['-0', 0],
    ['0.0', 0],
    ['0.1', 100_000_000],
    ['10.0', 10_000_000_000],
    ['"0.3"', 300_000_000],
    ['$5', 5_000_000_000],
    ['"$2.50"', 2_500_000_000],
    ['0.00000028', 280],
    ['0.000000001', 1],
    // Digits that no float holds.
    ['9007199.254740991', Number.MAX_SAFE_INTEGER],
    ['4503599.627370497', 4_503_599_627_370_497],
    ['007', 7_000_000_000],
  ])('%s are exactly %i nano-dollars', (text, nanos) => {
    expect(nanosOf(text)).toBe(nanos)
  })

  test.each([
    '0.0000000001',
    '9007199.254740992',
    '9007200',
    '1e300',
    '1e3',
    '1e-3',
    '.inf',
    '-.inf',
    '.nan',
    '-1',
    '-0.5',
    '0x10',
    '0o17',
    '1_000',
    '"1,000.00"',
    '5 USD',
    '€5',
    'free',
    'true',
    '[5]',
    '""',
    '1.',
    '99999999999999999999999999',
  ])('are not %s', (text) => {
    expect(places(`resource_policy: { assumed_cost_per_hour: ${text} }`)).toEqual([
      '1 resource_policy.assumed_cost_per_hour',
    ])
  })

  test('keep every digit, whatever the sum, with and without quotes', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.boolean(), fc.boolean(), (nanos, quoted, signed) => {
        const shown = formatDollars(nanos)
        const text = signed ? shown : shown.slice(1)
        expect(nanosOf(quoted ? `"${text}"` : text)).toBe(nanos)
      }),
    )
  })

  test('of a float in JSON are those of its digits', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (cents) => {
        const json = JSON.stringify({ resource_policy: { assumed_cost_per_hour: cents / 100 } })
        expect(readConfig(FILE, json).policy.assumedCostPerHourNanos).toBe(cents * 10_000_000)
      }),
    )
  })

  test('are read alike everywhere', () => {
    const { policy } = readConfig(
      FILE,
      `
resource_policy: { max_cost_per_task: 0.1, capability_rules: { code:go: { max_cost: 0.1 } } }
budgets:
  fabric: { total: 0.1, day: { dollars: 0.1 } }
  boards: { a: { week: 0.1 } }
  swarms: { a: { month: 0.1 } }
`,
    )
    const tenth = { nanos: 100_000_000 }
    expect(policy).toMatchObject({
      maxCostPerTaskNanos: tenth.nanos,
      capabilityRules: { 'code:go': { maxCostNanos: tenth.nanos } },
      budgets: {
        fabric: { total: tenth, day: tenth },
        boards: { a: { week: tenth } },
        swarms: { a: { month: tenth } },
      },
    })
  })
})

describe('nano-dollars of a price', () => {
  test('are whole numbers, with groups or without', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (nanos) => {
        const grouped = String(nanos).replace(/\B(?=(\d{3})+$)/g, '_')
        const source = `prices: {version: a, models: {m: {input_nanos: ${nanos}, output_nanos: ${grouped}}}}`
        expect(readConfig(FILE, source).policy.prices.models.m).toEqual({
          inputNanos: nanos,
          outputNanos: nanos,
          cachedNanos: nanos,
        })
      }),
    )
  })
})
