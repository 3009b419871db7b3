import type { OfferNext } from '../coordinator/commands.js'
import { requireReader, unreadMessages } from '../coordinator/read-inbox.js'
import type { Offer } from '../coordinator/replies.js'
import type { FabricState } from '../coordinator/state.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { SECOND_MS } from '../model/time.js'
import type { Origin } from './fabric.js'
import type { FabricEngine } from './fabric-engine.js'
import type { Timing } from './timing.js'
import { WaitingSwarms } from './waiting-swarms.js'

/** Somebody who waits until something concerns them. */
class Waiter {
  readonly swarm: string
  readonly takesWork: boolean
  readonly #timing: Timing
  /** Woken because budgets have more room than before. */
  triesRoom = false
  #reasons: string[] = []
  /** When it was woken since it last looked; on the scale of `elapsed`. */
  #wokenAt: number | undefined
  #wake: (() => void) | undefined

  constructor(swarm: string, takesWork: boolean, timing: Timing) {
    this.swarm = swarm
    this.takesWork = takesWork
    this.#timing = timing
  }

  wake(): void {
    this.#wokenAt ??= this.#timing.elapsed()
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

  /** Resolves when woken, or at once when that has happened since the last call; with when it was. */
  async woken(): Promise<number> {
    if (this.#wokenAt === undefined) await new Promise<void>((resolve) => (this.#wake = resolve))
    const at = this.#wokenAt ?? this.#timing.elapsed()
    this.#wokenAt = undefined
    this.#wake = undefined
    return at
  }
}

/** Waiters that find nothing in a row, after which the others wait for the next room. */
const VAIN_TRIES = 16
/** New tasks for which a waiter is looked for in one turn; the others have theirs in the next, so that the engine goes on. */
const TASKS_PER_TURN = 256

/**
 * Long polls: callers that wait for work or for messages. A commit wakes only those it concerns, and for each claimable
 * task one waiter: the swarm that suits it best. So a thousand idle swarms do not race for one task.
 */
export class Waiting {
  readonly #engine: FabricEngine
  readonly #timing: Timing
  readonly #waiters = new Set<Waiter>()
  /** Swarm -> all of its waiters. */
  readonly #ofSwarm = new Map<string, Set<Waiter>>()
  /** Swarm -> its waiters that take work and are not on their way to some. */
  readonly #idle = new Map<string, Set<Waiter>>()
  readonly #swarms = new WaitingSwarms()
  #vainTries = 0
  /** Tasks that became claimable and for which no waiter was looked for yet. */
  readonly #fresh = new Set<string>()
  /** Waiters that were woken since a budget had more room than before. */
  #triedRoom = new WeakSet<Waiter>()

  constructor(engine: FabricEngine, timing: Timing) {
    this.#engine = engine
    this.#timing = timing
    engine.onChange((state, rebuilt) => this.#onChange(state, rebuilt))
  }

  get size(): number {
    return this.#waiters.size
  }

  /**
   * Asks for the next offer again and again until there is one, the time is over, the caller is gone or, with `untilMail`,
   * there are unread messages.
   */
  async next(
    command: OfferNext,
    origin: Origin,
    waitMs: number,
    signal?: AbortSignal,
    untilMail = false,
  ): Promise<Offer> {
    const waiter = new Waiter(command.swarm, true, this.#timing)
    try {
      return await this.#until(waiter, waitMs, signal, async () => {
        // Before the offer: mail that comes after it may bring work, which is asked for once more.
        const hasMail = untilMail && (await this.#hasMail(command.swarm, -1))
        const wokenFor = waiter.takeReasons()
        const [prefer] = wokenFor
        const asked = prefer === undefined ? command : { ...command, prefer }
        const offer = await this.#engine.submit(asked, origin)
        const taken = offer.claim === undefined ? undefined : offer.task?.id
        this.#passOn(wokenFor.filter((task) => task !== taken))
        this.#lookForRoom(waiter, offer)
        return { done: offer.kind !== 'none' || hasMail, result: offer }
      })
    } finally {
      this.#passOn(waiter.takeReasons())
    }
  }

  /** Where one found room in the budgets, there may be more; where one found none, another may need less. */
  #lookForRoom(waiter: Waiter, { kind }: Offer): void {
    if (!waiter.triesRoom) return
    waiter.triesRoom = false
    if (kind === 'none') {
      // It stands behind the others, so that each of them gets its turn.
      this.#waiters.delete(waiter)
      this.#waiters.add(waiter)
      this.#vainTries += 1
    } else this.#vainTries = 0
    if (this.#vainTries < VAIN_TRIES) this.#tryRoom()
  }

  /**
   * Wakes an idle waiter that has not tried since there was more room. Any may have been passed over for lack of it: those
   * that asked, and those that a task without room never woke.
   */
  #tryRoom(): void {
    for (const waiter of this.#waiters) {
      if (!this.#isIdle(waiter) || this.#triedRoom.has(waiter)) continue
      this.#triedRoom.add(waiter)
      waiter.triesRoom = true
      waiter.wake()
      return
    }
  }

  /** Waits for an unread message after index `after`. Throws NOT_FOUND for an unknown reader. */
  async mail(swarm: string, after: number, waitMs: number, signal?: AbortSignal): Promise<void> {
    await this.#until(new Waiter(swarm, false, this.#timing), waitMs, signal, async () => {
      return { done: await this.#hasMail(swarm, after), result: undefined }
    })
  }

  /** Whether there is an unread message after index `after`. */
  #hasMail(swarm: string, after: number): Promise<boolean> {
    return this.#engine.read((state) => {
      requireReader(state, swarm)
      return unreadMessages(state, swarm).some(({ index }) => index > after)
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
    let wokenAt: number | undefined
    const end = () => {
      over = true
      waiter.wake()
    }
    const cancelTimer = over ? () => {} : this.#timing.after(waitMs, end)
    signal?.addEventListener('abort', end)
    this.#enter(waiter)
    try {
      for (;;) {
        const gone = () => new FabricError('UNAVAILABLE', 'The caller stopped waiting.')
        if (signal?.aborted) throw gone()
        const { done, result } = await attempt()
        if (done) {
          if (wokenAt !== undefined) this.#observeWake(wokenAt)
          return result
        }
        if (signal?.aborted) throw gone()
        if (over || this.#engine.state === 'closed') return result
        if (waiter.takesWork && !this.#isIdle(waiter)) {
          // It asks once more after it is known to wait: what became free in between is not missed.
          await this.#engine.read((state) => this.#setIdle(state, waiter))
          continue
        }
        wokenAt = await waiter.woken()
        this.#setBusy(waiter)
      }
    } finally {
      this.#leave(waiter)
      cancelTimer()
      signal?.removeEventListener('abort', end)
    }
  }

  #enter(waiter: Waiter): void {
    this.#waiters.add(waiter)
    const others = this.#ofSwarm.get(waiter.swarm)
    if (others === undefined) this.#ofSwarm.set(waiter.swarm, new Set([waiter]))
    else others.add(waiter)
  }

  #leave(waiter: Waiter): void {
    this.#setBusy(waiter)
    this.#waiters.delete(waiter)
    const others = this.#ofSwarm.get(waiter.swarm)
    if (others?.delete(waiter) === true && others.size === 0) this.#ofSwarm.delete(waiter.swarm)
  }

  #observeWake(wokenAt: number): void {
    this.#engine.meter.wakeSeconds.observe((this.#timing.elapsed() - wokenAt) / SECOND_MS)
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
      // Ten thousand may wait, and a commit is about few.
      for (const swarm of new Set([...mail, ...profiles])) {
        for (const waiter of this.#ofSwarm.get(swarm) ?? []) waiter.wake()
      }
    }
    for (const task of claimable) this.#fresh.add(task)
    this.#matchFresh(state)
    if (room.size > 0 && state.ready.size > 0) {
      this.#vainTries = 0
      this.#triedRoom = new WeakSet()
      this.#tryRoom()
    }
  }

  /** Finds a waiter for each fresh task, as many as one turn may take. */
  #matchFresh(state: FabricState): void {
    const search = this.#swarms.search(state, this.#timing.now())
    let left = TASKS_PER_TURN
    for (const task of this.#fresh) {
      if (left === 0) break
      this.#fresh.delete(task)
      if (this.#idle.size === 0) continue
      left -= 1
      this.#wake(search(task), task)
    }
    if (this.#fresh.size === 0) return
    setImmediate(() => void this.#engine.read((next) => this.#matchFresh(next)).catch(() => {}))
  }

  #wake(swarm: string | undefined, task: string): void {
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
      for (const task of tasks) this.#fresh.add(task)
      this.#matchFresh(state)
    }
    // A fabric that closed or failed meanwhile tells every waiter so itself.
    this.#engine.read(wakeOthers).catch(() => {})
  }
}
