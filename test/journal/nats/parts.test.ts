import type { StreamInfo } from '@nats-io/jetstream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StoredEntry } from '../../../src/journal/journal.js'
import { encodeMessages, type LogMessage, viewMessage } from '../../../src/journal/message.js'
import { Assembler } from '../../../src/journal/nats/assembler.js'
import { type Flushing, judgeDurability, requireDurable } from '../../../src/journal/nats/durability.js'
import { LogReader } from '../../../src/journal/nats/reader.js'
import { SequenceIndex } from '../../../src/journal/nats/sequence-index.js'
import { EMPTY, findTail } from '../../../src/journal/nats/tail.js'
import { LIMITS } from '../../../src/model/limits.js'
import { batch } from '../../conformance/journal.js'

const ROOM = 400

describe('messages', () => {
  test('a batch that fits is one message, any other goes in parts of at most the limit', () => {
    const small = encodeMessages(7, batch('small', ['a', 'b']), ROOM)
    expect(small.map(view)).toMatchObject([{ batchId: 'small', firstIndex: 7, count: 2, part: 1, parts: 1 }])
    const large = encodeMessages(7, batch('large', ['x'.repeat(1_300), 'y']), ROOM)
    expect(large.map(view).map(({ part, parts }) => [part, parts])).toEqual([1, 2, 3, 4].map((part) => [part, 4]))
    for (const bytes of large) expect(bytes.length).toBeLessThanOrEqual(ROOM)
    for (const one of large.map(view)) expect(one).toMatchObject({ writerId: 'writer', batchId: 'large', count: 2 })
  })

  test('a changed or cut message is none', () => {
    for (const bytes of [...encodeMessages(0, batch('a', ['x']), ROOM), ...encodeMessages(0, LARGE, ROOM)]) {
      expect(viewMessage(bytes)).toBeDefined()
      expect(viewMessage(bytes.subarray(0, -1))).toBeUndefined()
      for (const at of [5, 20, bytes.length - 9]) {
        const changed = Buffer.from(bytes)
        changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
        expect(viewMessage(changed)).toBeUndefined()
      }
    }
    expect(viewMessage(Buffer.alloc(0))).toBeUndefined()
  })
})

const LARGE = batch('large', ['x'.repeat(1_300), 'y'])

describe('assembling', () => {
  const wholes = encodeMessages(0, batch('a', ['1', '2', '3']), ROOM).map(view)
  const parts = encodeMessages(3, LARGE, ROOM).map(view)
  const assemble = (from: number, messages: readonly LogMessage[], until = 100) => {
    const assembler = new Assembler(from)
    const entries: StoredEntry[] = []
    for (const [position, message] of messages.entries()) assembler.push(position + 1, message, until, entries)
    return entries.map(({ index, bytes }) => [index, bytes.length])
  }

  test('entries come in order, from the middle of a batch on, up to the end that was asked for', () => {
    const all = [0, 1, 2].map((index) => [index, 1])
    expect(assemble(0, [...wholes, ...parts])).toEqual([...all, [3, 1_300], [4, 1]])
    expect(assemble(2, [...wholes, ...parts], 4)).toEqual([all[2], [3, 1_300]])
  })

  test('parts without their last one give nothing, and what follows them counts', () => {
    expect(assemble(0, [...wholes, ...parts.slice(0, 3)])).toHaveLength(3)
    const after = encodeMessages(3, batch('after', ['z']), ROOM).map(view)
    expect(assemble(0, [...wholes, ...parts.slice(0, 2), ...after])).toHaveLength(4)
  })

  test('a part that is missing, or an entry, is DATA_CORRUPT', () => {
    const corrupt = expect.objectContaining({ code: 'DATA_CORRUPT' })
    expect(() => assemble(3, [...parts.slice(0, 1), ...parts.slice(2)])).toThrow(corrupt)
    expect(() => assemble(3, parts.slice(1))).toThrow(corrupt)
    expect(() => assemble(0, parts)).toThrow(corrupt)
    expect(() => assemble(0, [...wholes, ...wholes])).toThrow(corrupt)
  })
})

test('the index of sequences stays bounded, and is right however it was filled', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(Array.from({ length: 300 }, (_, at) => at)), fc.nat(700), (order, index) => {
      const known = new SequenceIndex()
      for (const at of order) known.add({ sequence: at + 1, firstIndex: 2 * at })
      const { before, after } = known.around(index)
      const behind = order.filter((at) => 2 * at > index).sort((a, b) => a - b)[0]
      const ahead = order.filter((at) => 2 * at <= index).sort((a, b) => b - a)[0]
      expect([before?.firstIndex, after?.firstIndex]).toEqual([ahead, behind].map((at) => at && 2 * at))
    }),
  )
  const known = new SequenceIndex()
  const count = 10 * LIMITS.natsBatchStarts
  for (let at = 0; at < count; at += 1) known.add({ sequence: at + 1, firstIndex: 2 * at })
  for (let index = 0; index < 2 * count; index += 997) {
    const { before, after } = known.around(index)
    expect(before?.firstIndex).toBeLessThanOrEqual(index)
    expect((after?.sequence ?? count + 1) - (before?.sequence ?? 0)).toBeLessThanOrEqual(64)
  }
})

describe('a long log', () => {
  const COUNT = 100_000
  /** Message `sequence` holds the entries `2 * sequence - 2` and `2 * sequence - 1`. */
  const make = (sequence: number) => view(encodeMessages(2 * (sequence - 1), batch(`${sequence}`, ['a', 'b']), ROOM)[0])

  test('its end is found by one message, and an entry by a few', async () => {
    let asked = 0
    const get = async (sequence: number) => {
      asked += 1
      return make(sequence)
    }
    const tail = await findTail(COUNT, get)
    expect([tail.size, tail.lastBatch?.batchId, asked]).toEqual([2 * COUNT, String(COUNT), 1])
    const reader = new LogReader()
    asked = 0
    for await (const chunk of reader.read(2 * COUNT - 5, tail, get)) expect(chunk[0]?.index).toBe(2 * COUNT - 5)
    expect(asked).toBeLessThan(30)
    asked = 0
    expect(await reader.batchOf(77_777, tail, get)).toBe(String(Math.floor(77_777 / 2) + 1))
    expect(asked).toBeLessThan(30)
  })

  test('the end of a log of nothing but parts is its beginning', async () => {
    const parts = encodeMessages(0, LARGE, ROOM).map(view)
    const get = async (sequence: number) => parts[(sequence - 1) % 3]
    expect(await findTail(0, get)).toEqual(EMPTY)
    expect(await findTail(6, get)).toMatchObject({ sequence: 6, size: 0, last: { batchId: 'large', part: 3 } })
  })
})

describe('durability', () => {
  const info = (replicas: number, names: string[]) =>
    ({
      config: { num_replicas: replicas },
      cluster: { leader: names[0], replicas: names.slice(1).map((name) => ({ name })) },
    }) as StreamInfo
  const flushing = (...all: [string, Flushing][]) => new Map(all)

  test.each([
    ['one that flushes always', info(1, ['a']), flushing(['a', 'always']), 'power', false],
    ['one that flushes later', info(1, ['a']), flushing(['a', 'later']), 'process', true],
    ['one of which that is not known', info(1, ['a']), flushing(['b', 'always']), 'process', true],
    ['three of which that is not known', info(3, ['a', 'b', 'c']), flushing(), 'process', false],
    [
      'three of which one flushes later',
      info(3, ['a', 'b', 'c']),
      flushing(['a', 'always'], ['b', 'always'], ['c', 'later']),
      'process',
      false,
    ],
    [
      'three that flush always',
      info(3, ['a', 'b', 'c']),
      flushing(['a', 'always'], ['b', 'always'], ['c', 'always']),
      'power',
      false,
    ],
    ['two that flush later', info(2, ['a', 'b']), flushing(), 'process', true],
  ] as const)('of %s', (_, stream, known, durability, warned) => {
    const judged = judgeDurability(stream, known)
    expect([judged.durability, judged.warning !== undefined]).toEqual([durability, warned])
    const require = () => requireDurable(judged)
    if (warned) expect(require).toThrow(expect.objectContaining({ code: 'POLICY_VIOLATION' }))
    else expect(require).not.toThrow()
  })
})

function view(bytes: Buffer | undefined): LogMessage {
  const message = viewMessage(bytes ?? Buffer.alloc(0))
  if (message === undefined) throw new Error('no message')
  return message
}
