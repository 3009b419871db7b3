import { rm } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FABRIC_ACTOR, swarmActor } from '../../../src/model/entry.js'
import { tilePath } from '../../../src/witness/tree/tile.js'
import { parseQueryResult } from '../../../src/witness/verify/query-result.js'
import { reportOf } from '../../../src/witness/verify/report.js'
import { entriesOf, outcome, Place } from './logs.js'

let place: Place
beforeEach(async () => {
  place = await Place.open()
})
afterEach(() => place[Symbol.asyncDispose]())

interface Event {
  readonly id: string
  readonly subject: string
}

/** Entries as fabrics write them: every third one is about task `t1`. */
const events: Event[] = Array.from({ length: 600 }, (_, index) => ({
  specversion: '1.0',
  id: String(index),
  source: '/fabrics/log.example',
  type: `infrafabric.coordinator.task_${index % 2 === 0 ? 'claimed' : 'released'}.v1`,
  subject: `t${(index % 3) + 1}`,
  time: new Date(index * 1_000).toISOString(),
  actor: index % 5 === 0 ? FABRIC_ACTOR : swarmActor('alice'),
  data: { swarm: 'alice', title: `Entry ${index}` },
}))
const entries = events.map((event) => Buffer.from(JSON.stringify(event)))

const result = (filter: object, given: readonly object[], size = events.length, from = 0) =>
  parseQueryResult(Buffer.from(JSON.stringify({ filter, from, entries: given, size, next: size })), 'result.json')

const completeness = async (...args: Parameters<typeof result>) =>
  (await place.verify({ result: result(...args) })).verdicts.completeness

const aboutT1 = events.filter(({ subject }) => subject === 't1')

describe('the result of a query', () => {
  beforeEach(async () => {
    await place.export({ entries })
  })

  test('that is all there is, is complete', async () => {
    expect(await completeness({ task: 't1' }, aboutT1)).toMatchObject({
      status: 'ok',
      code: 'complete',
      details: { matching: 200, given: 200 },
    })
    expect(await completeness({ task: 't1' }, aboutT1.toReversed())).toMatchObject({ status: 'ok' })
    expect(await completeness({ task: 'none' }, [])).toMatchObject({ status: 'ok' })
    expect(await completeness({}, events)).toMatchObject({ status: 'ok' })
    const filter = { operation: 'task_released', since: '1970-01-01T00:01:00Z', text: 'entry 6' }
    const expected = [61, 63, 65, 67, 69]
    expect(
      await completeness(
        filter,
        events.filter(({ id }) => expected.includes(Number(id))),
      ),
    ).toMatchObject({
      status: 'ok',
      details: { matching: 5 },
    })
  })

  test('names what was asked, so that another question does not pass for it', async () => {
    const filter = { task: 't1', since: '1970-01-01T00:00:00Z', text: 'entry' }
    const { message, details } = await completeness(filter, aboutT1)
    expect(message).toBe(
      'The query (task "t1" and since 1970-01-01T00:00:00.000Z and text "entry", from index 0, size 600) gave all 200 entries that match and no others.',
    )
    expect(details).toMatchObject({ filter: { task: 't1', since: 0, text: 'entry' }, from: 0, size: 600 })
    expect((await completeness({}, [], 600, 600)).message).toContain('(any entry, from index 600, size 600) gave all 0')
  })

  test('that saw fewer entries than there are is not complete, however little it says it saw', async () => {
    for (const [given, size] of [
      [aboutT1.slice(0, 100), 300],
      [aboutT1.slice(0, 200), 599],
      [[], 0],
    ] as const) {
      const found = await place.verify({ result: result({ task: 't1' }, given, size) })
      expect(outcome(found)).toMatchObject({ completeness: 'unchecked result_older' })
      expect(found.verdicts.completeness.message).toContain(`saw ${size} of the 600 entries`)
      expect(reportOf(found).exit).toBe(14)
    }
    expect(await completeness({ task: 't1' }, aboutT1.slice(0, 99), 300)).toMatchObject({ code: 'entries_missing' })
    expect(await completeness({ task: 't1' }, aboutT1.slice(0, 101), 300)).toMatchObject({ code: 'entries_foreign' })
  })

  test('that saw more entries than the checkpoint has is judged as far as it goes', async () => {
    expect(await completeness({ task: 't1' }, aboutT1, 601)).toMatchObject({
      status: 'unchecked',
      code: 'beyond_checkpoint',
    })
    const later = { ...events[0], id: '700' }
    expect(await completeness({ task: 't1' }, [...aboutT1, later], 701)).toMatchObject({ code: 'beyond_checkpoint' })
    expect(await completeness({ task: 't1' }, [...aboutT1, later], 700)).toMatchObject({ code: 'entries_foreign' })
    expect(await completeness({ task: 't1' }, aboutT1.slice(1), 601)).toMatchObject({ code: 'entries_missing' })
  })

  test('is held against the entries from its first index on', async () => {
    const given = aboutT1.filter(({ id }) => Number(id) >= 30)
    expect(await completeness({ task: 't1' }, given, 600, 30)).toMatchObject({ status: 'ok', details: { from: 30 } })
    expect(await completeness({ task: 't1' }, given, 600, 28)).toMatchObject({ status: 'ok' })
    expect(await completeness({ task: 't1' }, given, 600, 27)).toMatchObject({ code: 'entries_missing' })
    expect(await completeness({ task: 't1' }, given, 600, 31)).toMatchObject({ code: 'entries_foreign' })
  })

  test('that leaves entries out names them', async () => {
    const given = aboutT1.filter(({ id }) => id !== '30')
    expect(await completeness({ task: 't1' }, given)).toMatchObject({
      status: 'failed',
      code: 'entries_missing',
      details: { count: 1, indexes: [30] },
    })
    const none = await completeness({ task: 't1' }, [])
    expect(none.details).toMatchObject({ count: 200 })
    expect(none.message).toContain('0, 3, 6, 9, 12, 15, 18, 21, 24, 27 and 190 more')
  })

  test('that holds entries which do not match, which do not exist, or one twice, names them', async () => {
    const [, foreign] = events
    const invented = { ...events[0], id: '1000' }
    const given = [...aboutT1, foreign, invented, aboutT1[4]].filter((event) => event !== undefined)
    expect(await completeness({ task: 't1' }, given)).toMatchObject({
      status: 'failed',
      code: 'entries_foreign',
      details: { count: 3, indexes: [12, 1, 1_000] },
    })
  })

  test('that holds an entry which the log has otherwise names it', async () => {
    const given = aboutT1.with(7, { ...aboutT1[7], id: '21', subject: 't1', time: 'never' } as Event)
    expect(await completeness({ task: 't1' }, given)).toMatchObject({
      status: 'failed',
      code: 'entries_changed',
      details: { count: 1, indexes: [21] },
    })
  })

  test('keeps what was verified from being remembered when it fails', async () => {
    const found = await place.verify({ result: result({ task: 't1' }, []) })
    expect(outcome(found)).toMatchObject({ integrity: 'ok intact', signature: 'ok signed' })
    expect(found.remembered.saved).toBe(false)
  })

  test('is unchecked where the entries are not those of the checkpoint', async () => {
    await rm(place.path('log', tilePath('entries', 1, 256)))
    expect(await completeness({ task: 't1' }, aboutT1)).toMatchObject({ status: 'unchecked', code: 'log_unreadable' })
  })
})

test('a log of somebody else has no queries that could be done again', async () => {
  await place.export({ entries: entriesOf(5) })
  expect(await completeness({ task: 't1' }, [], 5)).toMatchObject({ status: 'unchecked', code: 'entries_unreadable' })
})

test.each([
  '',
  '[]',
  '{"filter":{},"from":0,"entries":[]}',
  '{"filter":{},"entries":[],"size":9}',
  '{"filter":{},"from":-1,"entries":[],"size":9}',
  '{"filter":{},"from":0,"entries":[],"size":9,"done":false}',
  '{"filter":{},"from":0,"entries":[{"id":7}],"size":9}',
  '{"filter":{},"from":0,"entries":[{"id":"07"}],"size":9}',
  '{"filter":{"colour":"red"},"from":0,"entries":[],"size":9}',
])('%j is not the result of a query', (content) => {
  expect(() => parseQueryResult(Buffer.from(content), 'result.json')).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
})
