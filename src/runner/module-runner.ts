import { type ModuleWork, moduleWork } from '../coordinator/module-work.js'
import { FABRIC_ACTOR } from '../model/entry.js'
import { isFabricError } from '../model/errors.js'
import { SECOND_MS } from '../model/time.js'
import { ModuleRun, type RunContext } from './module-run.js'

/** The pause after a claim that was refused: what stood in the way is not always something that changes the state. */
const PAUSE_MS = 10 * SECOND_MS

/**
 * Does the tasks that name a module: claims what its swarm has room for, runs the module for each live claim, and ends the
 * run of a claim that is over. It looks at the state after each commit that may concern it, so whatever a restart or a
 * lost word left behind is found the next time.
 */
export class ModuleRunner {
  readonly #context: RunContext
  readonly #stopWatching: () => void
  /** By the epoch of the claim. */
  readonly #runs = new Map<number, ModuleRun>()
  #closed = false
  #looking: Promise<void> | undefined
  #again = false
  #stopPause: (() => void) | undefined

  /** Begins at once. */
  constructor(context: RunContext) {
    this.#context = context
    this.#stopWatching = context.fabric.watch((state) => {
      if (state.moduleTasks.size > 0 || this.#runs.size > 0) this.#look()
    })
    this.#look()
  }

  /** Ends the modules. Their claims stay, and are done anew when the fabric is up again. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stopWatching()
    this.#stopPause?.()
    for (const run of this.#runs.values()) run.cancel()
    await this.#looking
    await Promise.all([...this.#runs.values()].map(({ done }) => done))
  }

  #look(): void {
    this.#again = true
    this.#looking ??= this.#lookWhileNew().finally(() => {
      this.#looking = undefined
    })
  }

  async #lookWhileNew(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false
      try {
        const work = await this.#context.fabric.read(moduleWork)
        if (this.#closed) return
        this.#settle(work)
        for (const claim of this.#stopPause === undefined ? work.claims : []) await this.#claim(claim)
      } catch (error) {
        if (!this.#closed) this.#context.report(error)
        this.#pause()
      }
    }
  }

  /** Makes what runs agree with the claims there are. */
  #settle({ runs }: ModuleWork): void {
    const live = new Set(runs.map(({ epoch }) => epoch))
    for (const [epoch, run] of this.#runs) if (!live.has(epoch)) run.cancel()
    for (const claim of runs) {
      if (this.#runs.has(claim.epoch)) continue
      const run = new ModuleRun(this.#context, claim)
      this.#runs.set(claim.epoch, run)
      void run.done.then((told) => this.#ended(claim.epoch, told))
    }
  }

  /** A claim that is live although its run is over is run again, and not at once: the same may happen. */
  #ended(epoch: number, told: boolean): void {
    const forget = () => {
      this.#runs.delete(epoch)
      if (!this.#closed) this.#look()
    }
    if (told || this.#closed) forget()
    else this.#context.timing.after(PAUSE_MS, forget)
  }

  /** Something may have changed since it was looked at; then it is looked at again, and not at once. */
  async #claim({ task, swarm }: ModuleWork['claims'][number]): Promise<void> {
    try {
      await this.#context.fabric.submit({ type: 'claim_task', task, swarm }, { actor: FABRIC_ACTOR })
    } catch (error) {
      if (!isFabricError(error) || error.code === 'INTERNAL') throw error
      this.#pause()
    }
  }

  #pause(): void {
    this.#stopPause ??= this.#context.timing.after(PAUSE_MS, () => {
      this.#stopPause = undefined
      this.#look()
    })
  }
}
