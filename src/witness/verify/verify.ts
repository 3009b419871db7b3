import { isFabricError } from '../../model/errors.js'
import { formatTimestamp } from '../../model/time.js'
import type { Checkpoint } from '../note/checkpoint.js'
import type { TrustPolicy } from '../note/trust-policy.js'
import { parseVkey, type Verifier } from '../note/verifier.js'
import { type CheckpointFile, readCheckpointFile } from './checkpoint-file.js'
import { Completeness, type CompletenessCode, entriesUnknown, nothingAsked } from './completeness.js'
import { DEFAULT_MAX_AGE_MS, type FreshnessCode, judgeFreshness } from './freshness.js'
import { type IntegrityCode, judgeIntegrity, unreadableCheckpoint } from './integrity.js'
import type { Mark, Marks } from './marks.js'
import { type Pass, passOver } from './pass.js'
import type { QueryResult } from './query-result.js'
import { Rotations } from './rotations.js'
import { judgeSignature, keyOf, type SignatureAnswer, type SignatureCode, type Trust } from './signature.js'
import type { LogSource } from './source.js'
import { unchecked, type Verdict } from './verdict.js'

export interface VerifyOptions {
  readonly source: LogSource
  readonly trust?: Trust | undefined
  /** Whose cosignatures are asked for. Its logs are not read: give their keys as `trust`. */
  readonly policy?: TrustPolicy | undefined
  /** How old the cosignatures of its quorum may be, milliseconds (default: a day). */
  readonly maxAgeMs?: number | undefined
  readonly marks: Marks
  /** What a query said, to be checked against the entries. */
  readonly result?: QueryResult | undefined
  /** Milliseconds since the Unix epoch. */
  readonly now: number
}

export interface Verdicts {
  /** Entries, tiles and root belong together. */
  readonly integrity: Verdict<IntegrityCode>
  /** A trusted key signed the checkpoint. */
  readonly signature: Verdict<SignatureCode>
  /** It is not an older or another log than the one seen before. */
  readonly freshness: Verdict<FreshnessCode>
  /** What a query said is all there is. */
  readonly completeness: Verdict<CompletenessCode>
}

export interface Verification {
  readonly source: string
  /** What the log says of itself; absent when its checkpoint cannot be read. */
  readonly checkpoint: Checkpoint | undefined
  readonly verdicts: Verdicts
  /** What is remembered for the next time, or why it could not be written. */
  readonly remembered: Remembered
}

export interface Remembered {
  readonly path: string
  readonly saved: boolean
  readonly problem?: string
}

/**
 * Reads a whole log once and judges it. Throws NOT_FOUND when there is no log, and what else stands in the way of
 * reading it; whatever is wrong with the log itself is a verdict.
 */
export async function verifySource(options: VerifyOptions): Promise<Verification> {
  const { source } = options
  const file = readCheckpointFile(await source.checkpoint())
  const found = options.trust === undefined ? await source.vkey() : undefined
  const read = file.checkpoint === undefined ? undefined : await readEntries(options, file.checkpoint)
  const signature = judgeSignature({
    file,
    trust: options.trust,
    witnesses: options.policy?.witnesses.map(({ verifier }) => verifier) ?? [],
    rotations: read?.rotations,
    found,
  })
  const { checkpoint } = file
  if (checkpoint === undefined || read === undefined) return unreadable(options, file, signature)
  const { pass, completeness } = read
  const keys = keysOf(options, file, read.rotations, signature.signer)
  const holds = pass.roots.get(checkpoint.size)?.equals(checkpoint.root) === true
  const marks = options.marks.find(checkpoint.origin, keys)
  const verdicts: Verdicts = {
    integrity: judgeIntegrity(checkpoint, pass),
    signature: signature.verdict,
    freshness: judgeFreshness({
      checkpoint,
      marks,
      otherKeys: marks.length > 0 ? [] : options.marks.ofOrigin(checkpoint.origin).flatMap((mark) => mark.keys),
      roots: holds ? await withLaterRoots(source, pass.roots, checkpoint, marks) : undefined,
      policy: options.policy,
      verified: signature.verified,
      beyond: await entriesBeyond(source, checkpoint),
      now: options.now,
      maxAgeMs: options.maxAgeMs ?? DEFAULT_MAX_AGE_MS,
    }),
    completeness: await completeness.judge(holds),
  }
  return {
    source: source.describe,
    checkpoint,
    verdicts,
    remembered: await remember(options, checkpoint, verdicts, keys),
  }
}

/**
 * A log with witnesses serves a checkpoint with their cosignatures, which may be older than one that was seen without.
 * What was seen then is read as well, where the log has it.
 */
async function withLaterRoots(
  source: LogSource,
  roots: ReadonlyMap<number, Buffer>,
  { size }: Checkpoint,
  marks: readonly Mark[],
): Promise<ReadonlyMap<number, Buffer>> {
  const later = marks.map((mark) => mark.size).filter((seen) => seen > size)
  if (later.length === 0) return roots
  const pass = await passOver({ source, size: Math.max(...later), rootsAt: later, see: () => {} })
  return pass.roots
}

interface EntriesRead {
  readonly pass: Pass
  readonly rotations: Rotations
  readonly completeness: Completeness
}

/** The one pass over all entries, for everything that wants to see them. */
async function readEntries({ source, marks, result }: VerifyOptions, checkpoint: Checkpoint): Promise<EntriesRead> {
  const { origin, size } = checkpoint
  const rotations = new Rotations(origin)
  const completeness = await Completeness.open({ result, size, postings: source.postings })
  const rootsAt = marks.ofOrigin(origin).map((mark) => mark.size)
  const see = (index: number, entry: Uint8Array) => {
    rotations.see(entry)
    completeness.see(index, entry)
  }
  return { pass: await passOver({ source, size, rootsAt, see }), rotations, completeness }
}

/**
 * Keys of this log as far as they are known: the one that signed it with those before and after it, else those that
 * should have signed, else those that say so.
 */
function keysOf(
  { trust }: VerifyOptions,
  { note, checkpoint }: CheckpointFile,
  rotations: Rotations,
  signer: Verifier | undefined,
): Set<string> {
  const ours = ({ name }: { readonly name: string }) => name === checkpoint?.origin
  if (trust === undefined) return new Set(note?.signatures.filter(ours).map(keyOf))
  const keys = signer === undefined ? trust.keys.filter(ours) : [signer]
  const related = keys.flatMap(({ vkey }) => [...rotations.before(vkey), vkey, ...rotations.after(vkey)])
  return new Set(related.map((vkey) => keyOf(parseVkey(vkey))))
}

/** Entries behind the checkpoint; a log that cannot be read has been judged already. */
async function entriesBeyond({ entries }: LogSource, { size }: Checkpoint): Promise<number | undefined> {
  try {
    return entries === undefined ? undefined : Math.max(0, (await entries()) - size)
  } catch {
    return undefined
  }
}

/** Only what a trusted key signed, and what nothing speaks against, is held against the log later. */
async function remember(
  { marks, now }: VerifyOptions,
  { origin, size, root }: Checkpoint,
  { integrity, signature, freshness, completeness }: Verdicts,
  keys: ReadonlySet<string>,
): Promise<Remembered> {
  const { path } = marks
  const sound = integrity.status === 'ok' && signature.status === 'ok'
  if (!sound || freshness.status === 'failed' || completeness.status === 'failed') return { path, saved: false }
  try {
    await marks.remember({ origin, keys: [...keys], size, root: root.toString('base64'), at: formatTimestamp(now) })
    return { path, saved: true }
  } catch (error) {
    if (!isFabricError(error)) throw error
    return { path, saved: false, problem: error.message }
  }
}

function unreadable(
  { source, marks, result }: VerifyOptions,
  { problem = '' }: CheckpointFile,
  { verdict }: SignatureAnswer,
): Verification {
  return {
    source: source.describe,
    checkpoint: undefined,
    verdicts: {
      integrity: unreadableCheckpoint(problem),
      signature: verdict,
      freshness: unchecked('log_unreadable', 'The checkpoint cannot be read.'),
      completeness: result === undefined ? nothingAsked() : entriesUnknown(),
    },
    remembered: { path: marks.path, saved: false },
  }
}
