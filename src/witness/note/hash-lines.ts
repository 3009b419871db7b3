import { LIMITS } from '../../model/limits.js'
import { HASH_BYTES } from '../tree/hash.js'
import { decodeBase64 } from './base64.js'
import { malformed } from './text.js'

/** A text of header lines, hashes, a blank line and a checkpoint, as proof files and cosigning requests have it. */
export interface ProofText {
  readonly lines: readonly string[]
  /** The signed note after the blank line. */
  readonly checkpoint: string
}

/** Splits at the first blank line. Throws INVALID_ARGUMENT when there is none. */
export function splitProofText(content: string, format: string): ProofText {
  const end = content.indexOf('\n\n')
  if (end < 0) throw malformed(format, 'no blank line stands before its checkpoint')
  return { lines: content.slice(0, end).split('\n'), checkpoint: content.slice(end + 2) }
}

/** One base64 hash a line. Throws INVALID_ARGUMENT for other lines and for more than any proof has. */
export function parseHashLines(lines: readonly string[], format: string): Buffer[] {
  if (lines.length > LIMITS.proofHashes) throw malformed(format, `it has more than ${LIMITS.proofHashes} hashes`)
  return lines.map((line) => {
    const hash = decodeBase64(line)
    if (hash?.length !== HASH_BYTES) throw malformed(format, `a line is not the base64 of a hash (${HASH_BYTES} bytes)`)
    return hash
  })
}

export function formatHashLines(hashes: readonly Uint8Array[]): string {
  return hashes.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('')
}
