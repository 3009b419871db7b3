import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { HASH_BYTES } from '../tree/hash.js'
import { decodeBase64 } from './base64.js'
import { parseDecimal } from './decimal.js'
import { parseNote, type VerifiedNote, verifyNote } from './note.js'
import { hasControls, malformed, readText, type TextSource } from './text.js'
import type { Verifier } from './verifier.js'

/** A tree head as it is signed (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Name of the log; the name of its key is the same. */
  readonly origin: string
  /** Number of entries, at most 2^53-1. */
  readonly size: number
  /** 32 bytes: root of the tree of that size. */
  readonly root: Buffer
}

const FORMAT = 'checkpoint'

/** The text of the note that a log signs, without extension lines. */
export function formatCheckpoint({
  origin,
  size,
  root,
}: {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
}): string {
  const wellFormed = origin !== '' && !origin.includes('\n') && !hasControls(origin)
  if (!wellFormed || !Number.isSafeInteger(size) || size < 0 || root.length !== HASH_BYTES) {
    const message = `A checkpoint has an origin of one line, a whole size and a root of ${HASH_BYTES} bytes. Correct it.`
    throw new FabricError('INVALID_ARGUMENT', message, { format: FORMAT })
  }
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`
}

/** Reads the text of a checkpoint's note; extension lines of other logs are passed over. Throws INVALID_ARGUMENT. */
export function parseCheckpoint(text: string): Checkpoint {
  const content = readText(text, FORMAT, LIMITS.noteBytes)
  if (!content.endsWith('\n')) throw malformed(FORMAT, 'its last line does not end with a newline')
  const lines = content.slice(0, -1).split('\n')
  const [origin = '', decimal = '', encoded = ''] = lines
  if (lines.length < 3 || lines.includes('')) throw malformed(FORMAT, 'it needs at least three lines, none empty')
  const size = parseDecimal(decimal)
  if (size === undefined) throw malformed(FORMAT, 'its size is not a plain decimal number up to 2^53-1')
  const root = decodeBase64(encoded)
  if (root?.length !== HASH_BYTES) throw malformed(FORMAT, `its root is not the base64 of ${HASH_BYTES} bytes`)
  return { origin, size, root }
}

export interface OpenedCheckpoint extends VerifiedNote {
  readonly checkpoint: Checkpoint
}

/**
 * Reads a signed checkpoint and checks that a known key of its log signed it: a key whose name is the origin.
 * `others` (cosigners) are verified too and may be missing. Throws as `parseNote`, `verifyNote` and `parseCheckpoint`;
 * PROOF_INVALID with reason `origin_mismatch` when only keys of other names signed.
 */
export function openCheckpoint(
  source: TextSource,
  logs: readonly Verifier[],
  others: readonly Verifier[] = [],
): OpenedCheckpoint {
  const note = parseNote(source)
  const checkpoint = parseCheckpoint(note.text)
  const opened = verifyNote(note, [...logs, ...others])
  if (!opened.verified.some((verifier) => logs.includes(verifier) && verifier.name === checkpoint.origin)) {
    const names = opened.verified.map(({ name }) => name)
    const message = `The checkpoint is of ${checkpoint.origin}, and no trusted key of that name signed it. Reject it.`
    throw new FabricError('PROOF_INVALID', message, { reason: 'origin_mismatch', origin: checkpoint.origin, names })
  }
  return { ...opened, checkpoint }
}
