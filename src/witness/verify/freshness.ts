import { formatTimestamp, SECOND_MS } from '../../model/time.js'
import type { Checkpoint } from '../note/checkpoint.js'
import type { VerifiedSignature } from '../note/note.js'
import { quorumMet, type TrustPolicy } from '../note/trust-policy.js'
import type { Mark } from './marks.js'
import { failed, ok, unchecked, type Verdict, worstOf } from './verdict.js'

export type FreshnessCode =
  | 'extends'
  | 'unchanged'
  | 'still_there'
  | 'quorum_met'
  | 'nothing_remembered'
  | 'log_unreadable'
  | 'entries_unsigned'
  | 'rolled_back'
  | 'forked'
  | 'quorum_not_met'

export interface FreshnessQuestion {
  readonly checkpoint: Checkpoint
  /** What is remembered of this log. */
  readonly marks: readonly Mark[]
  /** Roots that follow from the entries, by size, also behind the checkpoint where they were read; undefined when the entries are not those of the checkpoint. */
  readonly roots: ReadonlyMap<number, Buffer> | undefined
  readonly policy: TrustPolicy | undefined
  readonly verified: readonly VerifiedSignature[]
  /** Entries of a data directory that nobody signed yet. */
  readonly beyond: number | undefined
}

/** Whether this is at least the log that was seen before, and whether enough others have seen it. */
export function judgeFreshness(question: FreshnessQuestion): Verdict<FreshnessCode> {
  const quorum = judgeQuorum(question)
  const marks = question.marks.map((mark) => judgeMark(mark, question))
  const verdict = worstOf([...marks, ...(quorum === undefined ? [] : [quorum])]) ?? nothingRemembered(question)
  const cosigned = quorum === undefined || quorum === verdict ? '' : ` ${quorum.message}`
  const details = { ...quorum?.details, ...verdict.details }
  return withUnsigned({ ...verdict, message: verdict.message + cosigned, details }, question.beyond ?? 0)
}

/** What nobody signed is no part of the log yet, so a log with such entries is never quite as it should be. */
function withUnsigned(verdict: Verdict<FreshnessCode>, beyond: number): Verdict<FreshnessCode> {
  if (beyond === 0) return verdict
  const message = `${verdict.message} ${beyond} entries behind the checkpoint are signed by nobody: \`ifab up\` signs them.`
  const details = { ...verdict.details, entriesBeyondCheckpoint: beyond }
  return verdict.status === 'ok' ? unchecked('entries_unsigned', message, details) : { ...verdict, message, details }
}

function judgeMark(mark: Mark, { checkpoint, roots }: FreshnessQuestion): Verdict<FreshnessCode> {
  const { size } = checkpoint
  const details = { remembered: { size: mark.size, root: mark.root, at: mark.at } }
  const seen = `the ${mark.size} entries that were seen at ${mark.at}`
  if (mark.size > size && roots?.get(mark.size)?.toString('base64') === mark.root) {
    const message = `The checkpoint has ${size} entries, fewer than ${seen}, but the log still has them all.`
    return ok('still_there', message, details)
  }
  if (mark.size > size) {
    return failed('rolled_back', `Rolled back: the log has ${size} entries, fewer than ${seen}.`, details)
  }
  const root = mark.size === size ? checkpoint.root : roots?.get(mark.size)
  if (root === undefined) {
    const message = `Whether the log extends ${seen} cannot be told, because its entries are not those of the checkpoint.`
    return unchecked('log_unreadable', message, details)
  }
  if (root.toString('base64') !== mark.root) {
    return failed('forked', `Forked: this is another log than ${seen}.`, details)
  }
  if (mark.size === size) return ok('unchanged', `The same log as ${seen}.`, details)
  return ok('extends', `Extends ${seen} by ${size - mark.size}.`, details)
}

function judgeQuorum({ policy, verified }: FreshnessQuestion): Verdict<FreshnessCode> | undefined {
  if (policy === undefined || policy.quorum === 'none') return undefined
  const cosignatures = policy.witnesses.flatMap(({ name, verifier }) => {
    const held = verified.find((signature) => signature.verifier === verifier)
    return held === undefined ? [] : [{ name, at: timeOf(held.timestamp ?? 0) }]
  })
  const details = { quorum: policy.quorum, cosignatures }
  const who = cosignatures.length === 0 ? 'nobody' : cosignatures.map(({ name, at }) => `${name} at ${at}`).join(', ')
  if (quorumMet(policy, new Set(cosignatures.map(({ name }) => name)))) {
    return ok('quorum_met', `The quorum is met: cosigned by ${who}.`, details)
  }
  return failed('quorum_not_met', `The quorum is not met: cosigned by ${who}.`, details)
}

/** The last second that a Date can say. */
const LAST_SECOND = 8_640_000_000_000

function timeOf(seconds: number): string {
  return seconds <= LAST_SECOND ? formatTimestamp(seconds * SECOND_MS) : `second ${seconds}`
}

function nothingRemembered({ checkpoint }: FreshnessQuestion): Verdict<FreshnessCode> {
  const message = `Nothing is remembered of ${checkpoint.origin} and no quorum is asked for: an older state of the log would look the same.`
  return unchecked('nothing_remembered', message, {})
}
