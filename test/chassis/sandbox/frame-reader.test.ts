import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { type Expected, FrameReader, NO_FRAMES } from '../../../src/chassis/sandbox/frame-reader.js'

function frame(type: number, content: string, length = content.length): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32LE(length, 0)
  head.writeUInt8(type, 4)
  return Buffer.concat([head, Buffer.from(content)])
}

function reading(first: Expected, then: (type: number) => Expected = () => first) {
  const taken: string[] = []
  let expected = first
  const reader = new FrameReader(
    () => expected,
    (type, content) => {
      taken.push(`${type} ${Buffer.from(content)}`)
      expected = then(type)
    },
  )
  return { reader, taken }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function bytesInUse(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const BOTH: Expected = new Map([
  [1, 10],
  [2, 3],
])

test('frames are read however their bytes come', () => {
  const stream = Buffer.concat([frame(1, 'hello'), frame(2, ''), frame(2, 'abc'), frame(1, '0123456789')])
  for (const size of [1, 2, 3, 7, 11, stream.length]) {
    const { reader, taken } = reading(BOTH)
    for (let at = 0; at < stream.length; at += size) expect(reader.push(stream.subarray(at, at + size))).toBeUndefined()
    expect(taken).toEqual(['1 hello', '2 ', '2 abc', '1 0123456789'])
  }
})

test('a frame in pieces takes the room of the frame, however small they are', () => {
  const length = 2 ** 19
  const taken: Uint8Array[] = []
  const reader = new FrameReader(
    () => new Map([[1, length]]),
    (_type, content) => taken.push(content),
  )
  const before = bytesInUse()
  reader.push(frame(1, '', length))
  // As a stream gives them: each in memory of its own.
  for (let at = 0; at < length - 1; at += 1) reader.push(Buffer.from(new ArrayBuffer(1)))
  expect(bytesInUse() - before).toBeLessThan(16 * length)
  reader.push(Buffer.of(0))
  expect(taken.map((content) => content.length)).toEqual([length])
})

test('a frame that is too large is refused by its head', () => {
  const { reader, taken } = reading(BOTH)
  expect(reader.push(frame(2, '', 4))).toBe('it sent a frame of 4 bytes, and 3 are allowed')
  expect(taken).toEqual([])
  expect(reading(BOTH).reader.push(frame(1, '', 0xffffffff))).toBe(
    'it sent a frame of 4294967295 bytes, and 10 are allowed',
  )
})

test('a frame of another type is refused', () => {
  expect(reading(BOTH).reader.push(frame(3, ''))).toBe('it sent a frame of type 3 when it may not')
})

test('what may come is asked anew for each frame of the same chunk', () => {
  const { reader, taken } = reading(BOTH, (type) => (type === 2 ? NO_FRAMES : BOTH))
  expect(reader.push(Buffer.concat([frame(1, 'a'), frame(2, 'b'), frame(1, 'c')]))).toBe(
    'it sent a frame of type 1 when it may not',
  )
  expect(taken).toEqual(['1 a', '2 b'])
})

test('where nothing may come, one byte is too much', () => {
  expect(reading(NO_FRAMES).reader.push(Buffer.of(0))).toBe('it sent something when it may not')
})
