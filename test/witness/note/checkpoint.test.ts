import { describe, expect, test } from 'vitest'
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../../src/witness/note/checkpoint.js'
import { formatNote } from '../../../src/witness/note/note.js'
import { CosignatureSigner, NoteSigner } from '../../../src/witness/note/signer.js'
import { malformation, refusal } from './refusal.js'

const root = Buffer.alloc(32, 0xab)
const ROOT = root.toString('base64')

describe('the text of a checkpoint', () => {
  test.each([0, 1, 10, 20_852_163, Number.MAX_SAFE_INTEGER])('of size %d comes back as it was', (size) => {
    const text = formatCheckpoint({ origin: 'example.com/log', size, root })
    expect(text).toBe(`example.com/log\n${size}\n${ROOT}\n`)
    expect(parseCheckpoint(text)).toEqual({ origin: 'example.com/log', size, root })
  })

  test('of others may have extension lines and spaces in its origin', () => {
    expect(parseCheckpoint(`My log +\n7\n${ROOT}\nextension\n7\n`)).toEqual({ origin: 'My log +', size: 7, root })
  })

  const sizeReason = 'its size is not a plain decimal number up to 2^53-1'
  const rootReason = 'its root is not the base64 of 32 bytes'
  const lineReason = 'it needs at least three lines, none empty'
  test.each([
    ...['00', '01', '-1', '+1', '1.0', '1e3', '0x1', ' 1', '1 ', '١', '9007199254740992', '18446744073709551615'].map(
      (size) => [`log\n${size}\n${ROOT}\n`, sizeReason],
    ),
    [`log\n1\n${ROOT.slice(0, -1)}\n`, rootReason],
    [`log\n1\n${ROOT.slice(0, -2)}s=\n`.replace('q6s=', 'q6t='), rootReason],
    [`log\n1\n${ROOT} \n`, rootReason],
    [`log\n1\n${Buffer.alloc(31).toString('base64')}\n`, rootReason],
    [`log\n1\n${Buffer.alloc(33).toString('base64')}\n`, rootReason],
    [`log\n1\n${Buffer.alloc(32, 0xff).toString('base64url')}=\n`, rootReason],
    [`log\n1\n${ROOT}`, 'its last line does not end with a newline'],
    [`log\n1\n`, lineReason],
    [`\n1\n${ROOT}\n`, lineReason],
    [`log\n\n${ROOT}\n`, lineReason],
    [`log\n1\n${ROOT}\n\n`, lineReason],
    [`log\n1\n${ROOT}\n\nextension\n`, lineReason],
    ['', 'its last line does not end with a newline'],
    [`log\r\n1\n${ROOT}\n`, 'it has control characters other than newline'],
  ])('is not %j', (text, reason) => {
    expect(malformation(() => parseCheckpoint(text ?? ''))).toBe(reason)
  })

  test('base64 whose unused bits are not zero is another spelling of the same root, and refused', () => {
    const loose = ROOT.replace(/(.)=$/, (_, last: string) => `${String.fromCharCode(last.charCodeAt(0) + 1)}=`)
    expect(loose).not.toBe(ROOT)
    expect(Buffer.from(loose, 'base64')).toEqual(root)
    expect(malformation(() => parseCheckpoint(`log\n1\n${loose}\n`))).toBe(rootReason)
  })

  test.each([
    { origin: '', size: 1, root },
    { origin: 'two\nlines', size: 1, root },
    { origin: 'tab\there', size: 1, root },
    { origin: 'log', size: -1, root },
    { origin: 'log', size: 1.5, root },
    { origin: 'log', size: 2 ** 53, root },
    { origin: 'log', size: 1, root: root.subarray(1) },
  ])('is not written for %j', (checkpoint) => {
    expect(refusal(() => formatCheckpoint(checkpoint))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('a signed checkpoint', () => {
  const log = NoteSigner.generate('example.com/log')
  const other = NoteSigner.generate('example.com/other')
  const witness = CosignatureSigner.generate('witness.example/w1')
  const text = formatCheckpoint({ origin: 'example.com/log', size: 3, root })

  test('is opened with the key of its origin, and tells who cosigned it', () => {
    const note = formatNote(text, [log.sign(text), witness.sign(text, 12)])
    expect(openCheckpoint(note, [other.verifier, log.verifier], [witness.verifier])).toMatchObject({
      checkpoint: { origin: 'example.com/log', size: 3 },
      verified: [{ name: 'example.com/log' }, { name: 'witness.example/w1' }],
      signatures: [{}, { timestamp: 12 }],
    })
    expect(openCheckpoint(note, [log.verifier]).verified).toHaveLength(1)
  })

  test('is refused when only a key of another name signed it, be it a trusted log or a witness', () => {
    const byOther = formatNote(text, [other.sign(text)])
    expect(refusal(() => openCheckpoint(byOther, [log.verifier, other.verifier]))).toMatchObject({
      code: 'PROOF_INVALID',
      reason: 'origin_mismatch',
      origin: 'example.com/log',
    })
    const onlyCosigned = formatNote(text, [witness.sign(text, 12)])
    expect(refusal(() => openCheckpoint(onlyCosigned, [log.verifier], [witness.verifier])).reason).toBe(
      'origin_mismatch',
    )
    const homonym = CosignatureSigner.generate('example.com/log')
    const byHomonym = formatNote(text, [homonym.sign(text, 12)])
    expect(refusal(() => openCheckpoint(byHomonym, [log.verifier], [homonym.verifier])).reason).toBe('origin_mismatch')
  })

  test('is refused when nobody known signed it or a signature does not hold', () => {
    expect(refusal(() => openCheckpoint(formatNote(text, [other.sign(text)]), [log.verifier])).reason).toBe('unsigned')
    const bad = formatNote(text, [log.sign(`${text}more\n`)])
    expect(refusal(() => openCheckpoint(bad, [log.verifier])).reason).toBe('bad_signature')
  })
})
