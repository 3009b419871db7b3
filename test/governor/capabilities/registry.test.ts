import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DOMAINS } from '../../../src/governor/capabilities/built-in.js'
import { RULE_PATTERN, ruledDomain } from '../../../src/governor/capabilities/names.js'
import {
  listCapabilities,
  lookupCapability,
  suggestCapability,
  unknownCapabilities,
} from '../../../src/governor/capabilities/registry.js'
import { CAPABILITY_PATTERN } from '../../../src/model/capability.js'
import { LINE_PATTERN } from '../../../src/user-file/file-fields.js'

const none = { capabilityRegistry: {} }
const own = { capabilityRegistry: { 'game:balance': 'Tune rules until play is fair', 'code:go': 'Our dialect of Go' } }

describe('the built-in registry', () => {
  const all = listCapabilities(none)

  test('has at least 45 well-formed capabilities with a meaning of one line, sorted by name', () => {
    expect(all.length).toBeGreaterThanOrEqual(45)
    for (const { name, meaning, own } of all) {
      expect(name).toMatch(CAPABILITY_PATTERN)
      expect(meaning).toMatch(LINE_PATTERN)
      expect(own).toBe(false)
    }
    const names = all.map(({ name }) => name)
    expect(names).toEqual([...names].sort())
  })

  test.each([
    'code:typescript',
    'code:rust',
    'code:go',
    'code:python',
    'test:integration',
    'test:unit',
    'test:load',
    'db:postgres',
    'ops:kubernetes',
    'net:sip',
    'net:webrtc',
    'deploy:production',
  ])('knows %s', (name) => {
    expect(lookupCapability(name, none)).toMatchObject({ name, own: false })
  })

  test('knows every capability of the example swarms', () => {
    const text = readFileSync(new URL('../../../examples/boards/swarms.yaml', import.meta.url), 'utf8')
    const names = [...text.matchAll(/capabilities: \[(.*)\]/g)].flatMap(([, list = '']) => list.split(', '))
    expect(names.length).toBeGreaterThan(20)
    expect(unknownCapabilities(names, none)).toEqual([])
  })
})

describe('own capabilities', () => {
  test('stand beside the built-in ones, and may give one of them another meaning', () => {
    expect(lookupCapability('game:balance', own)).toEqual({
      name: 'game:balance',
      meaning: 'Tune rules until play is fair',
      own: true,
    })
    expect(lookupCapability('code:go', own)).toMatchObject({ meaning: 'Our dialect of Go', own: true })
    expect(listCapabilities(own)).toHaveLength(listCapabilities(none).length + 1)
    expect(listCapabilities(own).filter((capability) => capability.own)).toHaveLength(2)
  })

  test('are what makes a name known; names of what every object has are not', () => {
    expect(unknownCapabilities(['game:balance', 'code:go', 'game:balance'], none)).toEqual(['game:balance'])
    expect(unknownCapabilities(['game:balance', 'constructor', '__proto__', 'toString'], own)).toEqual([
      'constructor',
      '__proto__',
      'toString',
    ])
  })
})

describe('a suggestion', () => {
  test.each([
    ['code:typescirpt', 'code:typescript'],
    ['Code:Rust', 'code:rust'],
    ['db:postgresql', 'db:postgres'],
    ['ops:kubernets', 'ops:kubernetes'],
    ['sec:cryptography', 'security:cryptography'],
    ['sec:review', 'security:review'],
    ['postgres', 'db:postgres'],
    ['gmae:balance', 'game:balance'],
  ])('for %s is %s', (name, expected) => {
    expect(suggestCapability(name, own)).toBe(expected)
  })

  test.each(['bakery:bread', 'xy', '', ':'])('is not made for %j', (name) => {
    expect(suggestCapability(name, own)).toBeUndefined()
  })

  test('is always a known capability', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z]{1,8}:[a-z]{1,12}$/)), (name) => {
        const suggested = suggestCapability(name, own)
        if (suggested !== undefined) expect(lookupCapability(suggested, own)).toBeDefined()
      }),
    )
  })
})

describe('patterns', () => {
  test.each(['code:go', 'net:sip:trunk', 'a:b', 'x.y:z-1_2'])('%s is a capability', (name) => {
    expect(name).toMatch(CAPABILITY_PATTERN)
    expect(name).toMatch(RULE_PATTERN)
    expect(ruledDomain(name)).toBeUndefined()
  })

  test.each(['code', ':go', 'code:', 'code::go', 'code: go', '-code:go', `code:${'x'.repeat(124)}`])(
    '%s is none',
    (name) => {
      expect(name).not.toMatch(CAPABILITY_PATTERN)
      expect(name).not.toMatch(RULE_PATTERN)
    },
  )

  test('a rule may be for a whole domain', () => {
    expect('deploy:*').toMatch(RULE_PATTERN)
    expect('deploy:*').not.toMatch(CAPABILITY_PATTERN)
    expect(ruledDomain('deploy:*')).toBe('deploy')
    for (const name of ['*', '*:*', 'deploy:prod*', 'deploy:*:x']) expect(name).not.toMatch(RULE_PATTERN)
  })

  test('every domain has a meaning', () => {
    for (const { meaning } of Object.values(DOMAINS)) expect(meaning).toMatch(LINE_PATTERN)
  })
})
