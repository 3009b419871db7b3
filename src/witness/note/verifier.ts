import { type KeyObject, verify } from 'node:crypto'
import { FabricError } from '../../model/errors.js'
import { cosignatureTimestamp, cosignedText, TIMESTAMP_BYTES } from './cosigned-text.js'
import { formatKey, formatKeyId, type KeyType, keyIdOf, publicKeyObject, SIGNATURE_BYTES } from './key.js'
import { parseKey } from './parse-key.js'

/** The public half of a key, which checks signatures on the text of notes. */
export interface Verifier {
  readonly name: string
  /** Unsigned 32 bits; with the name it tells whose signature a line is. */
  readonly keyId: number
  readonly type: KeyType
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Buffer
  /** `name+hex8+base64(type, public key)`. */
  readonly vkey: string
  /** `signature` is what follows the key id: 64 bytes, for cosignatures with 8 bytes of time before them. */
  verify(text: string, signature: Uint8Array): boolean
}

/**
 * Reads a verifier key (C2SP signed-note) of type 1 (Ed25519) or 4 (Ed25519 cosignature).
 * Throws INVALID_ARGUMENT when it is malformed, of another type, or its id is not that of its name and key.
 */
export function parseVkey(vkey: string): Verifier {
  const parsed = parseKey(vkey)
  if (typeof parsed === 'string') throw refused(parsed)
  const { name, keyId, type, key } = parsed
  const expected = keyIdOf(name, type, key)
  if (keyId !== expected) throw refused(`its id is ${formatKeyId(keyId)}, its content says ${formatKeyId(expected)}`)
  return verifierOf(name, type, key)
}

export function verifierOf(name: string, type: KeyType, publicKey: Buffer): Verifier {
  const keyId = keyIdOf(name, type, publicKey)
  const key = publicKeyObject(publicKey)
  const check = type === 'ed25519' ? checkNote : checkCosignature
  return {
    name,
    keyId,
    type,
    publicKey,
    vkey: formatKey(name, keyId, type, publicKey),
    verify: (text, signature) => check(key, text, signature),
  }
}

function checkNote(key: KeyObject, text: string, signature: Uint8Array): boolean {
  return signature.length === SIGNATURE_BYTES && verify(null, Buffer.from(text), key, signature)
}

function checkCosignature(key: KeyObject, text: string, signature: Uint8Array): boolean {
  const timestamp = cosignatureTimestamp(signature)
  if (timestamp === undefined) return false
  return checkNote(key, cosignedText(text, timestamp), signature.subarray(TIMESTAMP_BYTES))
}

function refused(reason: string): FabricError {
  const message = `This is not a verifier key: ${reason}. Copy the whole vkey from whoever publishes it.`
  return new FabricError('INVALID_ARGUMENT', message, { format: 'vkey', reason })
}
