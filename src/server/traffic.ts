import type { ServerResponse } from 'node:http'

/** Counts the requests that are not answered yet. */
export class Traffic {
  #open = 0
  #onIdle: (() => void) | undefined

  watch(response: ServerResponse): void {
    this.#open += 1
    // A response that is queued behind another on its connection is not told when that is lost.
    const { socket } = response.req
    let ended = false
    const end = () => {
      response.off('close', end)
      socket.off('close', end)
      // The loss of a connection can be told twice in one go.
      if (ended) return
      ended = true
      this.#open -= 1
      if (this.#open === 0) this.#onIdle?.()
    }
    response.once('close', end)
    socket.once('close', end)
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
