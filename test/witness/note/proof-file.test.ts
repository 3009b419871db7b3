import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatCheckpoint } from '../../../src/witness/note/checkpoint.js'
import { formatNote } from '../../../src/witness/note/note.js'
import { formatProof, parseProof } from '../../../src/witness/note/proof-file.js'
import { NoteSigner } from '../../../src/witness/note/signer.js'
import { malformation } from './refusal.js'

const log = NoteSigner.generate('example.com/log')
const text = formatCheckpoint({ origin: 'example.com/log', size: 10, root: Buffer.alloc(32, 1) })
const checkpoint = formatNote(text, [log.sign(text)])
const hash = Buffer.alloc(32, 0xfb)
const whole = formatProof({ index: 7, hashes: [hash, hash], checkpoint, extra: Buffer.from('more') })

describe('a proof file', () => {
  test('has its lines in order', () => {
    const line = hash.toString('base64')
    expect(whole).toBe(`c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 7\n${line}\n${line}\n\n${checkpoint}`)
  })

  test('comes back as it was', () => {
    const hashes = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 63 })
    const extra = fc.option(fc.uint8Array({ minLength: 1, maxLength: 200 }), { nil: undefined })
    fc.assert(
      fc.property(fc.nat(9), hashes, extra, (index, hashes, extra) => {
        const proof = parseProof(formatProof({ index, hashes, checkpoint, ...(extra && { extra }) }))
        expect(proof.index).toBe(index)
        expect(proof.hashes.map((each) => [...each])).toEqual(hashes.map((each) => [...each]))
        expect(proof.extra && [...proof.extra]).toEqual(extra && [...extra])
        expect(proof.checkpoint).toBe(checkpoint)
      }),
    )
  })

  test('without extra data has no extra line', () => {
    for (const extra of [{}, { extra: Buffer.alloc(0) }]) {
      const bare = formatProof({ index: 0, hashes: [], checkpoint, ...extra })
      expect(bare).toBe(`c2sp.org/tlog-proof@v1\nindex 0\n\n${checkpoint}`)
      expect(parseProof(Buffer.from(bare))).toEqual({ index: 0, hashes: [], checkpoint })
    }
  })

  const line = `${hash.toString('base64')}\n`
  const indexReason = 'it has no line "index N" where that belongs'
  const hashReason = 'a line is not the base64 of a hash (32 bytes)'
  const extraReason = 'its extra line is not base64 of some data'
  test.each([
    ['', 'no blank line stands before its checkpoint'],
    [whole.slice(0, whole.indexOf('\n\n')), 'no blank line stands before its checkpoint'],
    [whole.replace('@v1', '@v2'), 'its first line is not c2sp.org/tlog-proof@v1'],
    [`\n${whole}`, 'its first line is not c2sp.org/tlog-proof@v1'],
    [whole.replace('extra bW9yZQ==', 'extra'), indexReason],
    [whole.replace('extra bW9yZQ==', 'extra '), extraReason],
    [whole.replace('extra bW9yZQ==', 'extra bW9yZQ='), extraReason],
    [whole.replace('extra bW9yZQ==', 'extra bW9yZR=='), extraReason],
    [whole.replace('extra bW9yZQ==', 'extra  bW9yZQ=='), extraReason],
    [whole.replace('index 7\n', 'index 7\nextra bW9yZQ==\n'), hashReason],
    [whole.replace('extra bW9yZQ==\n', 'extra bW9yZQ==\nextra bW9yZQ==\n'), indexReason],
    [whole.replace('index 7\n', ''), indexReason],
    [whole.replace('index 7', 'index 07'), indexReason],
    [whole.replace('index 7', 'index -7'), indexReason],
    [whole.replace('index 7', 'index'), indexReason],
    [whole.replace('index 7', 'index 9007199254740992'), indexReason],
    [whole.replace('index 7', 'Index 7'), indexReason],
    [whole.replace('index 7', 'index 10'), 'its index is beyond the size of its checkpoint'],
    [whole.replace(line, `${line.slice(0, -2)}\n`), hashReason],
    [whole.replace(line, `${line.slice(0, -1)} \n`), hashReason],
    [whole.replace(line, `${Buffer.alloc(31).toString('base64')}\n`), hashReason],
    [whole.replace(line, `${Buffer.alloc(33).toString('base64')}\n`), hashReason],
    [whole.replace(line, line.repeat(63)), 'it has more than 63 hashes'],
    [whole.replace(`\n\n${text}`, `\n\n\n${text}`), 'it needs at least three lines, none empty'],
    [whole.replace(text, 'example.com/log\n10\n'), 'it needs at least three lines, none empty'],
    [whole.replaceAll('\n', '\r\n'), 'it has control characters other than newline'],
    [whole.slice(0, -1), 'its last line does not end with a newline'],
    [whole.slice(0, whole.lastIndexOf('\n\n') + 2), 'it has no signature'],
    [whole.slice(0, whole.lastIndexOf('\n\n') + 1), 'no blank line ends its text'],
    ['x'.repeat(2 * 1024 * 1024 + 1), 'it has 2097153 bytes, at most 2097152 are allowed'],
  ])('is refused when malformed, case %#', (content, reason) => {
    expect(malformation(() => parseProof(content))).toBe(reason)
  })

  test('that is not UTF-8 is refused', () => {
    expect(malformation(() => parseProof(Buffer.concat([Buffer.from(whole), Buffer.of(0xff)])))).toBe(
      'it is not valid UTF-8',
    )
  })
})
