import type { Timing } from '../fabric/timing.js'
import { type FabricError, isFabricError } from '../model/errors.js'
import { ESCALATION_SEVERITIES } from '../model/escalation.js'
import { LIMITS } from '../model/limits.js'
import { MINUTE_MS, SECOND_MS } from '../model/time.js'
import { type Channel, refused, unreachable } from './channel.js'
import type { Notice, NoticeEvent } from './notice.js'
import { pause } from './pause.js'

/** What became of a notice on one channel. */
export interface Outcome {
  /** Id of the escalation. */
  readonly escalation: string
  readonly channel: string
  readonly event: NoticeEvent
  readonly delivered: boolean
  /** None for a notice that made room for others: nobody was told. */
  readonly attempts: number
  /** Why not; without secrets. */
  readonly reason?: string
}

export interface ChannelStatus {
  readonly name: string
  /** Notices that are not done with, the one under way too. */
  readonly waiting: number
  readonly delivered: number
  /** Notices that were given up. */
  readonly failed: number
  /** Notices that made room for others. */
  readonly dropped: number
  /** Why the last attempt failed, while no later one succeeded. */
  readonly lastFailure?: string
}

export interface LaneOptions {
  readonly channel: Channel
  readonly timing: Timing
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number
  readonly onOutcome: (outcome: Outcome) => void
}

/** The pause doubles with each failure up to the longest: about an hour lies between the first attempt and the last. */
const FIRST_PAUSE_MS = 2 * SECOND_MS
const LONGEST_PAUSE_MS = 5 * MINUTE_MS
/** A receiver may ask for a longer pause, but not for any. */
const LONGEST_ASKED_PAUSE_MS = 15 * MINUTE_MS
const MAX_ATTEMPTS = 20

/** The notices of one channel: one at a time, in order, each until it is taken or given up. */
export class Lane {
  readonly #options: LaneOptions
  readonly #closing = new AbortController()
  readonly #queue: Notice[] = []
  #current: Notice | undefined
  #working: Promise<void> | undefined
  #delivered = 0
  #failed = 0
  #dropped = 0
  #lastFailure: string | undefined

  constructor(options: LaneOptions) {
    this.#options = options
  }

  get channel(): Channel {
    return this.#options.channel
  }

  get status(): ChannelStatus {
    return {
      name: this.channel.name,
      waiting: this.#queue.length + (this.#working === undefined ? 0 : 1),
      delivered: this.#delivered,
      failed: this.#failed,
      dropped: this.#dropped,
      ...(this.#lastFailure !== undefined && { lastFailure: this.#lastFailure }),
    }
  }

  /** A notice that is waiting or under way already is not added again. */
  add(notice: Notice): void {
    if (this.#closing.signal.aborted) return
    if (isSame(notice, this.#current) || this.#queue.some((other) => isSame(notice, other))) return
    this.#queue.push(notice)
    if (this.#queue.length > LIMITS.channelNotices) this.#dropLeast()
    this.#work()
  }

  /** Ends the attempt or pause under way. What was not delivered has no outcome. */
  async close(): Promise<void> {
    this.#queue.length = 0
    this.#closing.abort()
    await this.#working
  }

  /** The oldest of the lowest severity there is. */
  #dropLeast(): void {
    const ranks = this.#queue.map(({ escalation }) => ESCALATION_SEVERITIES.indexOf(escalation.severity))
    const [least] = this.#queue.splice(ranks.indexOf(Math.min(...ranks)), 1)
    if (least === undefined) return
    this.#dropped += 1
    this.#tell(least, 0, 'Too many notices waited for this channel.')
  }

  #work(): void {
    const notice = this.#working === undefined ? this.#queue.shift() : undefined
    if (notice === undefined) return
    this.#current = notice
    this.#working = this.#send(notice).then(() => {
      this.#working = undefined
      this.#current = undefined
      this.#work()
    })
  }

  async #send(notice: Notice): Promise<void> {
    for (let attempts = 1; ; attempts += 1) {
      const failure = await this.#attempt(notice)
      this.#lastFailure = failure?.message
      if (failure === undefined) {
        this.#delivered += 1
        return this.#tell(notice, attempts)
      }
      if (this.#closing.signal.aborted) return
      if (!failure.retryable || attempts === MAX_ATTEMPTS) {
        this.#failed += 1
        return this.#tell(notice, attempts, failure.message)
      }
      await pause(this.#pauseMs(attempts, failure), this.#options.timing, this.#closing.signal)
      if (this.#closing.signal.aborted) return
    }
  }

  /** Ends in time and at a close even when the channel does not care for its signal. Resolves with the failure, if any. */
  #attempt(notice: Notice): Promise<FabricError | undefined> {
    const { channel, timing } = this.#options
    const attempt = new AbortController()
    return new Promise((resolve) => {
      const settle = (failure?: FabricError) => {
        cancelTimer()
        this.#closing.signal.removeEventListener('abort', onClose)
        resolve(failure)
      }
      const end = (reason: string) => {
        settle(unreachable(reason))
        attempt.abort()
      }
      const onClose = () => end('The fabric is closing.')
      const cancelTimer = timing.after(LIMITS.channelAttemptMs, () => end('The attempt took too long.'))
      this.#closing.signal.addEventListener('abort', onClose, { once: true })
      const delivery = (async () => channel.deliver(notice, attempt.signal))()
      delivery.then(
        () => settle(),
        (error) => settle(asFailure(error)),
      )
    })
  }

  #pauseMs(attempts: number, { details }: FabricError): number {
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS)
    // Half of it by chance, so that many channels do not come back to a server all at once.
    const pauseMs = longest * (0.5 + 0.5 * this.#options.random())
    const askedMs = typeof details.retryAfterMs === 'number' ? details.retryAfterMs : 0
    return Math.max(pauseMs, Math.min(askedMs, LONGEST_ASKED_PAUSE_MS))
  }

  #tell({ escalation, event }: Notice, attempts: number, reason?: string): void {
    const { channel, onOutcome } = this.#options
    const about = { escalation: escalation.id, channel: channel.name, event, attempts }
    onOutcome(reason === undefined ? { ...about, delivered: true } : { ...about, delivered: false, reason })
  }
}

/** A failure without a code is a fault of the channel; what it says may hold anything. */
function asFailure(error: unknown): FabricError {
  return isFabricError(error) ? error : refused('The channel failed in a way that it does not know.')
}

function isSame(one: Notice, other: Notice | undefined): boolean {
  return one.escalation.id === other?.escalation.id && one.event === other.event
}
