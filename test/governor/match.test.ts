import { describe, expect, test } from 'vitest'
import { capabilityMatch, qualify, tierSuffices } from '../../src/governor/match.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../src/governor/policy/policy.js'
import { makeSwarm } from '../../src/testing/factories.js'

const TIERS = ['haiku', 'sonnet', 'opus']
const capabilities = (count: number) => Array.from({ length: count }, (_, position) => `skill:${position}`)

describe('capability match', () => {
  test('is the met part of the needed capabilities, each counted once', () => {
    expect(capabilityMatch([], [])).toBe(1)
    expect(capabilityMatch(['a:1'], [])).toBe(1)
    expect(capabilityMatch([], ['a:1'])).toBe(0)
    expect(capabilityMatch(['a:1', 'b:2'], ['a:1', 'c:3'])).toBe(0.5)
    expect(capabilityMatch(['a:1', 'a:1'], ['a:1', 'c:3'])).toBe(0.5)
    expect(capabilityMatch(['a:1'], ['a:1', 'a:1', 'a:1', 'c:3'])).toBe(0.5)
  })

  test('seven of ten are enough, two of three are not', () => {
    const seven = makeSwarm('s', { capabilities: capabilities(7) })
    expect(qualify(seven, { requires: capabilities(10) }, DEFAULT_GOVERNOR_POLICY)).toEqual({
      qualified: true,
      match: 0.7,
    })
    const two = makeSwarm('s', { capabilities: capabilities(2) })
    const refusal = qualify(two, { requires: capabilities(3) }, DEFAULT_GOVERNOR_POLICY)
    expect(refusal).toMatchObject({ qualified: false, reason: expect.stringContaining('67%') })
    expect(refusal).toMatchObject({ reason: expect.stringContaining('skill:2') })
  })
})

describe('model tiers', () => {
  test.each([
    [undefined, 'opus', true],
    ['haiku', undefined, true],
    ['haiku', 'haiku', true],
    ['opus', 'haiku', true],
    ['haiku', 'sonnet', false],
    ['mine', 'mine', true],
    ['mine', 'haiku', false],
    ['opus', 'mine', false],
  ])('a swarm of tier %s and a task of tier %s: %s', (have, need, suffices) => {
    expect(tierSuffices(have, need, TIERS)).toBe(suffices)
    const swarm = makeSwarm('s', have === undefined ? {} : { tier: have })
    const work = { requires: [], ...(need !== undefined && { tier: need }) }
    expect(qualify(swarm, work, DEFAULT_GOVERNOR_POLICY).qualified).toBe(suffices)
  })
})
