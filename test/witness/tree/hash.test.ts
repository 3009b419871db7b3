import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { EMPTY_ROOT, leafHash, nodeHash, writeLeafHash, writeNodeHash } from '../../../src/witness/tree/hash.js'

function sha256(...parts: Uint8Array[]): string {
  return createHash('sha256').update(Buffer.concat(parts)).digest('hex')
}

describe('hashes of the tree', () => {
  test('are those of RFC 9162', () => {
    const [left, right] = [leafHash(Buffer.from('left')), leafHash(Buffer.from('right'))]
    expect(EMPTY_ROOT.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(left.toString('hex')).toBe(sha256(Uint8Array.of(0), Buffer.from('left')))
    expect(nodeHash(left, right).toString('hex')).toBe(sha256(Uint8Array.of(1), left, right))
  })

  test.each([0, 1, 400, 65_535])('of an entry of %i bytes covers every byte of it', (bytes) => {
    const entry = Buffer.alloc(bytes, 0xab)
    expect(leafHash(entry).toString('hex')).toBe(sha256(Uint8Array.of(0), entry))
  })

  test('of a short entry have nothing of a longer one before it', () => {
    leafHash(Buffer.alloc(500, 1))
    expect(leafHash(Buffer.from('a')).toString('hex')).toBe(sha256(Uint8Array.of(0), Buffer.from('a')))
  })

  test('go where they are told to and nowhere else', () => {
    const place = Buffer.alloc(128, 7)
    writeLeafHash(Buffer.from('left'), place, 32)
    writeLeafHash(Buffer.from('right'), place, 64)
    expect(place.subarray(0, 32)).toEqual(Buffer.alloc(32, 7))
    expect(place.subarray(32, 64)).toEqual(leafHash(Buffer.from('left')))
    writeNodeHash(place, 32, place, 96)
    expect(place.subarray(96)).toEqual(nodeHash(place.subarray(32, 64), place.subarray(64, 96)))
    expect(place.subarray(64, 96)).toEqual(leafHash(Buffer.from('right')))
  })

  test('of an entry of 65,536 bytes are refused', () => {
    expect(() => leafHash(Buffer.alloc(65_536))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { bytes: 65_536, limit: 65_535 } }),
    )
  })
})
