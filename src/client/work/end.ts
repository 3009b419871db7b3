import { LIMITS } from '../../model/limits.js'
import type { ClaimEnd } from './claim-life.js'

/** The reason of a held task's signal: why its handler should stop. Named as other aborts are. */
export class ClaimEndedError extends Error {
  override readonly name = 'AbortError'
  /** As for a claim; `worker`: it is not over, but its worker stops. */
  readonly why: ClaimEnd['why'] | 'worker'

  constructor({ why, reason }: Pick<ClaimEndedError, 'why'> & Pick<ClaimEnd, 'reason'>) {
    super(reason)
    this.why = why
  }
}

/** Thrown by a handler, it fails the task for good: nobody tries again. */
export class GiveUpError extends Error {
  override readonly name: string = 'GiveUpError'
}

/** What no note may hold: control characters other than newline and tab, and halves of surrogate pairs. */
const NOT_TEXT = /(?![\n\t])[\p{Cc}\p{Cs}]/gu

/** What was thrown, as a note that the fabric takes. */
export function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
  const plain = text.replaceAll('\r\n', '\n').replace(NOT_TEXT, ' ').trim()
  return plain === '' ? 'no reason was given' : cut(plain)
}

function cut(text: string): string {
  if (text.length <= LIMITS.noteChars) return text
  // Not between the halves of a surrogate pair.
  return `${text.slice(0, LIMITS.noteChars - 1).replace(/[\ud800-\udbff]$/, '')}\u2026`
}
