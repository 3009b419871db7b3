import { unreadMessages } from '../../coordinator/read-inbox.js'
import type { FabricState } from '../../coordinator/state.js'
import type { Fabric } from '../../fabric/fabric.js'
import type { Message, MessageKind } from '../../model/message.js'
import { ORCHESTRATOR } from '../../model/swarm.js'
import { presentMessage } from '../../operations/present.js'
import type { Recipient } from './mailroom.js'
import type { Outbox } from './outbox.js'

/** Messages on the way to one client at a time: then it shows that it takes them. */
const PAGE_MESSAGES = 64

/** Messages that tell a swarm to put work down. */
const STOPS: ReadonlySet<MessageKind> = new Set(['claim_lost', 'claim_stopped', 'breaker_opened'])

/** Reads an inbox out to a client, from a message on: each unread message once, in order, and stops ahead of the others. */
export class Reading implements Recipient {
  readonly #fabric: Fabric
  readonly #outbox: Outbox
  readonly #reader: string
  /** Indexes of the last message and of the last stop that were sent. */
  #sent: number
  #stopped: number
  #onTheWay = false
  #grown = false

  constructor(fabric: Fabric, outbox: Outbox, reader: string, after: number) {
    this.#fabric = fabric
    this.#outbox = outbox
    this.#reader = reader
    this.#sent = after
    this.#stopped = after
  }

  onMail(state: FabricState): void {
    const unread = unreadMessages(state, this.#reader)
    this.#sendStops(unread)
    if (this.#onTheWay) this.#grown = true
    else this.#sendPage(unread)
  }

  #sendStops(unread: readonly Message[]): void {
    // People are told of other swarms' claims, not of work of their own.
    if (this.#reader === ORCHESTRATOR) return
    for (const { index, kind, task, blocker, text: reason } of after(unread, this.#stopped)) {
      this.#stopped = index
      if (STOPS.has(kind)) this.#outbox.send({ push: 'stop', swarm: this.#reader, index, kind, task, blocker, reason })
    }
  }

  #sendPage(unread: readonly Message[]): void {
    const page = after(unread, this.#sent).slice(0, PAGE_MESSAGES)
    const last = page.at(-1)
    if (last === undefined) return
    this.#grown = page.length === PAGE_MESSAGES
    this.#onTheWay = true
    this.#sent = last.index
    for (const message of page) {
      const taken = message === last ? this.#goOn : undefined
      this.#outbox.send({ push: 'message', swarm: this.#reader, message: presentMessage(message) }, taken)
    }
  }

  readonly #goOn = () => {
    this.#onTheWay = false
    if (!this.#grown) return
    // A fabric that has stopped ends this connection itself.
    this.#fabric.read((state) => this.onMail(state)).catch(() => undefined)
  }
}

/** Of messages in the order of their indexes, those after one. */
function after(messages: readonly Message[], index: number): readonly Message[] {
  let low = 0
  let high = messages.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((messages[middle]?.index ?? 0) <= index) low = middle + 1
    else high = middle
  }
  return messages.slice(low)
}
