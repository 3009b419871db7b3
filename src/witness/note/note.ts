import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { decodeBase64 } from './base64.js'
import { cosignatureTimestamp } from './cosigned-text.js'
import { formatKeyId, isKeyName } from './key.js'
import { hasControls, malformed, readText, type TextSource } from './text.js'
import type { Verifier } from './verifier.js'

/** One signature line. */
export interface NoteSignature {
  readonly name: string
  /** Unsigned 32 bits. */
  readonly keyId: number
  /** What follows the key id. */
  readonly signature: Buffer
}

/** A note that was read and not yet verified (C2SP signed-note). */
export interface Note {
  /** With its last newline, without the blank line that ends it. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

export interface VerifiedSignature {
  readonly verifier: Verifier
  readonly signature: NoteSignature
  /** POSIX seconds; only a cosignature has a time. */
  readonly timestamp?: number
}

export interface VerifiedNote {
  readonly text: string
  /** Whose signatures were found and hold, each key once. */
  readonly verified: readonly Verifier[]
  /** Every signature of those, in the order of the note. */
  readonly signatures: readonly VerifiedSignature[]
}

const FORMAT = 'signed note'
const DASH = '— '
const KEY_ID_BYTES = 4

/**
 * Splits a note into text and signatures; nothing is verified yet. Throws INVALID_ARGUMENT with `details.reason` when it
 * is not UTF-8, has control characters, no blank line, no or malformed signature lines, or is beyond the limits.
 */
export function parseNote(source: TextSource): Note {
  const content = readText(source, FORMAT, LIMITS.noteBytes)
  // The text may have blank lines of its own: the last one ends it.
  const end = content.lastIndexOf('\n\n')
  if (end < 0) throw malformed(FORMAT, 'no blank line ends its text')
  return { text: content.slice(0, end + 1), signatures: parseSignatures(content.slice(end + 2)) }
}

/** Reads one or more signature lines, each ended by a newline. Throws INVALID_ARGUMENT. */
export function parseSignatures(lines: string): NoteSignature[] {
  if (lines === '') throw malformed(FORMAT, 'it has no signature')
  if (!lines.endsWith('\n')) throw malformed(FORMAT, 'its last line does not end with a newline')
  const each = lines.slice(0, -1).split('\n', LIMITS.noteSignatures + 1)
  if (each.length > LIMITS.noteSignatures) {
    throw malformed(FORMAT, `it has more than ${LIMITS.noteSignatures} signatures`)
  }
  return each.map(parseSignature)
}

function parseSignature(line: string): NoteSignature {
  const match = /^— ([^ ]+) ([^ ]+)$/.exec(line)
  const [, name = '', encoded = ''] = match ?? []
  const bytes = decodeBase64(encoded)
  if (match === null || !isKeyName(name) || bytes === undefined || bytes.length <= KEY_ID_BYTES) {
    throw malformed(FORMAT, `a signature line does not have the form "${DASH}name base64"`)
  }
  return { name, keyId: bytes.readUInt32BE(0), signature: bytes.subarray(KEY_ID_BYTES) }
}

/** One signature line, without its newline. */
export function formatSignature({ name, keyId, signature }: NoteSignature): string {
  const id = Buffer.alloc(KEY_ID_BYTES)
  id.writeUInt32BE(keyId)
  return `${DASH}${name} ${Buffer.concat([id, signature]).toString('base64')}`
}

/** The note of a text and its signature lines (each without newline). */
export function formatNote(text: string, signatureLines: readonly string[]): string {
  requireNoteText(text)
  return `${text}\n${signatureLines.map((line) => `${line}\n`).join('')}`
}

/** Throws INVALID_ARGUMENT for a text that cannot be signed: without a last newline, or with control characters. */
export function requireNoteText(text: string): void {
  if (text.endsWith('\n') && !hasControls(text) && !/\p{Surrogate}/u.test(text)) return
  const message = 'A text to be signed ends with a newline and has no other control characters. Correct the text.'
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'text' })
}

/**
 * Checks the signatures of known keys; those of unknown keys are ignored, whatever their name. Throws PROOF_INVALID with
 * `details.reason` `bad_signature` when one of a known key does not hold, and `unsigned` when no known key signed.
 */
export function verifyNote({ text, signatures }: Note, verifiers: readonly Verifier[]): VerifiedNote {
  const held: VerifiedSignature[] = []
  for (const signature of signatures) {
    const known = verifiers.filter(({ name, keyId }) => name === signature.name && keyId === signature.keyId)
    if (known.length === 0) continue
    const verifier = known.find((candidate) => candidate.verify(text, signature.signature))
    if (verifier === undefined) throw badSignature(signature)
    const timestamp = verifier.type === 'cosignature' ? cosignatureTimestamp(signature.signature) : undefined
    held.push({ verifier, signature, ...(timestamp !== undefined && { timestamp }) })
  }
  if (held.length === 0) throw unsigned(signatures)
  return { text, verified: [...new Set(held.map(({ verifier }) => verifier))], signatures: held }
}

function badSignature({ name, keyId }: NoteSignature): FabricError {
  const key = `${name}+${formatKeyId(keyId)}`
  const message = `The signature of ${key} does not fit the note: it was changed, or the key is not theirs. Reject it.`
  return new FabricError('PROOF_INVALID', message, { reason: 'bad_signature', key })
}

function unsigned(signatures: readonly NoteSignature[]): FabricError {
  const keys = signatures.map(({ name, keyId }) => `${name}+${formatKeyId(keyId)}`)
  const message = 'No key that you trust signed the note. Check that you have the verifier key of its source.'
  return new FabricError('PROOF_INVALID', message, { reason: 'unsigned', keys })
}
