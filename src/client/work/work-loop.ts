import { isFabricError } from '../../model/errors.js'
import type { BlockerView } from '../operation-types.js'
import { Asking, endsAsking, type Offered } from './ask.js'
import { isFatal, LONGEST_PAUSE_MS, type WorkContext } from './context.js'
import { declineHelp } from './help.js'
import type { Jobs } from './jobs.js'
import type { TaskOffered, WorkOptions } from './options.js'
import { type Bell, backoffMs } from './timing.js'

interface LoopOptions {
  readonly leaseMs: number | undefined
  readonly concurrency: number
  readonly pollMs: number
  readonly onIdle: NonNullable<WorkOptions['onIdle']>
}

/** Asks for work while there is a place for it, and begins with what it gets. */
export class WorkLoop {
  readonly #context: WorkContext
  readonly #options: LoopOptions
  readonly #jobs: Jobs
  readonly #asking: Asking
  /** Rings when there may be a place, or another answer. */
  readonly #changed: Bell
  /** Ends a wait for work that began while something was still worked on. */
  #polling = new AbortController()
  /** There was nothing at the last question, and nothing ended since. */
  #idle = false
  /** Questions in a row that led to nothing. */
  #vain = 0

  constructor(context: WorkContext, options: LoopOptions, jobs: Jobs, changed: Bell) {
    this.#context = context
    this.#options = options
    this.#jobs = jobs
    this.#changed = changed
    this.#asking = new Asking(context, options.leaseMs)
  }

  /** Something that was worked on has ended: whoever waits to hear that nothing is left hears it soon. */
  jobEnded(): void {
    this.#idle = false
    if (this.#jobs.isEmpty) this.#polling.abort()
  }

  /** Until the worker ends. */
  async run(): Promise<void> {
    const { ending, timing } = this.#context
    while (!ending.aborted) {
      const { count } = this.#changed
      if (this.#jobs.places >= this.#options.concurrency) {
        await this.#changed.since(count, timing, ending)
        continue
      }
      if (await this.#askAndTake()) {
        this.#vain = 0
        continue
      }
      await this.#changed.since(count, timing, ending, backoffMs(this.#vain, LONGEST_PAUSE_MS))
      this.#vain += 1
    }
  }

  /** Begins with what an unanswered question may have led to, so that it is released with the rest. */
  async takeBack(): Promise<void> {
    try {
      const offered = await this.#asking.takeBack()
      if (offered !== undefined) await this.#take(offered)
    } catch (error) {
      this.#context.problem('next', error)
    }
  }

  /** Whether that led to something: work, or a wait that passed without any. */
  async #askAndTake(): Promise<boolean> {
    try {
      const offered = await this.#ask()
      return offered === undefined || (await this.#take(offered))
    } catch (error) {
      if (isFatal(error) || !isFabricError(error)) this.#context.fail(error)
      else this.#context.problem('next', error)
      return false
    }
  }

  /** Undefined when the question was cut short, or leads nowhere. */
  async #ask(): Promise<Offered | undefined> {
    const { ending } = this.#context
    const polling = new AbortController()
    const stop = () => polling.abort()
    this.#polling = polling
    ending.addEventListener('abort', stop, { once: true })
    try {
      return await this.#asking.ask(this.#idle ? this.#options.pollMs : 0, polling.signal)
    } catch (error) {
      if (!polling.signal.aborted && !endsAsking(error)) throw error
      if (!polling.signal.aborted) this.#context.fail(error)
      return undefined
    } finally {
      ending.removeEventListener('abort', stop)
    }
  }

  async #take({ offer, askedAt }: Offered): Promise<boolean> {
    if (offer.kind === 'none') return this.#rest(offer)
    this.#idle = false
    if (offer.kind === 'help' && offer.blocker !== undefined) return this.#help({ ...offer, blocker: offer.blocker })
    const { task, claim } = offer
    if (task === undefined || claim === undefined) return false
    const { epoch, leaseMs, reclaimed: resumed } = claim
    return this.#jobs.beginClaim({ task, epoch, leaseMs, resumed }, askedAt)
  }

  #rest({ short = false }: TaskOffered): boolean {
    const isNews = !this.#idle && this.#jobs.isEmpty
    this.#idle = true
    if (isNews) this.#options.onIdle({ short })
    return true
  }

  async #help(offer: TaskOffered & { readonly blocker: BlockerView }): Promise<boolean> {
    const begun = this.#jobs.beginHelp(offer)
    if (begun || this.#jobs.isHelping(offer.blocker.id)) return begun
    await declineHelp(this.#context, offer.blocker.id, 'this worker gives no help')
    return true
  }
}
