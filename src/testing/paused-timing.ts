import type { Timing } from '../fabric/timing.js'

/** The clock of one process, which can be stopped: time goes on, but its timers wait until it is let go on. */
export class PausedTiming implements Timing {
  readonly #timing: Timing
  #isPaused = false
  #due: (() => void)[] = []

  constructor(timing: Timing) {
    this.#timing = timing
  }

  now(): number {
    return this.#timing.now()
  }

  elapsed(): number {
    return this.#timing.elapsed()
  }

  after(delayMs: number, callback: () => void): () => void {
    let isCancelled = false
    const fire = () => {
      if (isCancelled) return
      if (this.#isPaused) this.#due.push(fire)
      else callback()
    }
    const cancel = this.#timing.after(delayMs, fire)
    return () => {
      isCancelled = true
      cancel()
    }
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    for (const fire of this.#due.splice(0)) fire()
  }
}
