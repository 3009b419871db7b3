import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Subscription } from '@nats-io/transport-node'
import { HEARTBEAT_MS, LEAD_TTL_MS } from '../membership.js'
import { type Beat, decodeBeat, encodeBeat } from './beat.js'
import { Link } from './link.js'
import type { NatsAccess } from './options.js'
import { Roll } from './roll.js'

/** Within this everybody who is there is heard. */
const LISTEN_MS = HEARTBEAT_MS + 100

export interface GatheringEvents {
  /** What this node says of itself now. */
  words(): Pick<Beat, 'member' | 'leads'>
  /** Something was heard. */
  heard(): void
  /** One of the own heartbeats came back. */
  echoed(beat: Beat): void
}

/**
 * What the nodes of a log say to each other, on a plain subject of NATS. A node hears itself, too: what comes back was heard
 * by the servers, and whatever they had heard before came before it. So who was deaf for a while holds nobody for silent.
 */
export class Gathering {
  readonly instance = randomUUID()
  readonly roll = new Roll()
  readonly #subject: string
  readonly #events: GatheringEvents
  #link: Link | undefined
  #subscription: Subscription | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #probe: NodeJS.Timeout | undefined
  /** When the last heartbeat was sent that came back. */
  #echoedAt = Number.NEGATIVE_INFINITY
  #listensUntil = 0
  #hasRival = false

  private constructor(name: string, events: GatheringEvents) {
    this.#subject = `ifab.${name}.nodes`
    this.#events = events
  }

  /** Throws UNAVAILABLE or INVALID_ARGUMENT. */
  static async open(access: NatsAccess, events: GatheringEvents): Promise<Gathering> {
    const gathering = new Gathering(access.name, events)
    gathering.#link = await Link.open(access, () => gathering.#listenAnew(), { echo: true })
    gathering.#subscription = gathering.#link.connection.subscribe(gathering.#subject, {
      callback: (error, { data }) => {
        if (error === null) gathering.#hear(data)
      },
    })
    return gathering
  }

  get link(): Link {
    if (this.#link === undefined) throw new TypeError('The gathering is not open')
    return this.#link
  }

  /** Whether another node of the same name was heard before this one said that it is there. */
  get hasRival(): boolean {
    return this.#hasRival
  }

  /** Whether it hears what is said, and heard everybody who is there. */
  get isListening(): boolean {
    const now = performance.now()
    return now >= this.#listensUntil && now - this.#echoedAt < 2 * HEARTBEAT_MS + 100
  }

  /** Asks who is there, and listens until everybody must have answered. */
  async listen(signal: AbortSignal): Promise<void> {
    this.#listenAnew()
    await sleep(LISTEN_MS, undefined, { signal }).catch(() => undefined)
  }

  /** Says from now on that this node is there; calls `onBeat` with each heartbeat. */
  enter(onBeat: () => void): void {
    this.#heartbeat = setInterval(() => {
      this.say()
      onBeat()
    }, HEARTBEAT_MS)
    this.say()
  }

  /** Says at once what there is to say. */
  say(more: Pick<Beat, 'asks' | 'leaves'> = {}): void {
    const { instance, roll } = this
    const now = performance.now()
    const beat: Beat = { ...this.#events.words(), ...more, instance, at: now, known: roll.known }
    if (this.#heartbeat !== undefined && !beat.asks) roll.hear(beat, now)
    // Without a connection it would only wait to be late.
    if (this.link.connected && !this.link.connection.isClosed()) {
      this.link.connection.publish(this.#subject, encodeBeat(beat))
    }
  }

  async close(): Promise<void> {
    if (this.#heartbeat !== undefined) this.say({ leaves: true })
    clearInterval(this.#heartbeat)
    clearTimeout(this.#probe)
    this.#subscription?.unsubscribe()
    await this.link.close()
  }

  #listenAnew(): void {
    this.#listensUntil = performance.now() + LISTEN_MS
    this.say({ asks: true })
    if (this.#heartbeat !== undefined) this.say()
  }

  #hear(bytes: Uint8Array): void {
    const beat = decodeBeat(bytes)
    if (beat === undefined) return
    if (beat.instance === this.instance) {
      this.#echoedAt = beat.at
      this.roll.forgetSilent(beat.at)
      this.#events.echoed(beat)
    } else {
      this.#hearOther(beat)
    }
    this.#events.heard()
  }

  #hearOther(beat: Beat): void {
    const isHere = this.#heartbeat !== undefined
    const isRival = beat.member.id === this.#events.words().member.id
    // Of two that come at the same time one gives way.
    if (isRival && !isHere && (!beat.asks || beat.instance < this.instance)) this.#hasRival = true
    if (!beat.asks) this.roll.hear(beat, performance.now())
    else if (isHere) this.say()
    this.#probeLeader()
  }

  /** Says something as soon as the leader was silent for too long: when that comes back, the leader is gone. */
  #probeLeader(): void {
    clearTimeout(this.#probe)
    const { leaderHeardAt } = this.roll
    if (leaderHeardAt === undefined || this.#heartbeat === undefined) return
    this.#probe = setTimeout(() => this.say(), leaderHeardAt + LEAD_TTL_MS - performance.now() + 1)
  }
}
