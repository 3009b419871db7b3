import {
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  type StreamInfo,
} from '@nats-io/jetstream'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { type LogMessage, viewMessage } from '../message.js'
import { corrupt } from './assembler.js'
import { diverged, failureOf, refused } from './failure.js'
import { ATTEMPT_MS, type Link } from './link.js'
import type { NatsJournalOptions } from './options.js'
import { GRACE_MS, type Patience, Requests } from './requests.js'
import { checkSettings, logSettings } from './settings.js'

/** Bytes of a message that are not its content: the headers of a conditional publish. */
const HEADER_BYTES = 512
const MIN_PAYLOAD_BYTES = 4_096

/** What became of one conditional publish. */
export type PutOutcome = 'stored' | 'taken' | 'lost' | 'nobody'

/** The stream that holds a log, by the requests that the log needs. Each names its message by sequence, from 1. */
export class LogStream {
  readonly name: string
  readonly subject: string
  readonly #link: Link
  readonly #manager: JetStreamManager
  readonly #client: JetStreamClient
  readonly #requests: Requests
  #messageBytes = 0

  private constructor(link: Link, manager: JetStreamManager, { name, servers }: NatsJournalOptions) {
    this.name = `ifab-${name}`
    this.subject = `ifab.${name}.log`
    this.#link = link
    this.#manager = manager
    this.#client = jetstream(link.connection, { timeout: ATTEMPT_MS })
    this.#requests = new Requests(link, manager, this.name, servers)
  }

  static async over(link: Link, options: NatsJournalOptions): Promise<LogStream> {
    const manager = await jetstreamManager(link.connection, { checkAPI: false, timeout: ATTEMPT_MS })
    return new LogStream(link, manager, options)
  }

  /** Most bytes of one message that the server takes. Throws INVALID_ARGUMENT when they are too few for a log. */
  get messageBytes(): number {
    // Without a connection nothing is known; then what was true before still is, most likely.
    const payload = this.#link.connection.info?.max_payload
    if (payload !== undefined) this.#messageBytes = Math.min(payload - HEADER_BYTES, LIMITS.natsMessageBytes)
    if (this.#messageBytes >= MIN_PAYLOAD_BYTES - HEADER_BYTES) return this.#messageBytes
    const message = `The NATS server takes payloads of ${payload} bytes only. Set max_payload to ${MIN_PAYLOAD_BYTES} or more.`
    throw new FabricError('INVALID_ARGUMENT', message, { payload })
  }

  /** Makes the stream unless it is there, and checks what it is. Throws CONFLICT, DATA_TOO_NEW, UNAVAILABLE. */
  async ensure(replicas: number | undefined, patience: Patience): Promise<StreamInfo> {
    const found = await this.#requests.ensure(logSettings(this.name, this.subject, replicas ?? 1), patience)
    checkSettings(found.config, this.subject, replicas)
    return found
  }

  /**
   * What the leader of the stream says of it, which has at least `sequence` messages: a new leader may take a moment to
   * have them all. Throws LOG_DIVERGED when it stays shorter, has holes, or is gone.
   */
  async info(sequence: number, patience: Patience): Promise<StreamInfo> {
    const begun = performance.now()
    for (;;) {
      const info = await this.#requests.persist(patience, () => this.#manager.streams.info(this.name))
      const { messages, last_seq } = info.state
      if (messages === last_seq && last_seq >= sequence) return info
      if (performance.now() - begun > GRACE_MS) {
        throw diverged(this.name, `has ${messages} of the ${Math.max(last_seq, sequence)} messages that were there`)
      }
      await this.pause(patience)
    }
  }

  /** A message as the leader of the stream has it; undefined when there is none. Throws DATA_CORRUPT. */
  async get(sequence: number, patience: Patience): Promise<LogMessage | undefined> {
    const stored = await this.#requests.persist(patience, () =>
      this.#manager.streams.getMessage(this.name, { seq: sequence }),
    )
    return stored === null ? undefined : view(sequence, stored.data)
  }

  /** A message that is known to be there, from the nearest server that has it. Throws DATA_CORRUPT when none has. */
  async fetch(sequence: number, patience: Patience): Promise<LogMessage> {
    const direct = () => this.#manager.direct.getMessage(this.name, { seq: sequence })
    // A replica may be behind, and does not say when the stream is gone: then the leader is asked.
    const near = await this.#link.answer(direct).catch(() => null)
    if (near !== null) return view(sequence, near.data)
    const message = await this.get(sequence, patience)
    if (message === undefined) throw corrupt(sequence, 'it is missing')
    return message
  }

  /** Publishes a message as the one behind `last`. Throws STORAGE_FAILED when the server will not have it. */
  async put(bytes: Uint8Array, last: number): Promise<PutOutcome> {
    if (!this.#link.connected) return 'nobody'
    const expect = { lastSequence: last, streamName: this.name }
    try {
      await this.#link.answer(() => this.#client.publish(this.subject, bytes, { expect, timeout: ATTEMPT_MS }))
      return 'stored'
    } catch (error) {
      const failure = failureOf(error)
      if (failure === 'refused' || failure === 'denied') throw refused(this.name, error)
      return failure === 'missing' ? 'nobody' : failure
    }
  }

  /** Waits a moment, or for the connection to return. Throws UNAVAILABLE when patience is at its end. */
  pause(patience: Patience): Promise<void> {
    return this.#requests.pause(patience)
  }
}

function view(sequence: number, bytes: Uint8Array): LogMessage {
  const message = viewMessage(bytes)
  if (message === undefined) throw corrupt(sequence, 'it fails its checks')
  return message
}
