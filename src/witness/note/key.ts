import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { hasControls } from './text.js'

/** What a key signs: a note as it is, or a checkpoint together with the time (C2SP tlog-cosignature). */
export type KeyType = 'ed25519' | 'cosignature'

const TYPE_BYTES: Readonly<Record<KeyType, number>> = { ed25519: 0x01, cosignature: 0x04 }

export const KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** Raw Ed25519 keys as the containers that node:crypto reads (RFC 8410). */
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

export function typeOf(byte: number | undefined): KeyType | undefined {
  return byte === TYPE_BYTES.ed25519 ? 'ed25519' : byte === TYPE_BYTES.cosignature ? 'cosignature' : undefined
}

/** A key name is not empty and has no Unicode space, plus sign or control character (C2SP signed-note). */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\p{White_Space}\p{Surrogate}+]/u.test(name) && !hasControls(name)
}

/** First four bytes, big-endian, of SHA-256(name, newline, type, public key). */
export function keyIdOf(name: string, type: KeyType, publicKey: Uint8Array): number {
  const hash = createHash('sha256').update(`${name}\n`).update(Buffer.of(TYPE_BYTES[type])).update(publicKey)
  return hash.digest().readUInt32BE(0)
}

export function formatKeyId(keyId: number): string {
  return keyId.toString(16).padStart(8, '0')
}

/** `name+hex8+base64(type, key)`, the part that verifier and signer keys have in common. */
export function formatKey(name: string, keyId: number, type: KeyType, key: Uint8Array): string {
  return `${name}+${formatKeyId(keyId)}+${Buffer.concat([Buffer.of(TYPE_BYTES[type]), key]).toString('base64')}`
}

export function publicKeyObject(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, publicKey]), format: 'der', type: 'spki' })
}

export function privateKeyObject(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' })
}

/** The 32 bytes (RFC 8032) of the public half. */
export function publicBytes(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length)
}
