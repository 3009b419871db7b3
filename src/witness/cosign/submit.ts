import { isFabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { parseCheckpoint } from '../note/checkpoint.js'
import { parseDecimal } from '../note/decimal.js'
import { formatSignature, parseNote, parseSignatures, verifyNote } from '../note/note.js'
import type { Verifier } from '../note/verifier.js'
import { type HttpReply, post } from './post.js'
import { formatAddCheckpoint } from './request.js'

/** What became of a checkpoint at a witness. */
export type SubmitOutcome =
  /** `line` is its cosignature, verified, without newline; `timestamp` in POSIX seconds. */
  | { readonly outcome: 'cosigned'; readonly line: string; readonly timestamp: number }
  /** It has cosigned a log of `size`, longer than this checkpoint: this log was rolled back, or an older head came late. */
  | { readonly outcome: 'ahead'; readonly size: number }
  /** What it has cosigned is not a beginning of this log. */
  | { readonly outcome: 'fork' }
  /** It will not cosign, and asking again will not help: unknown log or key, or not what the protocol says. */
  | { readonly outcome: 'refused'; readonly status: number; readonly reason: string }
  /** No answer, or one that says to come back later (429, 5xx). */
  | { readonly outcome: 'unreachable'; readonly reason: string }

export interface Submission {
  readonly witness: {
    readonly verifier: Verifier
    /** Submission prefix: `add-checkpoint` is appended. */
    readonly url: string
  }
  /** The checkpoint, signed by its log. */
  readonly note: string
  /** The tree that the checkpoint is a head of. */
  readonly tree: { consistencyProof(oldSize: number, newSize: number): Promise<readonly Uint8Array[]> }
  /** Size that the witness is believed to have cosigned last; 0 when unknown. */
  readonly knownSize: number
  /** Per request; 10 seconds if left out. */
  readonly timeoutMs?: number
  /** Ends the attempt early, as unreachable. */
  readonly signal?: AbortSignal
}

/**
 * Asks a witness to cosign a checkpoint; when it names another size than the known one, once more from that size.
 * Throws what `tree` throws, and INVALID_ARGUMENT when `note` is not a checkpoint.
 */
export async function submitCheckpoint(submission: Submission): Promise<SubmitOutcome> {
  const { size } = parseCheckpoint(parseNote(submission.note).text)
  const first = await ask(submission, Math.min(submission.knownSize, size), size)
  if (!('conflict' in first)) return first
  if (first.conflict > size) return { outcome: 'ahead', size: first.conflict }
  const second = await ask(submission, first.conflict, size)
  if (!('conflict' in second)) return second
  if (second.conflict > size) return { outcome: 'ahead', size: second.conflict }
  return refused(409, 'it names another size each time')
}

interface Conflict {
  /** Size of what the witness cosigned last. */
  readonly conflict: number
}

async function ask(submission: Submission, oldSize: number, size: number): Promise<SubmitOutcome | Conflict> {
  const { witness, note, tree, timeoutMs = LIMITS.cosignAnswerMs, signal } = submission
  const proof = oldSize === 0 || oldSize === size ? [] : await tree.consistencyProof(oldSize, size)
  const ending = new AbortController()
  const end = () => ending.abort(signal?.reason)
  const timer = setTimeout(() => ending.abort(new DOMException('', 'TimeoutError')), timeoutMs)
  signal?.addEventListener('abort', end, { once: true })
  if (signal?.aborted === true) end()
  const reply = await post({
    url: `${witness.url.replace(/\/+$/, '')}/add-checkpoint`,
    body: formatAddCheckpoint({ oldSize, proof, checkpoint: note }),
    maxBytes: LIMITS.cosignAnswerBytes,
    signal: ending.signal,
  })
  clearTimeout(timer)
  // Signals that are joined by `AbortSignal.any` stay behind with the one that lives on.
  signal?.removeEventListener('abort', end)
  return 'reason' in reply ? { outcome: 'unreachable', reason: reply.reason } : judge(reply, submission)
}

function judge({ status, body }: HttpReply, { note, witness }: Submission): SubmitOutcome | Conflict {
  if (status === 200) return readCosignature(body, note, witness.verifier)
  if (status === 409) return readSize(body)
  if (status === 422) return { outcome: 'fork' }
  if (status === 429 || status >= 500) return { outcome: 'unreachable', reason: `it answers ${status}` }
  return refused(status, REFUSALS[status] ?? 'it does not answer as a witness does')
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'it finds the request malformed',
  403: 'it does not trust the key that signed the checkpoint',
  404: 'it does not know this log, or its address is wrong',
}

function readSize(body: string): SubmitOutcome | Conflict {
  const size = body.endsWith('\n') ? parseDecimal(body.slice(0, -1)) : undefined
  return size === undefined ? refused(409, 'it does not say which size it has') : { conflict: size }
}

/** The newest cosignature of the witness in its answer; one that does not hold is never used. */
function readCosignature(body: string, note: string, verifier: Verifier): SubmitOutcome {
  try {
    const { text } = parseNote(note)
    const { signatures } = verifyNote({ text, signatures: parseSignatures(body) }, [verifier])
    const newest = signatures.reduce((best, other) => ((other.timestamp ?? 0) > (best.timestamp ?? 0) ? other : best))
    if (newest.timestamp === undefined || newest.timestamp === 0) return refused(200, 'its cosignature has no time')
    return { outcome: 'cosigned', line: formatSignature(newest.signature), timestamp: newest.timestamp }
  } catch (error) {
    if (isFabricError(error)) return refused(200, error.message)
    throw error
  }
}

function refused(status: number, reason: string): SubmitOutcome {
  return { outcome: 'refused', status, reason }
}
