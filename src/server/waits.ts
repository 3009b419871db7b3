import type { ServerResponse } from 'node:http'
import { FabricError } from '../model/errors.js'

/** Requests that may last: each ends when its caller leaves, and all of them when the server closes. */
export class Waits {
  readonly #open = new Set<AbortController>()
  #closed = false

  /**
   * Runs `work` with a signal that aborts when the connection of `response` is lost or the server closes, and with what
   * aborts it for another reason.
   */
  async during<Result>(
    response: ServerResponse,
    work: (signal: AbortSignal, abort: (reason: Error) => void) => Promise<Result>,
  ): Promise<Result> {
    if (this.#closed) throw shuttingDown()
    const ending = new AbortController()
    const leave = () => ending.abort(new FabricError('UNAVAILABLE', 'The caller closed the connection.'))
    this.#open.add(ending)
    // A response that is queued behind another on its connection is not told when that is lost.
    const { socket } = response.req
    response.once('close', leave)
    socket.once('close', leave)
    if (response.closed || socket.destroyed) leave()
    try {
      return await work(ending.signal, (reason) => ending.abort(reason))
    } catch (error) {
      throw ending.signal.aborted ? ending.signal.reason : error
    } finally {
      response.off('close', leave)
      socket.off('close', leave)
      this.#open.delete(ending)
    }
  }

  close(): void {
    this.#closed = true
    this.interrupt(shuttingDown())
  }

  /** Ends those that last now. */
  interrupt(reason: FabricError): void {
    for (const ending of this.#open) ending.abort(reason)
  }
}

export function shuttingDown(): FabricError {
  return new FabricError('UNAVAILABLE', 'This server is shutting down. Try again when it is up.')
}
