import { describe, expect, test } from 'vitest'
import { type EntryFilter, matcherOf, matches, parseTime, readFilter } from '../../../src/witness/query/filter.js'
import { type Made, makeEntries, START, storedBytes } from './made-log.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'

/** Whether one entry matches, by its bytes; what was read must say the same. */
function holds(made: Made, filter: EntryFilter): boolean {
  const [entry] = makeEntries([made])
  if (entry === undefined) throw new Error('no entry')
  const found = matcherOf(filter)(0, storedBytes(entry))
  expect(matches(entry, filter)).toBe(found)
  return found
}

const STALLED: Made = {
  type: 'task_stalled',
  subject: 'A',
  actor: 'fabric',
  trace: TRACE,
  data: { swarm: 'sip', epoch: 42, note: 'Say "Hello"\nto Größe', nested: [{ deep: 'Treasure' }] },
}

describe('a condition', () => {
  test.each<readonly [EntryFilter, EntryFilter]>([
    [{}, { component: 'fabric' }],
    [{ component: 'coordinator' }, { component: 'coord' }],
    [{ operation: 'task_stalled' }, { operation: 'task_claimed' }],
    [{ swarm: 'sip' }, { swarm: 'A' }],
    [{ task: 'A' }, { task: 'sip' }],
    [{ severity: 'notice' }, { severity: 'critical' }],
    [{ trace: TRACE }, { trace: TRACE.replace('0', '1') }],
    [{ since: START }, { since: START + 1 }],
    [{ until: START + 1 }, { until: START }],
    [{ text: 'hello' }, { text: 'goodbye' }],
  ])('%o holds, %o does not', (good, bad) => {
    expect(holds(STALLED, good)).toBe(true)
    expect(holds(STALLED, bad)).toBe(false)
    expect(holds(STALLED, { task: 'A', ...good })).toBe(true)
    expect(holds(STALLED, { task: 'A', ...bad })).toBe(false)
  })
})

describe('a text', () => {
  test.each(['"HELLO"\nto', 'GRÖßE', 'treasure', '42', 'fabric', 'a'])('is found: %j', (text) => {
    expect(holds(STALLED, { text })).toBe(true)
  })

  test.each(['swarm', 'epoch', 'specversion', 'task_stalled', '\\n', '2026-01-31', '"swarm":"sip"'])(
    'is not found in what the format says: %j',
    (text) => {
      expect(holds(STALLED, { text })).toBe(false)
    },
  )

  test('is found however deep it lies', () => {
    let data: unknown = 'bottom'
    for (let level = 0; level < 20_000; level += 1) data = [data]
    const [entry] = makeEntries([{ data }])
    if (entry === undefined) throw new Error('no entry')
    expect(matches(entry, { text: 'bottom' })).toBe(true)
    expect(matches(entry, { text: 'top' })).toBe(false)
  })
})

describe('a filter in JSON', () => {
  test('is read, with its times as milliseconds', () => {
    const stated = {
      task: 'A',
      since: '2026-01-31T08:30:00Z',
      until: '2026-01-31T10:30:00.001+01:00',
      severity: 'notice',
    }
    expect(readFilter({ ...stated, swarm: undefined })).toEqual({
      task: 'A',
      since: START,
      until: START + 3_600_001,
      severity: 'notice',
    })
  })

  test.each<readonly [string, unknown]>([
    ['tasks', 'A'],
    ['toString', 'A'],
    ['task', 4],
    ['severity', 'high'],
    ['since', '2026-01-31'],
    ['until', 'now'],
    ['trace', TRACE.toUpperCase()],
    ['text', ''],
    ['text', 'x'.repeat(3_000)],
    ['operation', 'Task Claimed'],
    ['component', null],
  ])('is refused where %s is %j', (field, value) => {
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field } })
    expect(() => readFilter({ [field]: value })).toThrow(refused)
  })

  test('is refused when its time ends before it starts', () => {
    const times = { since: '2026-01-31T08:30:00Z', until: '2026-01-31T08:30:00Z' }
    expect(() => readFilter(times)).toThrow(expect.objectContaining({ details: { field: 'until' } }))
  })

  test('knows a time when it sees one', () => {
    expect(parseTime('2026-01-31T08:30:00.123456789Z')).toBe(START + 123)
    expect(['', '2026-01-31T08:30:00', '2026-13-31T08:30:00Z', 'Sat, 31 Jan 2026'].map(parseTime)).toEqual(
      Array.from({ length: 4 }, () => undefined),
    )
  })
})
