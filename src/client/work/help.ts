import { isFabricError } from '../../model/errors.js'
import type { BlockerView, MessageView, OfferView, TaskView } from '../operation-types.js'
import { persist, type WorkContext } from './context.js'
import { ClaimEndedError, reasonOf } from './end.js'
import { Bell, backoffMs } from './timing.js'
import type { UsageInput } from './usage-book.js'

/** A helper that is silent for as long as the policy says, 30 minutes by default, loses its place. */
const RENEWAL_MS = 60_000

/** Help that this worker gives to the holder of a blocked task. */
export interface Help {
  readonly blocker: BlockerView
  /** The blocked task; another swarm holds it. */
  readonly task: TaskView | undefined
  readonly swarm: string
  /** Fencing token of this help. */
  readonly epoch: number
  /** Aborts when the help is not needed any more, and when the worker stops. */
  readonly signal: AbortSignal
  /** Reports what the help used, at once. */
  usage(usage: UsageInput): Promise<void>
  /** Sends a message to a swarm, by default to the one that is stuck. */
  send(text: string, to?: string): Promise<MessageView>
}

/** Helps with one blocker. What it returns resolves the blocker; what it throws declines, so that another is asked. */
export type HelpHandler = (help: Help) => Promise<string> | string

/** Says no to a request for help: otherwise the fabric would wait for an answer, and offer nothing else. */
export async function declineHelp({ client, swarm }: WorkContext, blocker: string, reason: string): Promise<void> {
  await client.blocker.answer({ blocker, as: swarm, accept: false, reason })
}

/** Accepts, has the user's handler help, and resolves the blocker. Throws what the fabric refuses. */
export class Helping {
  readonly blocker: BlockerView
  readonly #context: WorkContext
  readonly #task: TaskView | undefined
  readonly #ended = new AbortController()
  readonly #news = new Bell()

  constructor(context: WorkContext, { blocker, task }: OfferView & { readonly blocker: BlockerView }) {
    this.#context = context
    this.blocker = blocker
    this.#task = task
  }

  /** Asks the fabric soon whether the help is still wanted. */
  hurry(): void {
    this.#news.ring()
  }

  interrupt(): void {
    this.#end({ why: 'worker', reason: 'the worker stops' })
  }

  async run(handler: HelpHandler): Promise<void> {
    const accepted = await this.#answer(true)
    const epoch = accepted.helpers.find(({ swarm }) => swarm === this.#context.swarm)?.epoch
    if (epoch === undefined) return
    const renewing = this.#renew()
    try {
      const resolution = await handler(this.#help(epoch))
      if (this.#ended.signal.aborted && !this.#context.ending.aborted) return
      const { client, swarm } = this.#context
      const word = { blocker: this.blocker.id, as: swarm, epoch, resolution }
      await persist(this.#context, { during: 'help' }, (options) => client.blocker.resolve(word, options))
    } catch (error) {
      if (!this.#ended.signal.aborted || this.#context.ending.aborted) await this.#answer(false, reasonOf(error))
      throw error
    } finally {
      this.#end({ why: 'taken', reason: 'the help has ended' })
      await renewing
    }
  }

  #help(epoch: number): Help {
    const { client, swarm } = this.#context
    const { task, swarm: stuck } = this.blocker
    return {
      blocker: this.blocker,
      task: this.#task,
      swarm,
      epoch,
      signal: this.#ended.signal,
      usage: async (usage) => {
        const report = { ...usage, id: usage.id ?? crypto.randomUUID() }
        await client.task.usage({ task, as: swarm, epoch, usage: report })
      },
      send: (text, to = stuck) => client.swarm.send({ to, as: swarm, text, task }),
    }
  }

  /** Tells the fabric now and then that the help goes on, until it ends or is refused. */
  async #renew(): Promise<void> {
    const { timing, problem } = this.#context
    const { signal } = this.#ended
    for (let failures = 0; ; ) {
      const { count } = this.#news
      await this.#news.since(count, timing, signal, failures === 0 ? RENEWAL_MS : backoffMs(failures, RENEWAL_MS))
      if (signal.aborted) return
      try {
        await this.#answer(true)
        failures = 0
      } catch (error) {
        if (isFabricError(error) && error.retryable) {
          failures += 1
          problem('help', error, this.blocker.task)
        } else this.#end({ why: 'taken', reason: reasonOf(error) })
      }
    }
  }

  #answer(accept: boolean, reason?: string): Promise<BlockerView> {
    const { client, swarm } = this.#context
    const answer = { blocker: this.blocker.id, as: swarm, accept, reason }
    return persist(this.#context, { during: 'help', task: this.blocker.task }, (options) =>
      client.blocker.answer(answer, options),
    )
  }

  #end(end: Pick<ClaimEndedError, 'why'> & { readonly reason: string }): void {
    if (!this.#ended.signal.aborted) this.#ended.abort(new ClaimEndedError(end))
  }
}
