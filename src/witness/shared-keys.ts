import { hkdfSync } from 'node:crypto'
import { type KeySource, MAX_ROTATIONS } from './identity.js'
import { NoteSigner } from './note/signer.js'

const KEY_BYTES = 32

/**
 * Keys that every process with the same secret can make by itself (HKDF, RFC 5869): the first, and each next one from the
 * verifier key of the one before. So any node of a fabric signs with the key that the log names, and none is ever sent.
 */
export function sharedKeys(secret: Uint8Array): KeySource {
  const derive = (use: string) => Buffer.from(hkdfSync('sha256', secret, '', `infrafabric ${use} v1`, KEY_BYTES))
  const after = (origin: string, previous: string) =>
    NoteSigner.fromSeed(origin, derive(`witness key\n${origin}\n${previous}`))
  const find = (origin: string, vkey: string, from: string) => {
    let signer = after(origin, from)
    for (let rotation = 0; signer.vkey !== vkey; rotation += 1) {
      if (rotation === MAX_ROTATIONS) return undefined
      signer = after(origin, signer.vkey)
    }
    return signer
  }
  return {
    // A key that is none of these was in one data directory, and the first of all takes over from it.
    next: (origin, previous) => after(origin, previous && find(origin, previous, '') ? previous : ''),
    find: (origin, vkey, from) => (from && find(origin, vkey, from)) || find(origin, vkey, ''),
    redactionKey: derive('redaction'),
  }
}
