import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { PROFILES } from '../../../src/chassis/admission/imports.js'
import {
  CHILD_ENDS,
  decodeCall,
  decodeEnded,
  type Ended,
  encodeCall,
  encodeEnded,
  GUEST_LOG_LEVELS,
  GUEST_PROFILES,
} from '../../../src/chassis/child/frames.js'
import { RUN_ENDS } from '../../../src/chassis/sandbox/run.js'
import { LOG_LEVELS } from '../../../src/model/log-level.js'

describe('what parent and child agree on', () => {
  test('is what the rest of the program calls by the same names', () => {
    expect(GUEST_PROFILES).toEqual(PROFILES)
    expect(GUEST_LOG_LEVELS).toEqual(LOG_LEVELS)
    expect(RUN_ENDS).toEqual(expect.arrayContaining([...CHILD_ENDS]))
  })

  test('needs nothing from outside of the directory of the child', async () => {
    const { readdirSync } = await import('node:fs')
    const directory = new URL('../../../src/chassis/child/', import.meta.url)
    for (const file of readdirSync(directory)) {
      const imports = [...readFileSync(new URL(file, directory), 'utf8').matchAll(/ from '(.*)'/g)].map(
        ([, from]) => from,
      )
      expect(imports.filter((from) => !/^(?:\.\/[a-z-]+\.js|node:fs)$/.test(from ?? ''))).toEqual([])
    }
  })
})

test('a call is read as it was written', () => {
  const call = {
    fuel: 1_000_000_000_000,
    outputBytes: 64 * 1024 * 1024,
    logBytes: 3,
    requestBytes: 4,
    logLines: 5,
    logLineBytes: 6,
    key: Uint8Array.from({ length: 32 }, (_, index) => index),
    input: Uint8Array.of(9, 8, 7),
  }
  expect(decodeCall(encodeCall(call))).toEqual(call)
})

describe('an end', () => {
  const ended: Ended = {
    end: 'failed',
    code: -3,
    fuelUsed: 123_456_789_012,
    memoryBytes: 65_536,
    message: 'run gave -3',
    output: Uint8Array.of(1, 2, 3),
  }

  test('is read as it was written, but for what is not to be printed', () => {
    expect(decodeEnded(encodeEnded(ended))).toEqual(ended)
    const control = decodeEnded(encodeEnded({ ...ended, message: 'a\u001b[31m\nb' }))
    expect(control?.message).toBe('a?[31m?b')
    expect(decodeEnded(encodeEnded({ ...ended, message: 'x'.repeat(10_000) }))?.message).toHaveLength(512)
  })

  test('that cannot be is none', () => {
    const whole = encodeEnded(ended)
    const changed = (change: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(whole)
      change(bytes)
      return decodeEnded(bytes)
    }
    expect(decodeEnded(new Uint8Array(0))).toBeUndefined()
    expect(decodeEnded(whole.subarray(0, 22))).toBeUndefined()
    expect(changed((bytes) => bytes.writeUInt8(CHILD_ENDS.length, 0))).toBeUndefined()
    expect(changed((bytes) => bytes.writeInt32LE(0, 1))).toBeUndefined()
    for (const value of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 2 ** 60]) {
      expect(changed((bytes) => bytes.writeDoubleLE(value, 5))).toBeUndefined()
      expect(changed((bytes) => bytes.writeDoubleLE(value, 13))).toBeUndefined()
    }
    expect(changed((bytes) => bytes.writeUInt16LE(513, 21))).toBeUndefined()
    expect(changed((bytes) => bytes.writeUInt16LE(ended.message.length + 4, 21))).toBeUndefined()
    expect(decodeEnded(encodeEnded({ ...ended, end: 'completed' }))).toBeUndefined()
  })
})
