import { Alarm } from '../alarm.js'
import { RefusalRecorder } from '../refusal-recorder.js'
import type { CountedRefusals, Refusal } from '../refusals.js'
import type { Timing } from '../timing.js'

export interface ForwardedRefusalsOptions {
  readonly timing: Timing
  readonly now: () => number
  /** Has them written where the log is written. */
  readonly send: (refusals: readonly CountedRefusals[]) => Promise<unknown>
  readonly report: (error: unknown) => void
}

/** Refusals of a node that follows: counted here, so that a flood of them costs the node that leads as little as one of its own. */
export class ForwardedRefusals {
  readonly #options: ForwardedRefusalsOptions
  readonly #recorder: RefusalRecorder
  readonly #alarm: Alarm

  constructor(options: ForwardedRefusalsOptions) {
    this.#options = options
    this.#recorder = new RefusalRecorder(options.timing, async (counted) => void (await options.send([counted])))
    this.#alarm = new Alarm(options.timing, () => this.flush(false), options.report)
  }

  /** Never rejects. */
  async note(refusal: Refusal): Promise<void> {
    await this.#recorder.note(refusal, this.#options.now())
    this.#arm()
  }

  /** Sends those whose time is over, or all. */
  async flush(all: boolean): Promise<void> {
    const now = this.#options.now()
    const due = this.#recorder.refusals.takeDue(now, all)
    await Promise.all(due.map((counted) => this.#recorder.write(counted, now)))
    if (!all) this.#arm()
  }

  close(): void {
    this.#alarm.cancel()
  }

  #arm(): void {
    this.#alarm.set(this.#recorder.refusals.nextDue(), this.#options.now())
  }
}
