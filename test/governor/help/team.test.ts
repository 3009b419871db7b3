import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Candidate, planTeam, type Team, type TeamQuestion } from '../../../src/governor/help/team.js'

/** Candidates s0, s1, ... with the capabilities that the words spell, one letter each. */
function candidates(...words: string[]): Candidate[] {
  return words.map((word, position) => ({ id: `s${position}`, capabilities: [...word] }))
}

/** A team as `s0:ab s1:c`. */
function spell(team: Team | undefined): string | undefined {
  return team?.members.map(({ id, asks }) => `${id}:${asks.join('')}`).join(' ')
}

function plan(need: string, words: string[], maxHelpers = 3, more: Partial<TeamQuestion> = {}): string | undefined {
  return spell(planTeam({ need: [...need], candidates: candidates(...words), maxHelpers, ...more }))
}

describe('a team', () => {
  test('is one swarm where one is enough, the best of them', () => {
    expect(plan('abc', ['a', 'ab', 'abcd', 'abc'])).toBe('s2:abc')
  })

  test('is as small as it can be, even of weaker candidates', () => {
    expect(plan('abc', ['a', 'b', 'c', 'ab'])).toBe('s2:c s3:ab')
    expect(plan('abcdef', ['abcd', 'abe', 'cdf'])).toBe('s1:abe s2:cdf')
  })

  test('of two sizes alike has the better weakest member, then the better second weakest', () => {
    expect(plan('ab', ['a', 'x', 'a', 'b', 'b'])).toBe('s0:a s3:b')
    // s0 and s3 would do, s1 and s2 as well.
    expect(plan('abcd', ['a', 'ab', 'cd', 'bcd'])).toBe('s1:ab s2:cd')
    expect(plan('abcd', ['ac', 'ab', 'cd', 'bd'])).toBe('s1:ab s2:cd')
    expect(plan('abcdef', ['abcd', 'abe', 'de', 'cdf', 'ef'])).toBe('s1:abe s3:cdf')
  })

  test('asks each thing of its best member and something of each member', () => {
    expect(plan('abcd', ['abc', 'bcd'])).toBe('s0:abc s1:d')
    expect(plan('ca', ['a', 'c'])).toBe('s0:a s1:c')
  })

  test('does not exceed the number of helpers', () => {
    expect(plan('abc', ['a', 'b', 'c'])).toBe('s0:a s1:b s2:c')
    expect(plan('abc', ['a', 'b', 'c'], 2)).toBeUndefined()
    expect(plan('abc', ['abc'], 0)).toBeUndefined()
    expect(plan('', ['a'], 0)).toBeUndefined()
  })

  test('is none where something is missing or nobody is there', () => {
    expect(plan('abc', ['a', 'b', 'ab'])).toBeUndefined()
    expect(plan('a', [])).toBeUndefined()
    expect(plan('', [])).toBeUndefined()
  })

  test('is the best candidate, asked for nothing, where nothing is needed', () => {
    expect(planTeam({ need: [], candidates: candidates('', 'a'), maxHelpers: 3 })).toEqual({
      members: [{ id: 's0', asks: [] }],
    })
  })

  test('counts what is named twice once', () => {
    expect(plan('aab', ['aa', 'bb'])).toBe('s0:a s1:b')
  })

  test('reads no more candidates than it needs', () => {
    function* endless(): Generator<Candidate> {
      for (let position = 0; ; position += 1) yield { id: `s${position}`, capabilities: position < 3 ? [] : ['a'] }
    }
    expect(spell(planTeam({ need: ['a'], candidates: endless(), maxHelpers: 1 }))).toBe('s3:a')
  })

  test('can be asked for 64 capabilities and no more', () => {
    const need = Array.from({ length: 64 }, (_, position) => `c:${position}`)
    const parts = [need.slice(0, 33), need.slice(20, 50), need.slice(33, 50), need.slice(50)]
    const able = parts.map((capabilities, position) => ({ id: `s${position}`, capabilities }))
    for (const workLimit of [0, 1_000]) {
      const team = planTeam({ need: [...need, ...need], candidates: able, maxHelpers: 3, workLimit })
      expect(team?.members.map(({ id, asks }) => [id, asks.length])).toEqual([
        ['s0', 33],
        ['s1', 17],
        ['s3', 14],
      ])
    }
    expect(() => planTeam({ need: [...need, 'c:64'], candidates: able, maxHelpers: 3 })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })
})

const words = fc.array(
  fc.subarray([...'abcdefg']).map((letters) => letters.join('')),
  { maxLength: 9 },
)
const needs = fc.subarray([...'abcdef']).map((letters) => letters.join(''))

/** What every team has to be, however it was found. */
function expectSound(team: Team, need: string, all: readonly Candidate[], maxHelpers: number): void {
  const { members } = team
  expect(members.length).toBeLessThanOrEqual(maxHelpers)
  expect(new Set(members.map(({ id }) => id)).size).toBe(members.length)
  expect(members.flatMap(({ asks }) => asks).sort()).toEqual([...need].sort())
  for (const { id, asks } of members) {
    if (need !== '') expect(asks.length).toBeGreaterThan(0)
    expect(all.find((one) => one.id === id)?.capabilities).toEqual(expect.arrayContaining([...asks]))
  }
}

/** Tries all teams: the smallest, of these the one with the smallest positions, weakest first. */
function exhaustive(need: string, all: readonly string[], maxHelpers: number): number[] | undefined {
  let best: number[] | undefined
  for (let set = 1; set < 2 ** all.length; set += 1) {
    const team = [...all.keys()].filter((position) => (set >> position) & 1).reverse()
    const have = team.map((position) => all[position]).join('')
    if (team.length > maxHelpers || [...need].some((letter) => !have.includes(letter))) continue
    if (best === undefined || isBetter(team, best)) best = team
  }
  return best?.reverse()
}

function isBetter(team: readonly number[], other: readonly number[]): boolean {
  if (team.length !== other.length) return team.length < other.length
  const at = team.findIndex((position, index) => position !== other[index])
  return at >= 0 && (team[at] as number) < (other[at] as number)
}

describe('against all teams there are', () => {
  test('the same team', () => {
    fc.assert(
      fc.property(needs, words, fc.integer({ min: 1, max: 4 }), (need, all, maxHelpers) => {
        const able = candidates(...all)
        const team = planTeam({ need: [...need], candidates: able, maxHelpers })
        const expected = exhaustive(need, all, maxHelpers)
        expect(team?.members.map(({ id }) => id)).toEqual(expected?.map((position) => `s${position}`))
        if (team !== undefined) expectSound(team, need, able, maxHelpers)
      }),
      { numRuns: 1_000 },
    )
  })

  test('a sound one of those with whatever work is allowed, and the same again', () => {
    fc.assert(
      fc.property(needs, words, fc.nat(12), (need, all, workLimit) => {
        const able = candidates(...all)
        const ask = () => planTeam({ need: [...need], candidates: able, maxHelpers: 6, workLimit })
        const team = ask()
        expect(ask()).toEqual(team)
        // Six helpers are enough for six letters, so that also the greedy way ends with a team.
        expect(team === undefined).toBe(exhaustive(need, all, 6) === undefined)
        if (team !== undefined) expectSound(team, need, able, 6)
      }),
      { numRuns: 500 },
    )
  })
})

describe('work', () => {
  test('without any the greedy team is taken, without idle members', () => {
    const all = ['abcd', 'abe', 'cdf']
    expect(plan('abcdef', all, 3, { workLimit: 0 })).toBe('s1:abe s2:cdf')
    expect(plan('abc', ['ab', 'c', 'bc'], 3, { workLimit: 0 })).toBe('s0:ab s1:c')
    const wide = ['abcdef', 'abcgx', 'defhy']
    expect(plan('abcdefgh', wide, 3)).toBe('s1:abcg s2:defh')
    expect(plan('abcdefgh', wide, 2, { workLimit: 0 })).toBeUndefined()
    expect(plan('abcdefgh', wide, 2)).toBe('s1:abcg s2:defh')
  })

  test('is not spent on those who can do no more than a better candidate', () => {
    const alike = ['ac', 'ab', 'cd', 'bd'].flatMap((word) => Array<string>(50).fill(word))
    expect(plan('abcd', alike, 3, { workLimit: 20 })).toBe('s50:ab s100:cd')
  })

  test('is bounded for thousands of candidates and 64 capabilities', () => {
    const need = Array.from({ length: 64 }, (_, position) => `c:${position}`)
    // Each has a scattered third of the need: 2,654,435,761 spreads neighbours over 32 bits.
    const has = (position: number, bit: number) => Math.imul(position * 64 + bit + 1, 2_654_435_761) >>> 0 < 2 ** 32 / 3
    const all = Array.from({ length: 3_000 }, (_, position) => ({
      id: `s${position}`,
      capabilities: need.filter((_, bit) => has(position, bit)),
    }))
    let looks = 0
    const counted = function* () {
      for (const candidate of all) {
        looks += 1
        yield candidate
      }
    }
    const ask = (workLimit: number) => planTeam({ need, candidates: counted(), maxHelpers: 64, workLimit })
    const small = ask(1_000)
    expect(small?.members.flatMap(({ asks }) => asks)).toHaveLength(64)
    const large = ask(50_000)
    expect(large?.members.length).toBeLessThanOrEqual(small?.members.length ?? 0)
    expect(looks).toBe(6_000)
  })
})
