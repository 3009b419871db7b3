import type { Journal } from '../../journal/journal.js'
import { FabricError } from '../../model/errors.js'
import type { Timing } from '../timing.js'

/** How often a node asks the journal how far it is, milliseconds. */
const ASK_MS = 500
/** A state that may be older is shown to nobody, milliseconds: so long at most a revoked token opens a node that was cut off. */
export const STALE_AFTER_MS = 5_000

export interface FreshnessOptions {
  readonly journal: Pick<Journal, 'head'>
  readonly timing: Timing
  /** When the state was read; on the scale of `elapsed`. */
  readonly since: number
  /** Entries in the state. */
  readonly size: () => number
  /** Told of each head that the journal gave. */
  readonly onHead: (head: Awaited<ReturnType<Journal['head']>>) => void
  /** Told after each time it was asked, whether it answered or not. */
  readonly onAsked: () => void
}

/**
 * Knows how old the state of this node may be. Silence says nothing, for an idle log and a lost line are alike, so it asks for
 * the head: when the state has as many entries, it is as new as the moment at which that was asked.
 */
export class Freshness {
  readonly #options: FreshnessOptions
  #freshAt: number
  /** The last head that is not reached yet, and when it was asked for. */
  #ahead: { readonly size: number; readonly askedAt: number } | undefined
  #asking: Promise<number | undefined> | undefined
  #cancel: () => void = () => {}
  #closed = false

  constructor(options: FreshnessOptions) {
    this.#options = options
    this.#freshAt = options.since
    this.#schedule()
  }

  /** How old the state may be, milliseconds. */
  get ageMs(): number {
    return this.#options.timing.elapsed() - this.#freshAt
  }

  /** Entries that are known to be missing. */
  get lag(): number {
    return Math.max(0, (this.#ahead?.size ?? 0) - this.#options.size())
  }

  isWithin(ms: number): boolean {
    return this.ageMs <= ms
  }

  /** Throws UNAVAILABLE when the state may be older than it may be shown. */
  require(): void {
    if (this.isWithin(STALE_AFTER_MS)) return
    const message = `This node has not heard from the journal for ${Math.round(this.ageMs / 1_000)} s. Ask another node, or try again.`
    throw new FabricError('UNAVAILABLE', message, { reason: 'stale', ageMs: Math.round(this.ageMs) })
  }

  /** The state has grown. */
  grown(): void {
    if (this.#ahead === undefined || this.#options.size() < this.#ahead.size) return
    this.#freshAt = Math.max(this.#freshAt, this.#ahead.askedAt)
    this.#ahead = undefined
  }

  close(): void {
    this.#closed = true
    this.#cancel()
  }

  /** Asks for the head; one question at a time. Resolves with the entries that the journal has, where it answered. */
  ask(): Promise<number | undefined> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #ask(): Promise<number | undefined> {
    let size: number | undefined
    const askedAt = this.#options.timing.elapsed()
    try {
      const head = await this.#options.journal.head()
      size = head.size
      this.#ahead = { size, askedAt }
      this.grown()
      this.#options.onHead(head)
    } catch {
      // Its age tells; who needs the journal hears from it why.
    }
    if (!this.#closed) this.#options.onAsked()
    return size
  }

  #schedule(): void {
    this.#cancel = this.#options.timing.after(ASK_MS, () => {
      this.#schedule()
      void this.ask()
    })
  }
}
