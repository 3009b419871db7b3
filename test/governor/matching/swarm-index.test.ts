import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { qualify } from '../../../src/governor/match.js'
import { compareScores, scoreOf } from '../../../src/governor/matching/score.js'
import { type Found, type Member, SwarmIndex, type Wanted } from '../../../src/governor/matching/swarm-index.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../../src/governor/policy/policy.js'

const TIERS = ['haiku', 'sonnet', 'opus']
const BOUNDS = { minMatch: 0.7, tiers: TIERS }
const nobody = () => false

function member(id: string, capabilities: string[], more: Partial<Member> = {}): Member {
  return { id, capabilities, reputation: 1, costPerHourNanos: 1_000, ...more }
}

function indexOf(...members: Member[]): SwarmIndex {
  const index = new SwarmIndex()
  for (const one of members) index.put(one)
  return index
}

function best(index: SwarmIndex, wanted: Wanted, isOut: (id: string) => boolean = nobody): Found | undefined {
  return index.best(wanted, BOUNDS, isOut)
}

describe('who qualifies', () => {
  test('half and two thirds of what is needed are too little, three quarters are not', () => {
    const index = indexOf(member('two', ['a', 'b']), member('three', ['a', 'b', 'c']))
    expect(best(index, { requires: ['a', 'x'] })).toBeUndefined()
    expect(best(index, { requires: ['a', 'b', 'x'] })).toBeUndefined()
    expect(best(index, { requires: ['a', 'b', 'c', 'x'] })).toEqual({ id: 'three', match: 0.75 })
  })

  test('what is named twice counts once', () => {
    const index = indexOf(member('one', ['a', 'a', 'a']))
    expect(best(index, { requires: ['a', 'a', 'b'] })).toBeUndefined()
    expect(best(index, { requires: ['a', 'a'] })).toEqual({ id: 'one', match: 1 })
  })

  test('more capabilities than needed cost nothing', () => {
    const index = indexOf(member('b-narrow', ['a']), member('a-broad', ['a', 'b', 'c', 'd']))
    expect(best(index, { requires: ['a'] })).toEqual({ id: 'a-broad', match: 1 })
  })

  test('whoever is there qualifies for work that needs nothing', () => {
    expect(best(indexOf(member('none', [])), { requires: [] })).toEqual({ id: 'none', match: 1 })
    expect(best(new SwarmIndex(), { requires: [] })).toBeUndefined()
  })

  test('every tier that is asked for has to be met; one without a tier meets all', () => {
    const index = indexOf(member('a', [], { tier: 'haiku' }), member('b', [], { tier: 'sonnet' }), member('c', []))
    const ids = (tier: Wanted['tier']) =>
      [...index.inOrder({ requires: [], ...(tier !== undefined && { tier }) }, BOUNDS, nobody)].map(({ id }) => id)
    expect(ids(undefined)).toEqual(['a', 'b', 'c'])
    expect(ids('sonnet')).toEqual(['b', 'c'])
    expect(ids(['haiku', 'sonnet'])).toEqual(['b', 'c'])
    expect(ids(['sonnet', 'opus'])).toEqual(['c'])
  })

  test('a reputation below the least is out', () => {
    const index = indexOf(
      member('a', [], { reputation: 0.4, costPerHourNanos: 1 }),
      member('b', [], { reputation: 0.5 }),
    )
    expect(best(index, { requires: [], minReputation: 0.5 })?.id).toBe('b')
    expect([...index.inOrder({ requires: [], minReputation: 0.5 }, BOUNDS, nobody)]).toHaveLength(1)
  })
})

describe('who is best', () => {
  test('the cheaper, the better reputed, the free one', () => {
    const index = indexOf(member('dear', ['a'], { costPerHourNanos: 2_000 }), member('cheap', ['a', 'b']))
    expect(best(index, { requires: ['a'] })?.id).toBe('cheap')
    index.put(member('cheap', ['a', 'b'], { reputation: 0.4 }))
    expect(best(index, { requires: ['a'] })?.id).toBe('dear')
    index.put(member('free', ['a', 'c'], { reputation: 0.1, costPerHourNanos: 0 }))
    expect(best(index, { requires: ['a'] })?.id).toBe('free')
  })

  test('a complete match is worth more than a partial one at the same rate, not at any', () => {
    const index = indexOf(member('a-partial', ['a', 'b', 'c']), member('complete', ['a', 'b', 'c', 'd']))
    const requires = ['a', 'b', 'c', 'd']
    expect(best(index, { requires })).toEqual({ id: 'complete', match: 1 })
    index.put(member('a-partial', ['a', 'b', 'c'], { costPerHourNanos: 700 }))
    expect(best(index, { requires })).toEqual({ id: 'a-partial', match: 0.75 })
  })

  test('the best that is not out', () => {
    const index = indexOf(member('a', ['x']), member('b', ['x']), member('c', ['x', 'y'], { costPerHourNanos: 5_000 }))
    expect(best(index, { requires: ['x'] }, (id) => id === 'a')?.id).toBe('b')
    expect(best(index, { requires: ['x'] }, (id) => id !== 'c')?.id).toBe('c')
    expect(best(index, { requires: ['x'] }, () => true)).toBeUndefined()
  })

  test('one that is out lends nothing to those who can do the same', () => {
    const index = indexOf(member('middle', ['x', 'y']), member('a', ['x'], { costPerHourNanos: 500 }))
    index.put(member('b', ['x'], { costPerHourNanos: 2_000 }))
    expect(best(index, { requires: ['x'] }, (id) => id === 'a')?.id).toBe('middle')
  })

  test('who left or can do something else is not found', () => {
    const index = indexOf(member('a', ['x']), member('b', ['x']))
    index.remove('a')
    index.remove('unknown')
    expect(index.size).toBe(1)
    index.put(member('b', ['y']))
    expect(best(index, { requires: ['x'] })).toBeUndefined()
    expect(best(index, { requires: ['y'] })?.id).toBe('b')
    expect(index.size).toBe(1)
  })
})

describe('against a look at everybody', () => {
  const capability = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const members = fc.record({
    id: fc.nat(12).map(String),
    // Some sets come often, so that there are groups of several.
    capabilities: fc.oneof(fc.constantFrom(['a'], ['a', 'b']), fc.array(capability, { maxLength: 5 })),
    tier: fc.option(fc.constantFrom(...TIERS, 'own'), { nil: undefined }),
    reputation: fc.constantFrom(0, 0.25, 0.3, 0.6, 1),
    costPerHourNanos: fc.constantFrom(0, 100, 200, 300),
  })
  const change = fc.oneof({ weight: 4, arbitrary: members }, fc.nat(12).map(String))
  const query = fc.record({
    requires: fc.array(capability, { maxLength: 6 }),
    tier: fc.option(fc.constantFrom(...TIERS, 'own'), { nil: undefined }),
    minMatch: fc.constantFrom(0, 0.5, 0.7, 1),
    out: fc.array(fc.nat(12).map(String), { maxLength: 6 }),
  })

  type Query = typeof query extends fc.Arbitrary<infer Value> ? Value : never

  function linear(known: Iterable<Member>, { requires, tier, minMatch, out }: Query): Found[] {
    const policy = { ...DEFAULT_GOVERNOR_POLICY, minCapabilityMatch: minMatch }
    const found = [...known].flatMap((one) => {
      const swarm = { ...one, state: 'active', capacity: 1, metadata: {}, registeredAt: 0 } as const
      const result = qualify(swarm, { requires, ...(tier !== undefined && { tier }) }, policy)
      return result.qualified && !out.includes(one.id) ? [scoreOf(one, result.match, policy)] : []
    })
    return found.sort(compareScores).map(({ id, match }) => ({ id, match }))
  }

  function run(changes: readonly (string | Record<string, unknown>)[], queries: readonly Query[]) {
    const index = new SwarmIndex()
    const known = new Map<string, Member>()
    for (const one of changes) {
      if (typeof one === 'string') {
        index.remove(one)
        known.delete(one)
        continue
      }
      const { tier, ...rest } = one as unknown as Member
      const changed = { ...rest, ...(tier !== undefined && { tier }) }
      index.put(changed)
      known.set(changed.id, changed)
    }
    const answers = queries.map(({ requires, tier, minMatch, out }) => {
      const wanted = { requires, ...(tier !== undefined && { tier }) }
      const bounds = { minMatch, tiers: TIERS }
      const isOut = (id: string) => out.includes(id)
      return { first: index.best(wanted, bounds, isOut), all: [...index.inOrder(wanted, bounds, isOut)] }
    })
    return { index, known, answers }
  }

  test('the same best one and the same order after any history', () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 40 }),
        fc.array(query, { minLength: 1, maxLength: 5 }),
        (changes, queries) => {
          const { index, known, answers } = run(changes, queries)
          expect(index.size).toBe(known.size)
          for (const [position, { first, all }] of answers.entries()) {
            const expected = linear(known.values(), queries[position] as Query)
            expect(all).toEqual(expected)
            expect(first).toEqual(expected[0])
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('the order of registration changes nothing', () => {
    const everybody = fc.uniqueArray(members, { selector: ({ id }) => id, minLength: 2 })
    const shuffled = everybody.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    )
    fc.assert(
      fc.property(shuffled, query, ([one, other], asked) => {
        expect(run(other, [asked]).answers).toEqual(run(one, [asked]).answers)
      }),
    )
  })
})

describe('work', () => {
  test('in a group of thousands only those before the best are asked about', () => {
    const index = indexOf(...Array.from({ length: 2_000 }, (_, position) => member(`s-${position}`, ['a'])))
    const asked: string[] = []
    const found = best(index, { requires: ['a'] }, (id) => asked.push(id) < 3)
    expect(found?.id).toBe('s-10')
    expect(asked).toEqual(['s-0', 's-1', 's-10'])
  })

  test('groups whose first is no better are not asked about', () => {
    const members = Array.from({ length: 500 }, (_, position) =>
      member(`s-${position}`, ['a', `b-${position}`], { costPerHourNanos: 1_000 + position }),
    )
    const index = indexOf(...members)
    let asked = 0
    best(index, { requires: ['a'] }, () => {
      asked += 1
      return false
    })
    expect(asked).toBe(1)
    expect(best(index, { requires: ['b-499'] })?.id).toBe('s-499')
  })

  test('an order is made only as far as somebody asks', () => {
    const members = Array.from({ length: 300 }, (_, position) =>
      member(`s-${position}`, ['a'], { costPerHourNanos: 1_000 + position }),
    )
    const asked: string[] = []
    for (const { id } of indexOf(...members).inOrder({ requires: ['a'] }, BOUNDS, (id) => asked.push(id) === 0)) {
      if (id === 's-2') break
    }
    expect(asked).toEqual(['s-0', 's-1', 's-2'])
  })

  test('two orders and a question at the same time do not disturb each other', () => {
    const index = indexOf(member('a', ['x', 'y']), member('b', ['x']), member('c', ['y']))
    const first = index.inOrder({ requires: ['x'] }, BOUNDS, nobody)
    const second = index.inOrder({ requires: ['y'] }, BOUNDS, nobody)
    expect([first.next().value, second.next().value]).toEqual([
      { id: 'a', match: 1 },
      { id: 'a', match: 1 },
    ])
    expect(best(index, { requires: ['x', 'y'] })?.id).toBe('a')
    expect([[...first], [...second]]).toEqual([[{ id: 'b', match: 1 }], [{ id: 'c', match: 1 }]])
  })
})
