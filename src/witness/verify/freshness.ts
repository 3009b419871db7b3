import { DAY_MS, formatTimestamp, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../model/time.js'
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
  | 'quorum_old'
  | 'quorum_in_future'

/** Age in milliseconds up to which cosignatures say that a state is the newest, unless the user says otherwise. */
export const DEFAULT_MAX_AGE_MS = DAY_MS

export interface FreshnessQuestion {
  readonly checkpoint: Checkpoint
  /** What is remembered of this log. */
  readonly marks: readonly Mark[]
  /** Keys under which logs of the same origin are remembered, where none is a key of this one. */
  readonly otherKeys: readonly string[]
  /**
   * Roots that follow from the entries, by size, also behind the checkpoint where they were read; undefined when the
   * entries are not those of the checkpoint.
   */
  readonly roots: ReadonlyMap<number, Buffer> | undefined
  readonly policy: TrustPolicy | undefined
  readonly verified: readonly VerifiedSignature[]
  /** Entries of a data directory that nobody signed yet. */
  readonly beyond: number | undefined
  /** Milliseconds since the Unix epoch, and how old cosignatures may be. */
  readonly now: number
  readonly maxAgeMs: number
}

/** Whether this is at least the log that was seen before, and whether enough others have seen it lately. */
export function judgeFreshness(question: FreshnessQuestion): Verdict<FreshnessCode> {
  const quorum = judgeQuorum(question)
  const remembered = worstOf(question.marks.map((mark) => judgeMark(mark, question)))
  // Old cosignatures leave open whether the log has gone on; what was seen before may answer that for this user.
  const answered = quorum?.status === 'unchecked' && remembered?.status === 'ok' ? [remembered] : [remembered, quorum]
  const verdict = worstOf(answered.filter((one) => one !== undefined)) ?? nothingRemembered(question)
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

/** How far clocks may be apart. */
const CLOCKS_MS = 5 * MINUTE_MS

interface Cosignature {
  readonly name: string
  readonly seconds: number
}

function judgeQuorum(question: FreshnessQuestion): Verdict<FreshnessCode> | undefined {
  const { policy, verified, now, maxAgeMs } = question
  if (policy === undefined || policy.quorum === 'none') return undefined
  const held = policy.witnesses.flatMap(({ name, verifier }): Cosignature[] => {
    const found = verified.find((signature) => signature.verifier === verifier)
    return found === undefined ? [] : [{ name, seconds: found.timestamp ?? 0 }]
  })
  const cosignatures = held.map(({ name, seconds }) => ({ name, at: timeOf(seconds) }))
  const details = { quorum: policy.quorum, cosignatures }
  const who = held.length === 0 ? 'nobody' : cosignatures.map(({ name, at }) => `${name} at ${at}`).join(', ')
  if (!quorumMet(policy, new Set(held.map(({ name }) => name)))) {
    return failed('quorum_not_met', `The quorum is not met: cosigned by ${who}.`, details)
  }
  const met = `The quorum is met: cosigned by ${who}`
  const ageMs = quorumAge(policy, held, now)
  if (ageMs === undefined) {
    const message = `${met}, but this is later than the clock here says. Set the clock of one or the other right.`
    return unchecked('quorum_in_future', message, details)
  }
  const facts = { ...details, ageMs, maxAgeMs }
  if (ageMs <= maxAgeMs) return ok('quorum_met', `${met}.`, facts)
  const message = `${met}, ${spanOf(ageMs)} ago, so that the log may have gone on since; --max-age allows ${spanOf(maxAgeMs)}.`
  return unchecked('quorum_old', message, facts)
}

/** Age of the oldest cosignature that a quorum of the newest takes; undefined when it takes some from the future. */
function quorumAge(policy: TrustPolicy, cosignatures: readonly Cosignature[], now: number): number | undefined {
  const names = new Set<string>()
  for (const { name, seconds } of cosignatures.toSorted((a, b) => b.seconds - a.seconds)) {
    const age = now - seconds * SECOND_MS
    if (age < -CLOCKS_MS) continue
    names.add(name)
    if (quorumMet(policy, names)) return Math.max(0, age)
  }
  return undefined
}

const SPANS = [
  [2 * DAY_MS, DAY_MS, 'days'],
  [2 * HOUR_MS, HOUR_MS, 'hours'],
  [2 * MINUTE_MS, MINUTE_MS, 'minutes'],
  [0, SECOND_MS, 'seconds'],
] as const

/** `3 days`, `26 hours`: rounded down to the largest unit of which there are two. */
function spanOf(ms: number): string {
  const [, unit, name] = SPANS.find(([least]) => ms >= least) ?? SPANS[3]
  return `${Math.floor(ms / unit)} ${name}`
}

/** The last second that a Date can say. */
const LAST_SECOND = 8_640_000_000_000

function timeOf(seconds: number): string {
  return seconds <= LAST_SECOND ? formatTimestamp(seconds * SECOND_MS) : `second ${seconds}`
}

function nothingRemembered({ checkpoint: { origin }, otherKeys }: FreshnessQuestion): Verdict<FreshnessCode> {
  const message =
    otherKeys.length === 0
      ? `Nothing is remembered of ${origin} and no quorum is asked for: an older state of the log would look the same.`
      : `A log named ${origin} is remembered under other keys (${otherKeys.join(', ')}), and nothing vouches for this one. Ask its operator whether it is another log, or why its key was replaced.`
  return unchecked('nothing_remembered', message, { otherKeys })
}
