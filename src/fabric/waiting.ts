import type { Offer, OfferNext } from '../coordinator/commands.js'
import { requireReader, unreadMessages } from '../coordinator/read-inbox.js'
import type { FabricState } from '../coordinator/state.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { Engine } from './engine.js'
import type { Origin } from './fabric.js'
import type { Timing } from './timing.js'
import { WaitingSwarms } from './waiting-swarms.js'

/** Somebody who waits until something concerns them. */
class Waiter {
  readonly swarm: string
  readonly takesWork: boolean
  /** Found work that no budget had room for, and may try again when there is room. */
  short = false
  /** Woken because there may be room. */
  triesRoom = false
  #reasons: string[] = []
  #woken = false
  #wake: (() => void) | undefined

  constructor(swarm: string, takesWork: boolean) {
    this.swarm = swarm
    this.takesWork = takesWork
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

/** Waiters that find no room in a row, after which the others wait for the next room. */
const SHORT_TRIES = 16

/**
 * Long polls: callers that wait for work or for messages. A commit wakes only those it concerns, and for each claimable
 * task one waiter: the swarm that suits it best. So a thousand idle swarms do not race for one task.
 */
export class Waiting {
  readonly #engine: Engine
  readonly #timing: Timing
  readonly #waiters = new Set<Waiter>()
  /** Swarm -> its waiters that take work and are not on their way to some. */
  readonly #idle = new Map<string, Set<Waiter>>()
  readonly #swarms = new WaitingSwarms()
  #shortTries = 0
  /** Waiters that were woken since a budget had more room than before. */
  #triedRoom = new WeakSet<Waiter>()

  constructor(engine: Engine, timing: Timing) {
    this.#engine = engine
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
        this.#lookForRoom(waiter, offer)
        return { done: offer.kind !== 'none', result: offer }
      })
    } finally {
      this.#passOn(waiter.takeReasons())
    }
  }

  /** Where one found room in the budgets, there may be more; where one found none, another may need less. */
  #lookForRoom(waiter: Waiter, { kind, short }: Offer): void {
    const { triesRoom } = waiter
    waiter.triesRoom = false
    waiter.short = kind === 'none' && short === true
    if (!triesRoom) return
    if (waiter.short) {
      // It stands behind the others, so that each of them gets its turn.
      this.#waiters.delete(waiter)
      this.#waiters.add(waiter)
      this.#shortTries += 1
    } else this.#shortTries = 0
    if (this.#shortTries < SHORT_TRIES) this.#wakeShort()
  }

  /** Wakes one that has not tried since there was more room: what others took since then left it no more. */
  #wakeShort(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.short || this.#triedRoom.has(waiter)) continue
      this.#triedRoom.add(waiter)
      waiter.triesRoom = true
      waiter.wake()
      return
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
        if (waiter.takesWork && !this.#isIdle(waiter)) {
          // It asks once more after it is known to wait: what became free in between is not missed.
          await this.#engine.read((state) => this.#setIdle(state, waiter))
          continue
        }
        await waiter.woken()
        this.#setBusy(waiter)
      }
    } finally {
      this.#setBusy(waiter)
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
    const { claimable, mail, profiles, room } = state.news
    for (const swarm of profiles) this.#swarms.refresh(state, swarm)
    if (mail.size > 0 || profiles.size > 0) {
      for (const waiter of this.#waiters) if (mail.has(waiter.swarm) || profiles.has(waiter.swarm)) waiter.wake()
    }
    for (const task of claimable) this.#wakeFor(state, task)
    if (room.size > 0) {
      this.#shortTries = 0
      this.#triedRoom = new WeakSet()
      this.#wakeShort()
    }
  }

  /** Wakes a waiter of the swarm that suits a task best, of those that are not on their way to another. */
  #wakeFor(state: FabricState, task: string): void {
    if (this.#idle.size === 0) return
    const swarm = this.#swarms.bestFor(state, task, this.#timing.now())
    const [waiter] = this.#idle.get(swarm ?? '') ?? []
    if (waiter === undefined) return
    this.#setBusy(waiter)
    waiter.wakeFor(task)
  }

  #isIdle(waiter: Waiter): boolean {
    return this.#idle.get(waiter.swarm)?.has(waiter) === true
  }

  #setIdle(state: FabricState, waiter: Waiter): void {
    const others = this.#idle.get(waiter.swarm)
    if (others !== undefined) others.add(waiter)
    else {
      this.#idle.set(waiter.swarm, new Set([waiter]))
      this.#swarms.add(state, waiter.swarm)
    }
  }

  #setBusy(waiter: Waiter): void {
    const others = this.#idle.get(waiter.swarm)
    if (others?.delete(waiter) !== true || others.size > 0) return
    this.#idle.delete(waiter.swarm)
    this.#swarms.remove(waiter.swarm)
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
