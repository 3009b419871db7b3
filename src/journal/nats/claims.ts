import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { failureOf } from './failure.js'
import { ATTEMPT_MS, type Link } from './link.js'
import type { NatsAccess } from './options.js'
import { type Patience, Requests } from './requests.js'
import { checkLeadSettings, leadSettings } from './settings.js'

/** That a node leads from now on. */
export interface Claim {
  readonly id: string
  readonly instance: string
  readonly term: number
}

/** The last claim, and its place in the stream. */
export interface LastClaim {
  readonly sequence: number
  readonly claim?: Claim
}

/**
 * The stream that says who may lead: only its last message counts, and each comes behind the one that its sender knew.
 * So of several nodes that want to lead one does, and terms grow. It is not written to while one leads.
 */
export class Claims {
  readonly #link: Link
  readonly #stream: string
  readonly #subject: string
  readonly #manager: JetStreamManager
  readonly #client: JetStreamClient
  #replicas: number

  private constructor(link: Link, manager: JetStreamManager, { name, replicas = 1 }: NatsAccess) {
    this.#link = link
    // No log has such a name.
    this.#stream = `ifablead-${name}`
    this.#subject = `ifab.${name}.lead`
    this.#manager = manager
    this.#client = jetstream(link.connection, { timeout: ATTEMPT_MS })
    this.#replicas = replicas
  }

  /** With as many replicas as the log has. Throws CONFLICT when the stream is something else, UNAVAILABLE. */
  static async open(link: Link, access: NatsAccess, patience: Patience): Promise<Claims> {
    const manager = await jetstreamManager(link.connection, { checkAPI: false, timeout: ATTEMPT_MS })
    const claims = new Claims(link, manager, access)
    const requests = new Requests(link, manager, claims.#stream, access.servers)
    const replicas = await requests.persist(patience, () => claims.#replicasOf(`ifab-${access.name}`))
    claims.#replicas = replicas ?? claims.#replicas
    const { config } = await requests.ensure(claims.#settings, patience)
    checkLeadSettings(config, claims.#subject, replicas)
    return claims
  }

  get #settings() {
    return leadSettings(this.#stream, this.#subject, this.#replicas)
  }

  async #replicasOf(log: string): Promise<number | undefined> {
    try {
      return (await this.#manager.streams.info(log)).config.num_replicas
    } catch (error) {
      if (failureOf(error) === 'missing') return undefined
      throw error
    }
  }

  /** A stream that somebody removed is made anew. Throws when the servers do not answer. */
  async last(): Promise<LastClaim> {
    const query = { last_by_subj: this.#subject }
    try {
      const message = await this.#link.answer(() => this.#manager.streams.getMessage(this.#stream, query))
      return message === null ? { sequence: 0 } : { sequence: message.seq, claim: message.json<Claim>() }
    } catch (error) {
      if (failureOf(error) !== 'missing') throw error
      await this.#link.answer(() => this.#manager.streams.add(this.#settings))
      return { sequence: 0 }
    }
  }

  /** Puts a claim behind `last`. Throws when there is another one, or when nobody says whether it is there. */
  async put(claim: Claim, { sequence }: LastClaim): Promise<void> {
    const expect = { lastSequence: sequence, streamName: this.#stream }
    const text = JSON.stringify(claim)
    await this.#link.answer(() => this.#client.publish(this.#subject, text, { expect, timeout: ATTEMPT_MS }))
  }
}
