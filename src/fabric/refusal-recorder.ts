import { type CountedRefusals, isRecorded, type Refusal, Refusals } from './refusals.js'
import type { Timing } from './timing.js'

/** How long a flooding caller waits for its next refusal. */
const FLOOD_ANSWER_MS = 100

/** Has those refusals written down that matter for security: the first of a kind at once, further ones by their number. */
export class RefusalRecorder {
  readonly refusals = new Refusals()
  readonly #timing: Timing
  readonly #write: (counted: CountedRefusals) => Promise<void>

  /** `write` rejects when it could not; what it was given is then counted into the next. */
  constructor(timing: Timing, write: (counted: CountedRefusals) => Promise<void>) {
    this.#timing = timing
    this.#write = write
  }

  /**
   * Resolves when it is written or counted. Under a flood it takes its time, so that whoever waits for the answer before
   * asking again leaves the processor to others.
   */
  async note(refusal: Refusal, now: number): Promise<void> {
    if (!isRecorded(refusal.code)) return
    const counted = this.refusals.note(refusal, now)
    if (counted !== undefined) await this.write(counted, now)
    else if (this.refusals.isFlooding(refusal.actor, now)) {
      await new Promise<void>((resolve) => this.#timing.after(FLOOD_ANSWER_MS, resolve))
    }
  }

  /** Never rejects. */
  async write(counted: CountedRefusals, now: number): Promise<void> {
    await this.#write(counted).catch(() => this.refusals.giveBack(counted, now))
  }
}
