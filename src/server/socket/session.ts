import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import * as z from 'zod'
import type { FabricState } from '../../coordinator/state.js'
import type { Fabric } from '../../fabric/fabric.js'
import { FabricError, isFabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { Principal } from '../../model/principal.js'
import { ORCHESTRATOR } from '../../model/swarm.js'
import { tokenEnded } from '../../model/token.js'
import { parseInput } from '../../operations/input.js'
import { invoke } from '../../operations/invoke.js'
import { type NamedOperation, OPERATION_LIST } from '../../operations/table.js'
import type { ServerFault } from '../app.js'
import { callerWith } from '../caller.js'
import type { RateLimits } from '../rate-limits.js'
import { type ClientMessage, idOf, readClientMessage, readJson } from './client-message.js'
import type { Mailroom } from './mailroom.js'
import { CLOSE, type Outbox } from './outbox.js'
import { Reading } from './reading.js'
import type { WorkHints } from './work-hints.js'

const OPERATIONS = new Map<string, NamedOperation>(OPERATION_LIST.map((operation) => [operation.name, operation]))

/** What a client asks for beside the operations of the table. */
const SUBSCRIBE = 'subscribe'
/** After it, whoever wants hints for work gets the next one. */
const ASKS_FOR_WORK = 'task.next'

const subscription = z.strictObject({
  swarm: z.unknown().optional(),
  /** Only messages with a greater index; the others may be shown again. */
  after: z.int().min(-1).default(-1),
  /** Whether to tell when there may be work. */
  work: z.boolean().default(false),
})

export interface SessionSettings {
  readonly fabric: Fabric
  readonly principal: Principal
  readonly outbox: Outbox
  readonly limits: RateLimits
  readonly mailroom: Mailroom
  readonly hints: WorkHints
  readonly onFault: (fault: ServerFault) => void
  /** What a client is told of a fault, whose cause only the operator sees. */
  readonly tellFault: (reference: string) => FabricError
  /** Aborts when the connection ends. */
  readonly signal: AbortSignal
  /** Reads no further message for a while. */
  readonly pause: (ms: number) => void
}

/** One WebSocket: calls and their answers, and what its subscription pushes. */
export class Session {
  readonly #settings: SessionSettings
  #running = 0
  /** The swarm that wants hints for work. */
  #wantsWork: string | undefined
  #reading: Reading | undefined
  #unsubscribe: () => void = () => undefined
  #subscribing: Promise<unknown> = Promise.resolve()

  constructor(settings: SessionSettings) {
    this.#settings = settings
    // Every call that waits listens to it.
    setMaxListeners(0, settings.signal)
    settings.signal.addEventListener('abort', () => this.#end(), { once: true })
  }

  /** Answers a message when it is done; others may be answered before. Never rejects. */
  async receive(text: string): Promise<void> {
    const { outbox } = this.#settings
    const read = readJson(text)
    const id = idOf(read)
    try {
      this.#admit()
      if (read instanceof FabricError) throw read
      this.#running += 1
      const result = await this.#answer(readClientMessage(read)).finally(() => {
        this.#running -= 1
      })
      outbox.send({ id, result })
    } catch (thrown) {
      const error = this.#errorOf(thrown)
      outbox.send({ id, error: error.report() })
      if (error.code === 'UNAUTHENTICATED') outbox.close(CLOSE.tokenEnded, error.message)
    }
  }

  /** Throws RATE_LIMITED when there is too much of it, UNAUTHENTICATED when the token has ended meanwhile. */
  #admit(): void {
    const { fabric, principal, limits, pause } = this.#settings
    if (!fabric.stillKnows(principal)) throw tokenEnded()
    try {
      limits.take(principal)
    } catch (error) {
      // What comes faster is not even read.
      if (isFabricError(error)) pause(Number(error.details.retryAfterMs ?? 0))
      throw error
    }
    if (this.#running < LIMITS.socketCalls) return
    throw new FabricError('RATE_LIMITED', `${LIMITS.socketCalls} calls of this connection run. Wait for an answer.`)
  }

  async #answer({ operation: name, input, traceparent, idempotencyKey }: ClientMessage): Promise<unknown> {
    if (name === SUBSCRIBE) {
      // One after the other, so that each ends the one before as a whole.
      const subscribed = this.#subscribing.then(() => this.#subscribe(input))
      this.#subscribing = subscribed.catch(() => undefined)
      return subscribed
    }
    const operation = OPERATIONS.get(name)
    if (operation === undefined) {
      throw new FabricError('NOT_FOUND', `There is no operation ${JSON.stringify(name)}. See docs/reference/push.md.`)
    }
    if (name === ASKS_FOR_WORK) await this.#armHint()
    const { fabric, principal, signal } = this.#settings
    return invoke(operation, fabric, callerWith(principal, signal, { traceparent, idempotencyKey }), input)
  }

  /** Takes the place of an earlier subscription. Who may read an inbox, and which it is, the operation for it decides. */
  async #subscribe(input: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { fabric, principal, signal, mailroom, outbox } = this.#settings
    const { after, work } = parseInput(subscription, input)
    const read = OPERATIONS.get('inbox.read') as NamedOperation
    const asked = { ...(input.swarm !== undefined && { swarm: input.swarm }), after, limit: 1 }
    const page = (await invoke(read, fabric, { principal, signal }, asked)) as { swarm: string; messages: unknown }
    const { messages: _, ...answer } = page
    if (signal.aborted) return answer
    this.#end()
    const reading = new Reading(fabric, outbox, answer.swarm, after)
    this.#reading = reading
    this.#unsubscribe = mailroom.listen(answer.swarm, reading)
    if (work && answer.swarm !== ORCHESTRATOR) {
      this.#wantsWork = answer.swarm
      await this.#armHint()
      await this.#hintAtOnce(answer.swarm)
    }
    // In the next turn, so that the answer comes first.
    setImmediate(() => void this.#begin(reading))
    return answer
  }

  /** Unless another subscription took its place meanwhile. */
  async #begin(reading: Reading): Promise<void> {
    const begin = (state: FabricState) => {
      if (this.#reading === reading) reading.onMail(state)
    }
    // A fabric that has stopped ends this connection itself.
    await this.#settings.fabric.read(begin).catch(() => undefined)
  }

  async #armHint(): Promise<void> {
    const swarm = this.#wantsWork
    if (swarm === undefined) return
    await this.#settings.hints.arm(swarm, this.#hint)
    if (this.#settings.signal.aborted || this.#wantsWork !== swarm) this.#settings.hints.disarm(swarm, this.#hint)
  }

  /** Work that became claimable before the subscription. */
  async #hintAtOnce(swarm: string): Promise<void> {
    const { fabric, principal } = this.#settings
    const peek = { type: 'offer_next', swarm, claim: false } as const
    // One whose breaker is open is told when that has closed.
    const kind = await fabric.next(peek, { actor: principal.actor }, 0).then(
      (offer) => offer.kind,
      () => 'none',
    )
    if (kind === 'none' || kind === 'resume') return
    this.#settings.hints.disarm(swarm, this.#hint)
    setImmediate(this.#hint)
  }

  readonly #hint = () => this.#settings.outbox.send({ push: 'work', swarm: this.#wantsWork })

  #end(): void {
    this.#unsubscribe()
    this.#unsubscribe = () => undefined
    this.#reading = undefined
    if (this.#wantsWork !== undefined) this.#settings.hints.disarm(this.#wantsWork, this.#hint)
    this.#wantsWork = undefined
  }

  #errorOf(error: unknown): FabricError {
    if (isFabricError(error) && error.code !== 'INTERNAL') return error
    const reference = randomUUID()
    this.#settings.onFault({ reference, route: 'GET /v1/socket', error })
    return this.#settings.tellFault(reference)
  }
}
