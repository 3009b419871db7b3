import type { Offer, OfferNext } from '../coordinator/commands.js'
import type { Policy } from '../coordinator/policy.js'
import { requireReader, unreadMessages } from '../coordinator/read-inbox.js'
import type { FabricState } from '../coordinator/state.js'
import { qualify } from '../governor/match.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { Engine } from './engine.js'
import type { Origin } from './fabric.js'
import type { Timing } from './timing.js'

/** Somebody who waits until something concerns them. */
class Waiter {
  readonly swarm: string
  readonly takesWork: boolean
  #reasons: string[] = []
  #woken = false
  #wake: (() => void) | undefined

  constructor(swarm: string, takesWork: boolean) {
    this.swarm = swarm
    this.takesWork = takesWork
  }

  /** On its way to a task already. */
  get isBusy(): boolean {
    return this.#reasons.length > 0
  }

  wake(): void {
    this.#woken = true
    this.#wake?.()
  }

  wakeFor(task: string): void {
    this.#reasons.push(task)
    this.wake()
  }

  /** Tasks it was woken for since the last call. */
  takeReasons(): string[] {
    return this.#reasons.splice(0)
  }

  /** Resolves when woken, or at once when that has happened since the last call. */
  async woken(): Promise<void> {
    if (!this.#woken) await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#woken = false
    this.#wake = undefined
  }
}

/**
 * Long polls: callers that wait for work or for messages. A commit wakes only those it concerns, and for each claimable
 * task one waiter that qualifies, first come first served; so a thousand idle swarms do not race for one task.
 */
export class Waiting {
  readonly #engine: Engine
  readonly #policy: Policy
  readonly #timing: Timing
  readonly #waiters = new Set<Waiter>()

  constructor(engine: Engine, policy: Policy, timing: Timing) {
    this.#engine = engine
    this.#policy = policy
    this.#timing = timing
    engine.onChange((state, rebuilt) => this.#onChange(state, rebuilt))
  }

  get size(): number {
    return this.#waiters.size
  }

  /** Asks for the next offer again and again until there is one, the time is over, or the caller is gone. */
  async next(command: OfferNext, origin: Origin, waitMs: number, signal?: AbortSignal): Promise<Offer> {
    const waiter = new Waiter(command.swarm, true)
    try {
      return await this.#until(waiter, waitMs, signal, async () => {
        const wokenFor = waiter.takeReasons()
        const offer = await this.#engine.submit(command, origin)
        const taken = offer.claim === undefined ? undefined : offer.task?.id
        this.#passOn(wokenFor.filter((task) => task !== taken))
        return { done: offer.kind !== 'none', result: offer }
      })
    } finally {
      this.#passOn(waiter.takeReasons())
    }
  }

  /** Waits for an unread message after index `after`. Throws NOT_FOUND for an unknown reader. */
  async mail(swarm: string, after: number, waitMs: number, signal?: AbortSignal): Promise<void> {
    const hasMail = (state: FabricState) => {
      requireReader(state, swarm)
      return unreadMessages(state, swarm).some(({ index }) => index > after)
    }
    await this.#until(new Waiter(swarm, false), waitMs, signal, async () => {
      return { done: await this.#engine.read(hasMail), result: undefined }
    })
  }

  /** Ends every wait. */
  close(): void {
    for (const waiter of this.#waiters) waiter.wake()
  }

  async #until<Result>(
    waiter: Waiter,
    waitMs: number,
    signal: AbortSignal | undefined,
    attempt: () => Promise<{ readonly done: boolean; readonly result: Result }>,
  ): Promise<Result> {
    if (waitMs > 0 && this.#waiters.size >= LIMITS.waitingCallers) {
      throw new FabricError('RATE_LIMITED', `${LIMITS.waitingCallers} callers are waiting. Try again later.`)
    }
    let over = waitMs <= 0
    const end = () => {
      over = true
      waiter.wake()
    }
    const cancelTimer = over ? () => {} : this.#timing.after(waitMs, end)
    signal?.addEventListener('abort', end)
    this.#waiters.add(waiter)
    try {
      for (;;) {
        if (signal?.aborted) throw new FabricError('UNAVAILABLE', 'The caller stopped waiting.')
        const { done, result } = await attempt()
        if (done || over || this.#engine.state === 'closed') return result
        await waiter.woken()
      }
    } finally {
      this.#waiters.delete(waiter)
      cancelTimer()
      signal?.removeEventListener('abort', end)
    }
  }

  #onChange(state: FabricState, rebuilt: boolean): void {
    if (this.#waiters.size === 0) return
    if (rebuilt) {
      for (const waiter of this.#waiters) waiter.wake()
      return
    }
    const { claimable, mail, profiles } = state.news
    if (mail.size > 0 || profiles.size > 0) {
      for (const waiter of this.#waiters) if (mail.has(waiter.swarm) || profiles.has(waiter.swarm)) waiter.wake()
    }
    for (const task of claimable) this.#wakeFor(state, task)
  }

  /** Wakes the first waiter that qualifies for a task and is not already on its way to another. */
  #wakeFor(state: FabricState, id: string): void {
    const task = state.tasks.get(id)
    if (task === undefined || !state.ready.has(id)) return
    for (const waiter of this.#waiters) {
      if (!waiter.takesWork || waiter.isBusy) continue
      const swarm = state.swarms.get(waiter.swarm)
      if (swarm?.state !== 'active' || !qualify(swarm, task, state.governor.policy).qualified) continue
      waiter.wakeFor(id)
      return
    }
  }

  /** What a waiter was woken for and did not take is offered to the next one. */
  #passOn(tasks: readonly string[]): void {
    if (tasks.length === 0 || this.#waiters.size === 0) return
    const wakeOthers = (state: FabricState) => {
      for (const task of tasks) this.#wakeFor(state, task)
    }
    // A fabric that closed or failed meanwhile tells every waiter so itself.
    this.#engine.read(wakeOthers).catch(() => {})
  }
}
