import type { ServerResponse } from 'node:http'

/** Counts the requests that are not answered yet. */
export class Traffic {
  #open = 0
  #onIdle: (() => void) | undefined

  watch(response: ServerResponse): void {
    this.#open += 1
    response.once('close', this.#end)
  }

  readonly #end = () => {
    this.#open -= 1
    if (this.#open === 0) this.#onIdle?.()
  }

  /** Resolves when every request is answered, or after `patienceMs`. */
  idle(patienceMs: number): Promise<void> {
    if (this.#open === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patienceMs)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
