import { escapeControls } from '../../model/escape-controls.js'
import { LIMITS } from '../../model/limits.js'
import type { LogLevel } from '../../model/log-level.js'
import type { Redactor } from '../../witness/redact.js'

/** A line that a module logged, as it may be shown: one line of printable text without secrets. */
export interface GuestLogLine {
  readonly level: LogLevel
  readonly text: string
}

/** What a module logs in one call, up to a number of bytes. */
export class GuestLog {
  readonly #lines: GuestLogLine[] = []
  readonly #redactor: Pick<Redactor, 'redactText'>
  readonly #mostBytes: number
  #bytes = 0
  #dropped = 0
  #isFull = false

  constructor(redactor: Pick<Redactor, 'redactText'>, mostBytes: number) {
    this.#redactor = redactor
    this.#mostBytes = mostBytes
  }

  /** Lines that are known not to be here, for whatever reason. */
  get dropped(): number {
    return this.#dropped
  }

  /** All lines so far, and at the end one that tells how many were dropped. */
  get lines(): readonly GuestLogLine[] {
    if (this.#dropped === 0) return this.#lines
    const orMore = this.#isFull ? ' or more' : ''
    const dropped = this.#dropped === 1 && !this.#isFull ? '1 line was' : `${this.#dropped}${orMore} lines were`
    const why = `more than ${this.#mostBytes} bytes, or faster than the contract allows`
    return [...this.#lines, { level: 'warn', text: `[${dropped} dropped: ${why}]` }]
  }

  /** A line that does not fit is dropped; a shorter one after it may fit. */
  add(level: LogLevel, bytes: Uint8Array): void {
    // One that cannot fit costs no search for secrets.
    const text = this.#bytes < this.#mostBytes ? this.#shown(bytes) : undefined
    const size = Buffer.byteLength(text ?? '') + 1
    if (text === undefined || this.#bytes + size > this.#mostBytes) {
      this.drop()
      return
    }
    this.#bytes += size
    this.#lines.push({ level, text })
  }

  drop(): void {
    this.#dropped += 1
  }

  /** The process of the module passes on no more lines. How many it leaves out, nobody counts. */
  fill(): void {
    this.#isFull = true
    this.#dropped += 1
  }

  /** Secrets go first: cut in two, or with escapes in it, one would not be known as such. */
  #shown(bytes: Uint8Array): string {
    const { guestLogScanBytes, guestLogLineChars } = LIMITS
    const isWhole = bytes.length <= guestLogScanBytes
    const text = Buffer.from(bytes.subarray(0, guestLogScanBytes)).toString('utf8')
    const safe = escapeControls(this.#redactor.redactText(text))
    if (safe.length > guestLogLineChars)
      return `${safe.slice(0, guestLogLineChars - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
    // What redaction made short enough to be shown to its end may end in a part of a secret.
    return isWhole ? safe : `${safe.replace(/\S+$/, '')}…`
  }
}
