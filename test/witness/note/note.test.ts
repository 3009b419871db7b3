import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/model/limits.js'
import { formatNote, parseNote, parseSignatures, verifyNote } from '../../../src/witness/note/note.js'
import { NoteSigner } from '../../../src/witness/note/signer.js'
import { parseVkey } from '../../../src/witness/note/verifier.js'
import { malformation, refusal } from './refusal.js'

/** The example of the C2SP signed-note specification. */
const SPEC_VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const SPEC_NOTE =
  'This is an example message.\n\n— example.com/foo ' +
  'Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n'

const alice = NoteSigner.generate('alice.example')
const bob = NoteSigner.generate('bob.example')
const TEXT = 'one\ntwo\n'
const signed = formatNote(TEXT, [alice.sign(TEXT)])

/** The line with one bit of its signature turned over. */
function flipped(line: string, bit = 0): string {
  const [dash, name, encoded = ''] = line.split(' ')
  const bytes = Buffer.from(encoded, 'base64')
  bytes.writeUInt8(bytes.readUInt8(4 + (bit >> 3)) ^ (1 << (bit & 7)), 4 + (bit >> 3))
  return `${dash} ${name} ${bytes.toString('base64')}`
}

function verified(note: string, ...keys: NoteSigner[]): string[] {
  return verifyNote(
    parseNote(note),
    keys.map(({ verifier }) => verifier),
  ).verified.map(({ name }) => name)
}

describe('verifying a note', () => {
  test('the example of the specification holds', () => {
    const { text, verified, signatures } = verifyNote(parseNote(SPEC_NOTE), [parseVkey(SPEC_VKEY)])
    expect(text).toBe('This is an example message.\n')
    expect(verified.map(({ vkey }) => vkey)).toEqual([SPEC_VKEY])
    expect(signatures).toMatchObject([{ signature: { name: 'example.com/foo', keyId: 0x530d903a } }])
  })

  test('every changed bit of the signature, and every changed character of the text, is found', () => {
    const line = alice.sign(TEXT)
    for (let bit = 0; bit < 512; bit += 1) {
      const note = formatNote(TEXT, [flipped(line, bit)])
      expect(refusal(() => verified(note, alice))).toMatchObject({ code: 'PROOF_INVALID', reason: 'bad_signature' })
    }
    for (const other of ['One\ntwo\n', 'one\ntwo\n\n', 'one\n', 'one\ntwo \n']) {
      expect(refusal(() => verified(formatNote(other, [line]), alice)).reason).toBe('bad_signature')
    }
  })

  test('an unknown key beside a good one is ignored, also one whose signature cannot hold', () => {
    const note = formatNote(TEXT, [flipped(bob.sign(TEXT)), alice.sign(TEXT)])
    expect(verified(note, alice)).toEqual(['alice.example'])
  })

  test('an unknown key of a known name, and one of a known id, is ignored', () => {
    const otherAlice = NoteSigner.generate('alice.example')
    const sameId = flipped(alice.sign(TEXT)).replace('alice.example', 'carol.example')
    const note = formatNote(TEXT, [flipped(otherAlice.sign(TEXT)), sameId, alice.sign(TEXT)])
    expect(verified(note, alice)).toEqual(['alice.example'])
  })

  test('a bad signature of a known key rejects the note although another is good', () => {
    for (const lines of [
      [alice.sign(TEXT), flipped(bob.sign(TEXT))],
      [flipped(bob.sign(TEXT)), alice.sign(TEXT)],
      [alice.sign(TEXT), flipped(alice.sign(TEXT))],
    ]) {
      expect(refusal(() => verified(formatNote(TEXT, lines), alice, bob))).toMatchObject({
        code: 'PROOF_INVALID',
        reason: 'bad_signature',
        key: expect.stringMatching(/^(alice|bob)\.example\+[0-9a-f]{8}$/),
      })
    }
  })

  test('without a signature of a known key it is unsigned', () => {
    expect(refusal(() => verified(signed, bob))).toMatchObject({ code: 'PROOF_INVALID', reason: 'unsigned' })
    expect(refusal(() => verified(signed))).toMatchObject({ code: 'PROOF_INVALID', reason: 'unsigned' })
  })

  test('a key that signed twice counts once, and both its lines are kept', () => {
    const { verified, signatures } = verifyNote(parseNote(formatNote(TEXT, [alice.sign(TEXT), alice.sign(TEXT)])), [
      alice.verifier,
    ])
    expect(verified).toHaveLength(1)
    expect(signatures).toHaveLength(2)
  })
})

describe('reading a note', () => {
  test.each(['\n', 'one\n\nthree\n', '\n\none\n', 'one\n\n\n\n', '— alice.example AAAAAAAA\n\nmore\n'])(
    'the text %j comes back whole: the last blank line ends it',
    (text) => {
      const note = formatNote(text, [alice.sign(text)])
      expect(parseNote(note).text).toBe(text)
      expect(parseNote(Buffer.from(note))).toEqual(parseNote(note))
      expect(verified(note, alice)).toEqual(['alice.example'])
    },
  )

  test('a text that is not ASCII is signed as UTF-8; a byte order mark belongs to it', () => {
    const text = '\ufeffsolange — 木\u007f\n'
    const note = Buffer.from(formatNote(text, [alice.sign(text)]))
    expect(verifyNote(parseNote(note), [alice.verifier]).text).toBe(text)
  })

  test.each([
    ['', 'no blank line ends its text'],
    ['one\n', 'no blank line ends its text'],
    ['one\n\n', 'it has no signature'],
    [signed.slice(0, -1), 'its last line does not end with a newline'],
    [signed.replace('two', 'two\r'), 'it has control characters other than newline'],
    [signed.replace('two', 't\0wo'), 'it has control characters other than newline'],
    [signed.replace('two', 't\two'), 'it has control characters other than newline'],
    [signed.replaceAll('\n', '\r\n'), 'it has control characters other than newline'],
    [signed.replace('two', '\ud800'), 'it is not valid UTF-8'],
  ])('%j is not a note', (text, reason) => {
    expect(malformation(() => parseNote(text))).toBe(reason)
  })

  test.each([[[0xff]], [[0xc0, 0x8a]], [[0xed, 0xa0, 0x80]], [[0xe2, 0x80]]])('bytes %j are not UTF-8', (bytes) => {
    const source = Buffer.concat([Buffer.from(bytes), Buffer.from(signed)])
    expect(malformation(() => parseNote(source))).toBe('it is not valid UTF-8')
  })

  const line = alice.sign(TEXT)
  test.each([
    line.replace('—', '-'),
    line.replace('— ', '—'),
    line.replace(' alice', '  alice'),
    line.replace('alice.example', 'alice+example'),
    line.replace('alice.example', 'alice\u00a0example'),
    line.replace('alice.example', 'alice\u2003example'),
    line.replace('alice.example', ''),
    `${line} `,
    `${line} more`,
    line.slice(0, -1),
    '— alice.example AAAAAA==',
    '— alice.example',
    '— alice.example AAAAAAB=',
    '— alice.example AAAAA_A=',
  ])('%j is not a signature line', (bad) => {
    const content = `${TEXT}\n${line}\n${bad}\n`
    expect(malformation(() => parseNote(content))).toMatch('a signature line does not have the form')
  })

  test('as many signatures as the limit says, and no more', () => {
    const many = (count: number) =>
      formatNote(
        TEXT,
        Array.from({ length: count }, () => alice.sign(TEXT)),
      )
    expect(parseNote(many(LIMITS.noteSignatures)).signatures).toHaveLength(100)
    expect(malformation(() => parseNote(many(101)))).toBe('it has more than 100 signatures')
  })

  test('as many bytes as the limit says, and no more', () => {
    const room = LIMITS.noteBytes - Buffer.byteLength(`\n\n${alice.sign(TEXT)}\n`)
    const fits = `${'é'.repeat(Math.floor(room / 2))}${'x'.repeat(room % 2)}\n\n${alice.sign(TEXT)}\n`
    expect(parseNote(fits).signatures).toHaveLength(1)
    expect(malformation(() => parseNote(`x${fits}`))).toBe('it has 1000001 bytes, at most 1000000 are allowed')
    expect(malformation(() => parseNote(Buffer.from(`x${fits}`)))).toMatch('at most 1000000')
  })

  test('signature lines alone, as a witness answers with them', () => {
    expect(parseSignatures(`${line}\n`)).toEqual(parseNote(signed).signatures)
    expect(malformation(() => parseSignatures(`\n${line}\n`))).toMatch('a signature line')
    expect(malformation(() => parseSignatures(''))).toBe('it has no signature')
  })
})

test.each(['', 'one', 'one\r\n', 'o\tne\n', '\udfff\n'])('the text %j cannot be signed', (text) => {
  expect(refusal(() => alice.sign(text))).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'text' })
  expect(refusal(() => formatNote(text, []))).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'text' })
})
