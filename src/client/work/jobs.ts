import type { BlockerView, MessageView } from '../operation-types.js'
import { Claim, type Granted } from './claim.js'
import type { WorkContext } from './context.js'
import { heldTask, type WorkHandler } from './held-task.js'
import { declineHelp, type HelpHandler, Helping } from './help.js'
import type { TaskOffered, WorkEnd } from './options.js'
import { type Outcome, OVERDUE, settle } from './settle.js'
import { orAt } from './timing.js'

/** Handlers that wait for a blocker beside those that work; beyond that a waiting one keeps its place. */
const WAITING_HANDLERS = 16

interface JobsOptions {
  readonly handler: WorkHandler
  readonly onHelp: HelpHandler | undefined
  readonly onEnd: (end: WorkEnd) => void
  /** Called whenever a place may have become free. */
  readonly onChange: () => void
}

/**
 * How one handler is ended. Each has signals of its own: Node warns of a signal to which many listen, and a worker may have
 * a thousand handlers.
 */
class Ends {
  /** Aborts when the worker stops. */
  readonly ending = new AbortController()
  /** Aborts when the handler had its time to end. */
  readonly overdue = new AbortController()
  onInterrupt: () => void = () => {}

  interrupt(): void {
    this.ending.abort()
    this.onInterrupt()
  }
}

/** What one worker is doing: the claims whose handlers run, and the help that it gives. */
export class Jobs {
  readonly #context: WorkContext
  readonly #options: JobsOptions
  readonly #claims = new Map<number, Claim>()
  readonly #helps = new Map<string, Helping>()
  readonly #running = new Map<Promise<void>, Ends>()
  #waiting = 0

  constructor(context: WorkContext, options: JobsOptions) {
    this.#context = context
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#claims.size + this.#helps.size === 0
  }

  /** Places that are taken: a handler that waits for a blocker needs none. */
  get places(): number {
    return this.#claims.size + this.#helps.size - Math.min(this.#waiting, WAITING_HANDLERS)
  }

  /** Begins with a claim, unless it is under way. Then the claim is asked for news, and the answer is false. */
  beginClaim(granted: Granted, askedAt: number): boolean {
    const known = this.#claims.get(granted.epoch)
    if (known !== undefined) {
      known.hurry()
      return false
    }
    const ends = new Ends()
    const context = { ...this.#context, ending: ends.ending.signal }
    const claim = new Claim(context, granted, askedAt)
    ends.onInterrupt = () => claim.interrupt()
    if (this.#context.ending.aborted) ends.interrupt()
    this.#claims.set(granted.epoch, claim)
    this.#start(this.#work(context, claim, ends.overdue.signal), ends, () => this.#claims.delete(granted.epoch))
    return true
  }

  isHelping(blocker: string): boolean {
    return this.#helps.has(blocker)
  }

  /** Begins to help, unless that is under way or the user does not help; then the answer is false. */
  beginHelp(offer: TaskOffered & { readonly blocker: BlockerView }): boolean {
    const { onHelp } = this.#options
    const { id, task } = offer.blocker
    const known = this.#helps.get(id)
    known?.hurry()
    if (known !== undefined || onHelp === undefined) return false
    const ends = new Ends()
    const context = { ...this.#context, ending: ends.ending.signal }
    const helping = new Helping(context, offer)
    ends.onInterrupt = () => helping.interrupt()
    this.#helps.set(id, helping)
    const tell = (error: unknown) => context.problem('help', error, task)
    const ended = helping
      .run(onHelp)
      .catch(tell)
      .then(() => true)
    const settled = orAt(ended, ends.overdue.signal, false).then(async (hasEnded) => {
      if (!hasEnded) await declineHelp(context, id, OVERDUE).catch(tell)
    })
    this.#start(settled, ends, () => this.#helps.delete(id))
    return true
  }

  /** A message is news for the claims and the help that it names. */
  hear({ kind, task, blocker }: MessageView): void {
    for (const claim of this.#claims.values()) {
      if (task !== undefined && task !== claim.granted.task.id) continue
      claim.news.ring()
      if (kind === 'claim_lost' || kind === 'claim_stopped') claim.hurry()
    }
    if (blocker !== undefined) this.#helps.get(blocker)?.hurry()
  }

  /** Tells every handler to end. */
  interrupt(): void {
    for (const ends of this.#running.values()) ends.interrupt()
  }

  /** Waits for no handler any more: what it holds is given back. */
  giveUp(): void {
    for (const { overdue } of this.#running.values()) overdue.abort()
  }

  /** Resolves when all has been said to the fabric. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.keys())
  }

  #start(job: Promise<void>, ends: Ends, forget: () => void): void {
    const running = job.catch(this.#context.fail).then(() => {
      forget()
      this.#running.delete(running)
      this.#options.onChange()
    })
    this.#running.set(running, ends)
  }

  async #work(context: WorkContext, claim: Claim, overdue: AbortSignal): Promise<void> {
    const outcome = await orAt<Outcome>(this.#handle(context, claim), overdue, { kind: 'overdue' })
    this.#options.onEnd(await settle(context, claim, outcome))
  }

  async #handle(context: WorkContext, claim: Claim): Promise<Outcome> {
    try {
      claim.signal.throwIfAborted()
      const held = heldTask(context, claim, (wait) => this.#withoutPlace(wait))
      return { kind: 'returned', result: (await this.#options.handler(held)) ?? {} }
    } catch (error) {
      return { kind: 'threw', error }
    }
  }

  async #withoutPlace<Result>(wait: () => Promise<Result>): Promise<Result> {
    this.#waiting += 1
    this.#options.onChange()
    try {
      return await wait()
    } finally {
      this.#waiting -= 1
    }
  }
}
