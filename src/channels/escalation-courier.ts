import type { Timing } from '../fabric/timing.js'
import type { EscalationRow } from '../model/escalation.js'
import { MINUTE_MS, SECOND_MS } from '../model/time.js'
import type { Channel } from './channel.js'
import { Courier } from './courier.js'
import type { ChannelStatus, Outcome } from './lane.js'
import type { NoticeEvent } from './notice.js'
import { pause } from './pause.js'

export interface EscalationChange {
  readonly event: NoticeEvent
  /** After the change. */
  readonly escalation: EscalationRow
}

export interface OpenEscalation {
  readonly escalation: EscalationRow
  /** Names of channels for which an outcome of its notice `opened` is recorded, good or bad. */
  readonly told: readonly string[]
}

/** What a fabric gives for its escalations to be sent. */
export interface EscalationPort {
  /** Name of the fabric. */
  readonly fabric: string

  /** Durable changes from the first read on, in order and without a gap, until `signal` aborts or the fabric closes. */
  follow(signal: AbortSignal): AsyncIterable<EscalationChange>

  /** All that are open, as of a moment after the call. */
  open(): Promise<readonly OpenEscalation[]>

  /** Records an outcome; resolves when it is durable. */
  note(outcome: Outcome): Promise<void>
}

export interface EscalationCourierOptions {
  readonly port: EscalationPort
  readonly channels: readonly Channel[]
  readonly timing: Timing
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number
  /** Failures of the port. */
  readonly report: (error: unknown) => void
}

/** The pause before a port that failed is asked again; doubles up to the longest. */
const FIRST_PAUSE_MS = SECOND_MS
const LONGEST_PAUSE_MS = MINUTE_MS

/**
 * Sends the escalations of a fabric. An open one whose outcome is not recorded for a channel is sent there again after a
 * restart, with the same delivery id; that an answer or expiry was told is not made up for.
 */
export class EscalationCourier {
  readonly #options: EscalationCourierOptions
  readonly #courier: Courier
  readonly #closing = new AbortController()
  readonly #notes = new Set<Promise<void>>()
  readonly #running: Promise<void>
  #failures = 0

  /** Begins at once. */
  constructor(options: EscalationCourierOptions) {
    this.#options = options
    const { channels, timing, random } = options
    this.#courier = new Courier({ channels, timing, random, onOutcome: (outcome) => this.#note(outcome) })
    this.#running = channels.length === 0 ? Promise.resolve() : this.#run()
  }

  get status(): readonly ChannelStatus[] {
    return this.#courier.status
  }

  /** Close it before the fabric. Resolves when nothing is under way and what happened is recorded. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([this.#courier.close(), this.#running])
    await Promise.all(this.#notes)
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        return await this.#follow()
      } catch (error) {
        if (signal.aborted) return
        this.#options.report(error)
        await pause(Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS), this.#options.timing, signal)
        this.#failures += 1
      }
    }
  }

  /** Follows first and asks what is open second, so that nothing falls in between; what came by both ways is sent once. */
  async #follow(): Promise<void> {
    const { port } = this.#options
    const round = new AbortController()
    const end = () => round.abort()
    this.#closing.signal.addEventListener('abort', end, { once: true })
    const changed = new Set<string>()
    let caughtUp = false
    const follow = async () => {
      for await (const { event, escalation } of port.follow(round.signal)) {
        if (round.signal.aborted) return
        if (!caughtUp) changed.add(escalation.id)
        this.#courier.send({ event, fabric: port.fabric, escalation })
      }
    }
    const catchUp = async () => {
      const open = await port.open()
      caughtUp = true
      this.#failures = 0
      if (round.signal.aborted) return
      for (const { escalation, told } of open) {
        if (changed.has(escalation.id)) continue
        this.#courier.send({ event: 'opened', fabric: port.fabric, escalation }, told)
      }
    }
    try {
      await Promise.all([follow(), catchUp()])
    } finally {
      // When one of the two failed, the other must not go on beside the next round.
      round.abort()
      this.#closing.signal.removeEventListener('abort', end)
    }
  }

  #note(outcome: Outcome): void {
    const { port, report } = this.#options
    const note = (async () => port.note(outcome))()
      .catch(report)
      .then(() => void this.#notes.delete(note))
    this.#notes.add(note)
  }
}
