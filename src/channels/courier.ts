import type { Timing } from '../fabric/timing.js'
import { ESCALATION_SEVERITIES, type EscalationSeverity } from '../model/escalation.js'
import type { Channel } from './channel.js'
import { type ChannelStatus, Lane, type Outcome } from './lane.js'
import type { Notice } from './notice.js'

export interface CourierOptions {
  readonly channels: readonly Channel[]
  readonly timing: Timing
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number
  /** Called once for each notice and channel, unless the courier was closed before. Must not throw. */
  readonly onOutcome: (outcome: Outcome) => void
}

/**
 * Brings notices to people, at least once, over all channels at the same time. What a channel cannot deliver waits for it
 * in a bounded queue, and holds up no other channel.
 */
export class Courier {
  readonly #lanes: readonly Lane[]

  constructor({ channels, ...options }: CourierOptions) {
    this.#lanes = channels.map((channel) => new Lane({ channel, ...options }))
  }

  get status(): readonly ChannelStatus[] {
    return this.#lanes.map(({ status }) => status)
  }

  /** Returns at once. Channels in `except` and those that ask for a higher severity are left out. */
  send(notice: Notice, except: readonly string[] = []): void {
    for (const lane of this.#lanes) {
      const { name, minSeverity } = lane.channel
      if (!except.includes(name) && rank(notice.escalation.severity) >= rank(minSeverity)) lane.add(notice)
    }
  }

  /** Ends everything that is under way. What was not delivered until now has no outcome. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()))
  }
}

function rank(severity: EscalationSeverity): number {
  return ESCALATION_SEVERITIES.indexOf(severity)
}
