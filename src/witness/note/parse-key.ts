import { decodeBase64 } from './base64.js'
import { isKeyName, KEY_BYTES, type KeyType, typeOf } from './key.js'

export interface ParsedKey {
  readonly name: string
  readonly keyId: number
  readonly type: KeyType
  /** 32 bytes: the public key of a verifier key, the seed of a signer key. */
  readonly key: Buffer
}

/** Reads `name+hex8+base64(type, key)`. Returns the reason why not as a text; it never holds any of the input. */
export function parseKey(text: string): ParsedKey | string {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text)
  if (match === null) return 'it does not have the form name+id+key'
  const [, name = '', id = '', encoded = ''] = match
  if (!isKeyName(name)) return 'its name has spaces or control characters'
  const bytes = decodeBase64(encoded)
  if (bytes === undefined) return 'its key is not canonical base64'
  const type = typeOf(bytes[0])
  if (type === undefined) return 'it is neither an Ed25519 key (type 1) nor an Ed25519 cosignature key (type 4)'
  if (bytes.length !== 1 + KEY_BYTES) return `its key does not have ${KEY_BYTES} bytes`
  return { name, keyId: Number.parseInt(id, 16), type, key: bytes.subarray(1) }
}
