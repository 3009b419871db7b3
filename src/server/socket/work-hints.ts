import type { FabricState } from '../../coordinator/state.js'
import type { Fabric } from '../../fabric/fabric.js'
import { WaitingSwarms } from '../../fabric/waiting-swarms.js'

/** Tasks for which a swarm is looked for in one turn; the others have theirs in the next. */
const TASKS_PER_TURN = 256
/** A task that nobody has taken this long after a hint is told to the next swarm. */
const PATIENCE_MS = 2_000

type Hint = () => void

/**
 * Tells swarms that there may be work: for each task that becomes claimable, the one that suits it best. A hint is given
 * once; whoever asks for work wants hints again. So nobody is told what they do not answer to, and no task waits for a
 * swarm that is gone.
 */
export class WorkHints {
  readonly #fabric: Fabric
  /** Swarm -> its connections that want to be told. */
  readonly #armed = new Map<string, Set<Hint>>()
  readonly #swarms = new WaitingSwarms()
  /** Tasks for which a swarm is to be looked for, and those that somebody was told of lately. */
  readonly #fresh = new Set<string>()
  readonly #told = new Set<string>()
  #matching = false
  #retry: NodeJS.Timeout | undefined

  constructor(fabric: Fabric) {
    this.#fabric = fabric
  }

  /** Calls `hint` once, when there may be work that became claimable after this resolved. */
  arm(swarm: string, hint: Hint): Promise<void> {
    return this.#fabric.read((state) => {
      const others = this.#armed.get(swarm)
      if (others !== undefined) others.add(hint)
      else {
        this.#armed.set(swarm, new Set([hint]))
        this.#swarms.add(state, swarm)
      }
    })
  }

  disarm(swarm: string, hint: Hint): void {
    const hints = this.#armed.get(swarm)
    if (hints?.delete(hint) !== true || hints.size > 0) return
    this.#armed.delete(swarm)
    this.#swarms.remove(swarm)
    if (this.#armed.size === 0) this.#forget()
  }

  onChange(state: FabricState, rebuilt: boolean): void {
    if (this.#armed.size === 0) return
    const { claimable, profiles, room } = state.news
    for (const swarm of rebuilt ? [...this.#armed.keys()] : profiles) {
      this.#swarms.refresh(state, swarm)
      this.#tell(swarm)
    }
    for (const task of claimable) this.#fresh.add(task)
    if (room.size > 0) this.#addHeads(state)
    this.#match()
  }

  /** Where budgets have more room, the first task of each kind may have found some. */
  #addHeads(state: FabricState): void {
    let left = TASKS_PER_TURN
    for (const { ranks } of state.claimable()) {
      const first = ranks.first()
      if (first !== undefined) this.#fresh.add(first.task)
      left -= 1
      if (left === 0) return
    }
  }

  #match(): void {
    if (this.#matching || this.#fresh.size === 0) return
    this.#matching = true
    // A fabric that has stopped ends every connection itself.
    this.#fabric
      .read((state, now) => this.#matchFresh(state, now))
      .catch(() => this.#forget())
      .finally(() => {
        this.#matching = false
        this.#match()
      })
  }

  #matchFresh(state: FabricState, now: number): void {
    const search = this.#swarms.search(state, now)
    let left = TASKS_PER_TURN
    for (const task of this.#fresh) {
      if (left === 0) return
      left -= 1
      this.#fresh.delete(task)
      const swarm = this.#armed.size === 0 ? undefined : search(task)
      if (swarm === undefined) continue
      this.#told.add(task)
      this.#tell(swarm)
    }
    if (this.#told.size > 0) this.#retry ??= setTimeout(this.#tryOthers, PATIENCE_MS).unref()
  }

  readonly #tryOthers = () => {
    this.#retry = undefined
    for (const task of this.#told) this.#fresh.add(task)
    this.#told.clear()
    this.#match()
  }

  #tell(swarm: string): void {
    const [hint] = this.#armed.get(swarm) ?? []
    if (hint === undefined) return
    this.disarm(swarm, hint)
    hint()
  }

  /** Whoever wants hints from now on asks for work first. */
  #forget(): void {
    this.#fresh.clear()
    this.#told.clear()
    clearTimeout(this.#retry)
    this.#retry = undefined
  }
}
