import type { BlockerView, MessageView } from '../operation-types.js'
import { Claim, type Granted } from './claim.js'
import type { WorkContext } from './context.js'
import { heldTask, type WorkHandler } from './held-task.js'
import { type HelpHandler, Helping } from './help.js'
import type { TaskOffered, WorkEnd } from './options.js'
import { type Outcome, settle } from './settle.js'
import { orAt } from './timing.js'

/** Handlers that wait for a blocker beside those that work; beyond that a waiting one keeps its place. */
const WAITING_HANDLERS = 16

interface JobsOptions {
  readonly handler: WorkHandler
  readonly onHelp: HelpHandler | undefined
  readonly onEnd: (end: WorkEnd) => void
  /** Called whenever a place may have become free. */
  readonly onChange: () => void
  /** Aborts when handlers had their time to end. */
  readonly overdue: AbortSignal
}

/** What one worker is doing: the claims whose handlers run, and the help that it gives. */
export class Jobs {
  readonly #context: WorkContext
  readonly #options: JobsOptions
  readonly #claims = new Map<number, Claim>()
  readonly #helps = new Map<string, Helping>()
  readonly #running = new Set<Promise<void>>()
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
    const claim = new Claim(this.#context, granted, askedAt)
    if (this.#context.ending.aborted) claim.interrupt()
    this.#claims.set(granted.epoch, claim)
    this.#start(this.#work(claim), () => this.#claims.delete(granted.epoch))
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
    const helping = new Helping(this.#context, offer)
    this.#helps.set(id, helping)
    const help = helping.run(onHelp).catch((error: unknown) => this.#context.problem('help', error, task))
    this.#start(orAt(help, this.#options.overdue, undefined), () => this.#helps.delete(id))
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

  /** Tells every handler to end, and resolves when all has been said to the fabric. */
  async end(): Promise<void> {
    for (const job of [...this.#claims.values(), ...this.#helps.values()]) job.interrupt()
    await Promise.all(this.#running)
  }

  #start(job: Promise<void>, forget: () => void): void {
    const running = job.catch(this.#context.fail).then(() => {
      forget()
      this.#running.delete(running)
      this.#options.onChange()
    })
    this.#running.add(running)
  }

  async #work(claim: Claim): Promise<void> {
    const overdue = { kind: 'overdue' } as const
    const outcome = await orAt<Outcome>(this.#handle(claim), this.#options.overdue, overdue)
    this.#options.onEnd(await settle(this.#context, claim, outcome))
  }

  async #handle(claim: Claim): Promise<Outcome> {
    try {
      claim.signal.throwIfAborted()
      const held = heldTask(this.#context, claim, (wait) => this.#withoutPlace(wait))
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
