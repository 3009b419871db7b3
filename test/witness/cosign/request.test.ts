import { describe, expect, test } from 'vitest'
import { formatAddCheckpoint, parseAddCheckpoint } from '../../../src/witness/cosign/request.js'
import { malformation } from '../note/refusal.js'

const hash = Buffer.alloc(32, 0xfb)
const line = hash.toString('base64')
const checkpoint = 'log\n7\nroot\n\n— log AAAA\n'

describe('an add-checkpoint request', () => {
  test.each([0, 1, 63])('with %d hashes comes back as it was', (count) => {
    const proof = Array.from({ length: count }, () => hash)
    const body = formatAddCheckpoint({ oldSize: 5, proof, checkpoint })
    expect(body).toBe(`old 5\n${`${line}\n`.repeat(count)}\n${checkpoint}`)
    expect(parseAddCheckpoint(Buffer.from(body))).toEqual({ oldSize: 5, proof, checkpoint })
  })

  const oldReason = 'its first line is not "old N" with a plain decimal number'
  const hashReason = 'a line is not the base64 of a hash (32 bytes)'
  test.each([
    ['', 'no blank line stands before its checkpoint'],
    ['old 0\n', 'no blank line stands before its checkpoint'],
    [`old 0\n${line}\nlog\n7\n`, 'no blank line stands before its checkpoint'],
    [`\n\n${checkpoint}`, oldReason],
    [`${line}\n\n${checkpoint}`, oldReason],
    ...['old', 'old ', 'old  0', 'old 00', 'old 01', 'old -1', 'old +1', 'old 0 ', 'old 9007199254740992', 'Old 0'].map(
      (first) => [`${first}\n\n${checkpoint}`, oldReason],
    ),
    [`old 1\n${line.slice(0, -1)}\n\n${checkpoint}`, hashReason],
    [`old 1\n ${line}\n\n${checkpoint}`, hashReason],
    [`old 1\n${Buffer.alloc(31).toString('base64')}\n\n${checkpoint}`, hashReason],
    [`old 1\n${Buffer.alloc(32, 1).toString('base64').replace('E=', 'F=')}\n\n${checkpoint}`, hashReason],
    [`old 1\n${`${line}\n`.repeat(64)}\n${checkpoint}`, 'it has more than 63 hashes'],
    [`old 1\r\n\r\n${checkpoint}`, 'it has control characters other than newline'],
    [`old 1\n\n${'x'.repeat(65_536)}`, 'it has 65543 bytes, at most 65536 are allowed'],
  ])('is refused when malformed, case %#', (body, reason) => {
    expect(malformation(() => parseAddCheckpoint(body ?? ''))).toBe(reason)
  })
})
