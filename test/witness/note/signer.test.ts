import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { formatKey, keyIdOf } from '../../../src/witness/note/key.js'
import { formatNote, parseNote, verifyNote } from '../../../src/witness/note/note.js'
import { CosignatureSigner, NoteSigner } from '../../../src/witness/note/signer.js'
import { parseVkey } from '../../../src/witness/note/verifier.js'
import { malformation, refusal } from './refusal.js'

/** A key pair that Go's `golang.org/x/mod/sumdb/note` documents. */
const GO_SKEY = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'
const GO_VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'

const TEXT = 'example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'

describe('a signer key', () => {
  test('in the form of Go is read, and has the public half that Go gives it', () => {
    const signer = NoteSigner.parse(GO_SKEY)
    expect(signer).toMatchObject({ name: 'PeterNeumann', keyId: 0xc74f20a3, vkey: GO_VKEY, skey: GO_SKEY })
  })

  test.each([NoteSigner, CosignatureSigner])('of %o is made, written, read, and then signs what verifies', (kind) => {
    const made = kind.generate('example.com/log')
    expect(kind.generate('example.com/log').skey).not.toBe(made.skey)
    const read = kind.parse(made.skey)
    expect(read.vkey).toBe(made.vkey)
    const line = read.sign(TEXT, 1_700_000_000)
    const { verified } = verifyNote(parseNote(formatNote(TEXT, [line])), [parseVkey(made.vkey)])
    expect(verified).toHaveLength(1)
  })

  test.each(['', 'a b', 'a+b', 'a\u00a0b', 'a\u2028b', 'a\nb', 'a\u0001b', '\ud800'])('cannot be named %j', (name) => {
    expect(refusal(() => NoteSigner.generate(name))).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'name' })
    expect(refusal(() => CosignatureSigner.generate(name))).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'name' })
  })

  test.each([
    ['', 'it does not start with PRIVATE+KEY+'],
    [GO_VKEY, 'it does not start with PRIVATE+KEY+'],
    [GO_SKEY.replace('c74f20a3', 'c74f20a4'), 'its id is not that of its name and key'],
    [GO_SKEY.replace('PeterNeumann', 'Peter'), 'its id is not that of its name and key'],
    [GO_SKEY.replace('c74f20a3', 'C74F20A3'), 'it does not have the form name+id+key'],
    [GO_SKEY.replace('c74f20a3', 'c74f20'), 'it does not have the form name+id+key'],
    [`${GO_SKEY}\n`, 'it does not have the form name+id+key'],
    [GO_SKEY.slice(0, -1), 'its key is not canonical base64'],
    [GO_SKEY.slice(0, -4), 'its key does not have 32 bytes'],
    [GO_SKEY.replace('+AY', '+BI'), 'it is a key for cosignature, not for ed25519'],
    [GO_SKEY.replace('+AY', '+CY'), 'it is neither an Ed25519 key (type 1) nor an Ed25519 cosignature key (type 4)'],
  ])('is not %j', (skey, reason) => {
    expect(malformation(() => NoteSigner.parse(skey))).toBe(reason)
  })

  test('of one type is not taken for the other', () => {
    expect(malformation(() => CosignatureSigner.parse(GO_SKEY))).toBe('it is a key for ed25519, not for cosignature')
  })

  test('shows nothing of itself in what is printed, serialised or thrown', () => {
    const signer = NoteSigner.parse(GO_SKEY)
    const secret = GO_SKEY.slice(-40)
    expect(inspect(signer, { depth: 9, showHidden: true })).not.toContain(secret.slice(0, 12))
    expect(JSON.stringify(signer)).not.toContain(secret.slice(0, 12))
    const { message, reason } = refusal(() => NoteSigner.parse(GO_SKEY.slice(0, -4)))
    expect(`${message} ${reason}`).not.toContain(secret.slice(0, 12))
  })
})

describe('a verifier key', () => {
  const { publicKey } = parseVkey(GO_VKEY)

  test('comes back as it was, for both types, with different ids', () => {
    const ids = (['ed25519', 'cosignature'] as const).map((type) => {
      const vkey = formatKey('w', keyIdOf('w', type, publicKey), type, publicKey)
      expect(parseVkey(vkey)).toMatchObject({ name: 'w', type, vkey, publicKey })
      return parseVkey(vkey).keyId
    })
    expect(ids[0]).not.toBe(ids[1])
  })

  test.each([
    [GO_VKEY.replace('c74f20a3', '00000000'), 'its id is 00000000, its content says c74f20a3'],
    [GO_VKEY.replace('Peter', 'Paul'), /^its id is c74f20a3, its content says/],
    [GO_VKEY.replace('PeterNeumann', 'Peter Neumann'), 'its name has spaces or control characters'],
    [GO_VKEY.replace('PeterNeumann', ''), 'it does not have the form name+id+key'],
    [GO_VKEY.replace('+AR', '+GR'), /^it is neither/],
    ['no key at all', 'it does not have the form name+id+key'],
    ['', 'it does not have the form name+id+key'],
  ])('is not %j', (vkey, reason) => {
    expect(malformation(() => parseVkey(vkey))).toMatch(reason)
  })

  test('refuses signatures of any other length', () => {
    const signer = NoteSigner.generate('log')
    const signature = signer.signature(TEXT)
    expect(signer.verifier.verify(TEXT, signature)).toBe(true)
    for (const other of [Buffer.alloc(0), signature.subarray(1), Buffer.concat([signature, Buffer.of(0)])]) {
      expect(signer.verifier.verify(TEXT, other)).toBe(false)
    }
  })
})

describe('a cosignature', () => {
  const cosigner = CosignatureSigner.generate('witness.example/w1')

  test('is the time and the signature over header, time and text', () => {
    const line = cosigner.sign(TEXT, 1_679_315_147)
    const signature = Buffer.from(line.split(' ')[2] ?? '', 'base64').subarray(4)
    expect(signature.readBigUInt64BE(0)).toBe(1_679_315_147n)
    expect(signature.subarray(8)).toEqual(cosigner.signature(`cosignature/v1\ntime 1679315147\n${TEXT}`))
    const { signatures } = verifyNote(parseNote(formatNote(TEXT, [line])), [cosigner.verifier])
    expect(signatures).toMatchObject([{ timestamp: 1_679_315_147 }])
  })

  test('does not hold at another time, without its time, or for a plain signature', () => {
    const { verifier } = cosigner
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(5n)
    const signature = cosigner.signature(`cosignature/v1\ntime 5\n${TEXT}`)
    expect(verifier.verify(TEXT, Buffer.concat([time, signature]))).toBe(true)
    expect(verifier.verify(TEXT, signature)).toBe(false)
    expect(verifier.verify(TEXT, cosigner.signature(TEXT))).toBe(false)
    expect(verifier.verify(TEXT, time)).toBe(false)
    time.writeBigUInt64BE(6n)
    expect(verifier.verify(TEXT, Buffer.concat([time, signature]))).toBe(false)
  })

  test('with a time beyond 2^53-1 does not hold, whatever was signed', () => {
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(2n ** 53n)
    const signature = cosigner.signature(`cosignature/v1\ntime ${2n ** 53n}\n${TEXT}`)
    expect(cosigner.verifier.verify(TEXT, Buffer.concat([time, signature]))).toBe(false)
  })

  test.each([0, -1, 1.5, Number.NaN, 2 ** 53])('is not made at time %d', (time) => {
    expect(refusal(() => cosigner.sign(TEXT, time))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a note has no time', () => {
    const log = NoteSigner.generate('log')
    const { signatures } = verifyNote(parseNote(formatNote(TEXT, [log.sign(TEXT)])), [log.verifier])
    expect(signatures.map((signature) => 'timestamp' in signature)).toEqual([false])
  })
})
