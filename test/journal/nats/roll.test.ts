import { expect, test } from 'vitest'
import { LEAD_TTL_MS, MEMBER_TTL_MS, type Member } from '../../../src/journal/membership.js'
import { type Beat, decodeBeat, encodeBeat } from '../../../src/journal/nats/beat.js'
import { Roll } from '../../../src/journal/nats/roll.js'
import { LIMITS } from '../../../src/model/limits.js'

function member(id: string): Member {
  return { id, url: '', link: '', version: '1', position: 0 }
}

function beat(id: string, more: Partial<Beat> = {}): Beat {
  return { member: member(id), instance: `instance of ${id}`, at: 0, known: 0, ...more }
}

const idsOf = (roll: Roll) => roll.view().members.map(({ id }) => id)

test('who says so is there, leads, or leaves', () => {
  const roll = new Roll()
  roll.hear(beat('b'), 0)
  roll.hear(beat('a', { leads: 3 }), 0)
  expect(roll.view()).toEqual({ members: [member('a'), member('b')], leader: { id: 'a', term: 3 } })
  roll.hear(beat('a'), 1)
  expect(roll.view().leader).toBeUndefined()
  roll.hear(beat('b', { leads: 4 }), 2)
  roll.hear(beat('b', { leads: 4, leaves: true }), 3)
  expect(roll.view()).toEqual({ members: [member('a')] })
  expect(roll.known).toBe(4)
})

test('one that led before and does not know better is not believed', () => {
  const roll = new Roll()
  roll.hear(beat('new', { leads: 5 }), 0)
  roll.hear(beat('old', { leads: 4 }), 1)
  expect(roll.view().leader).toEqual({ id: 'new', term: 5 })
  roll.hear(beat('new'), 2)
  roll.hear(beat('old', { leads: 4 }), 3)
  expect(roll.view().leader).toBeUndefined()
  roll.hear(beat('other', { known: 9 }), 4)
  roll.hear(beat('new', { leads: 8 }), 5)
  expect(roll.view().leader).toBeUndefined()
})

test('what an earlier instance of a node says last does not take out the one that is there', () => {
  const roll = new Roll()
  roll.hear(beat('a', { instance: 'second' }), 0)
  roll.hear(beat('a', { instance: 'first', leaves: true }), 1)
  expect(idsOf(roll)).toEqual(['a'])
})

test('silence counts from the last word, and only up to a moment until which everything was heard', () => {
  const roll = new Roll()
  roll.hear(beat('a', { leads: 1 }), 100)
  roll.forgetSilent(100 + LEAD_TTL_MS - 1)
  expect(roll.view().leader).toBeDefined()
  roll.forgetSilent(100 + LEAD_TTL_MS)
  expect(roll.view().leader).toBeUndefined()
  expect(idsOf(roll)).toEqual(['a'])
  roll.forgetSilent(100 + MEMBER_TTL_MS)
  expect(idsOf(roll)).toEqual([])
})

test('a claim that is new is waited for when who made it is there', () => {
  const roll = new Roll()
  roll.hear(beat('a'), 0)
  roll.expect({ id: 'a', instance: 'instance of a', term: 7 }, 10)
  expect(roll.view().leader).toEqual({ id: 'a', term: 7 })
  roll.forgetSilent(10 + LEAD_TTL_MS)
  // It has had its time.
  roll.expect({ id: 'a', instance: 'instance of a', term: 7 }, 20 + LEAD_TTL_MS)
  roll.expect({ id: 'dead', instance: 'of a dead node', term: 8 }, 20 + LEAD_TTL_MS)
  expect(roll.view().leader).toBeUndefined()
  expect(roll.known).toBe(8)
})

test('nodes beyond the limit are not listed', () => {
  const roll = new Roll()
  for (let node = 0; node <= LIMITS.natsNodes; node += 1) roll.hear(beat(`n${node}`), 0)
  expect(roll.view().members).toHaveLength(LIMITS.natsNodes)
  roll.hear(beat('n0', { leads: 1 }), 1)
  expect(roll.view().leader?.id).toBe('n0')
})

test('what is no heartbeat is not heard', () => {
  const good = beat('a', { leads: 1 })
  const bytes = (said: unknown) => Buffer.from(JSON.stringify(said))
  expect(decodeBeat(Buffer.from(encodeBeat(good)))).toEqual(good)
  for (const wrong of [
    Buffer.from('{'),
    bytes(null),
    bytes({ ...good, member: { id: 'a' } }),
    bytes({ ...good, member: { ...member('a'), position: -0.5 } }),
    bytes({ ...good, instance: 1 }),
    bytes({ ...good, leads: 'me' }),
    bytes({ ...good, instance: 'x'.repeat(LIMITS.natsBeatBytes) }),
  ]) {
    expect(decodeBeat(wrong)).toBeUndefined()
  }
})
