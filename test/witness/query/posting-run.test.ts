import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ENTRY_KINDS } from '../../../src/witness/query/entry-kinds.js'
import { factsOf, type LoggedEntry, parseEntry } from '../../../src/witness/query/facts.js'
import { findInBucket, HEADER_BYTES, runFirst, runName } from '../../../src/witness/query/posting-format.js'
import { bucketOf, commonKey, postingKey } from '../../../src/witness/query/posting-key.js'
import { encodeRun, PostingRun } from '../../../src/witness/query/posting-run.js'
import { checkRun, StoredRun } from '../../../src/witness/query/stored-run.js'
import { makeEntries, START, someEntries, storedBytes } from './made-log.js'

function collect(entries: readonly LoggedEntry[]): PostingRun {
  const run = new PostingRun(entries[0]?.index ?? 0, Math.max(1, entries.length))
  for (const entry of entries) run.add(entry)
  return run
}

function indexesOf(entries: readonly LoggedEntry[], task: string): number[] {
  return entries.filter((entry) => factsOf(entry).tasks.includes(task)).map(({ index }) => index)
}

describe('a run', () => {
  test('finds the same while it is collected and when it is encoded', async () => {
    await fc.assert(
      fc.asyncProperty(someEntries, async (made) => {
        const entries = makeEntries(made)
        const run = collect(entries)
        const stored = StoredRun.inMemory(0, run.encode())
        for (const task of ['A', 'B', 'C', 'sip', 'nobody']) {
          const key = postingKey('task', task)
          expect(run.find([key])).toEqual(indexesOf(entries, task))
          expect(await stored.find([key])).toEqual(indexesOf(entries, task))
        }
        const names = ['task_claimed', 'blocker_raised', 'name_of_the_future']
        const keys = names.map((name) => commonKey('operation', name))
        const named = entries.filter(({ type }) => names.includes(type)).map(({ index }) => index)
        expect(run.find(keys)).toEqual(named)
        expect(await stored.find(keys)).toEqual(named)
      }),
    )
  })

  test('of the same entries has the same bytes, from the engine or read back from the log', () => {
    fc.assert(
      fc.property(someEntries, (made) => {
        const entries = makeEntries(made)
        const readBack = entries.map((entry) => parseEntry(entry.index, storedBytes(entry)))
        const bytes = encodeRun(entries)
        expect(encodeRun(readBack).equals(bytes)).toBe(true)
        expect(() => checkRun(0, bytes)).not.toThrow()
      }),
    )
  })

  test('of other entries has other bytes', () => {
    const made = [{ subject: 'A' }, { subject: 'B' }]
    const bytes = encodeRun(makeEntries(made))
    expect(encodeRun(makeEntries(made.toReversed())).equals(bytes)).toBe(false)
    expect(encodeRun(makeEntries([{ subject: 'A' }, { subject: 'B', later: 1 }])).equals(bytes)).toBe(false)
  })

  test('holds long lists and far distances', async () => {
    const made = Array.from({ length: 40_000 }, (_, index) => ({ subject: index % 20_000 === 7 ? 'rare' : 'often' }))
    const stored = StoredRun.inMemory(0, encodeRun(makeEntries(made)))
    expect(await stored.find([postingKey('task', 'rare')])).toEqual([7, 20_007])
    expect(await stored.find([postingKey('task', 'often')])).toHaveLength(39_998)
  })

  test('takes more keys than it expects', async () => {
    const cursors = Object.fromEntries(Array.from({ length: 400 }, (_, swarm) => [`swarm-${swarm}`, 1]))
    const entries = makeEntries([{ type: 'inboxes_acknowledged', data: { cursors } }, {}])
    const stored = StoredRun.inMemory(0, encodeRun(entries))
    for (const swarm of ['swarm-0', 'swarm-399']) expect(await stored.find([postingKey('swarm', swarm)])).toEqual([0])
  })

  test('takes only the next entry, and no more than it has room for', () => {
    const [first, second, third] = makeEntries([{}, {}, {}])
    const run = new PostingRun(0, 2)
    const add = (entry: LoggedEntry | undefined) => () => entry && run.add(entry)
    expect(add(second)).toThrow(/entry 1 is not the next/)
    expect(add(first)).not.toThrow()
    expect(add(second)).not.toThrow()
    expect(add(third)).toThrow(/entry 2 is not the next/)
  })
})

describe('the times of a run', () => {
  test('bound the entries of a time from both sides', () => {
    const gaps = fc.array(fc.constantFrom(0, 0, 1, 50), { minLength: 1, maxLength: 300, size: 'max' })
    fc.assert(
      fc.property(gaps, fc.integer({ min: -5, max: 4_000 }), (laters, ms) => {
        const entries = makeEntries(laters.map((later) => ({ later })))
        const run = collect(entries)
        const at = START + ms
        const position = entries.findIndex((entry) => entry.at >= at)
        const first = position < 0 ? entries.length : position
        for (const times of [run, StoredRun.inMemory(0, run.encode())]) {
          expect(times.before(at)).toBeLessThanOrEqual(first)
          expect(times.notBefore(at)).toBeGreaterThanOrEqual(first)
          // Close enough to be of use: samples are a 64th of a run apart.
          const step = Math.ceil(entries.length / 64)
          expect(times.before(at)).toBeGreaterThanOrEqual(first - step)
          expect(times.notBefore(at)).toBeLessThanOrEqual(first + step)
        }
      }),
    )
  })
})

describe('a damaged run', () => {
  const entries = makeEntries(
    Array.from({ length: 12 }, (_, index) => ({ subject: `T${index % 4}`, actor: `swarm:S${index % 3}`, later: 1 })),
  )
  const sound = encodeRun(entries)
  const damaged = expect.objectContaining({ code: 'DATA_CORRUPT', message: expect.stringContaining(runName(0)) })

  test('is refused as a whole, whichever byte was changed', () => {
    for (let at = 0; at < sound.length; at += 1) {
      const bytes = Buffer.from(sound)
      bytes[at] = (bytes[at] ?? 0) ^ 0x41
      expect(() => checkRun(0, bytes), `byte ${at}`).toThrow(damaged)
    }
  })

  test('gives an error or the right answer, whichever byte was changed', async () => {
    for (let at = 0; at < sound.length; at += 1) {
      const bytes = Buffer.from(sound)
      bytes[at] = (bytes[at] ?? 0) ^ 0x41
      const find = async (task: string) => StoredRun.inMemory(0, bytes).find([postingKey('task', task)])
      for (const task of ['T0', 'T3', 'none']) {
        const answer = await find(task).catch((error: unknown) => error)
        if (Array.isArray(answer)) expect(answer).toEqual(indexesOf(entries, task))
        else expect(answer).toEqual(damaged)
      }
    }
  })

  test('is refused when it was cut or lengthened, or has the name of another', async () => {
    for (const length of [0, 1, HEADER_BYTES - 1, HEADER_BYTES, sound.length - 1]) {
      const read = async (offset: number, count: number) => sound.subarray(offset, Math.min(length, offset + count))
      await expect(StoredRun.open(0, length, read), `${length} bytes`).rejects.toEqual(damaged)
    }
    expect(() => checkRun(0, Buffer.concat([sound, Buffer.of(0)]))).toThrow(damaged)
    expect(() => checkRun(12, sound)).toThrow(/content of another run/)
  })

  test.each([-1, 1])('of another version is refused: %i', (distance) => {
    const bytes = Buffer.from(sound)
    bytes.writeUInt32LE(sound.readUInt32LE(8) + distance, 8)
    bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4)
    expect(() => checkRun(0, bytes)).toThrow(/another version wrote it/)
  })
})

describe('keys', () => {
  test('of names that every log has are in one bucket, which tells them apart', () => {
    const keys = [...ENTRY_KINDS.keys()].map((name) => commonKey('operation', name))
    expect(new Set(keys.map(bucketOf))).toEqual(new Set([0]))
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('of tasks and swarms spread over the buckets, and differ for the same name', () => {
    const buckets = Array.from({ length: 2_000 }, (_, number) => bucketOf(postingKey('task', `T-${number}`)))
    expect(new Set(buckets).size).toBe(64)
    const kinds = ['task', 'swarm', 'escalation', 'trace'] as const
    expect(new Set(kinds.map((kind) => postingKey(kind, 'A'))).size).toBe(kinds.length)
  })

  test('are found one by one in an empty bucket: none', () => {
    expect(findInBucket(0, [1, 2], Buffer.of())).toEqual([])
  })
})

test('the name of a file is that of its first entry', () => {
  expect(runName(16_384)).toBe('00000000000000016384.run')
  expect(runFirst(runName(16_384))).toBe(16_384)
  const others = ['16384.run', `${runName(1)}.tmp`, '99999999999999999999.run', '']
  expect(others.map(runFirst)).toEqual([undefined, undefined, undefined, undefined])
})
