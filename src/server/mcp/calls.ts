import { setMaxListeners } from 'node:events'
import { FabricError } from '../../model/errors.js'

type RequestId = string | number

interface OpenCall {
  readonly signal: AbortSignal
  abort(reason: Error): void
  /** It is answered. */
  end(): void
}

/**
 * Calls that are not answered yet, for revisions of the protocol in which a client takes back a call by a request of
 * its own. Ids are unique for one client only: where several calls of a caller have one id, none is ended, as it could
 * be the wrong one.
 */
export class Calls {
  readonly #open = new Map<string, Set<AbortController>>()

  /**
   * Registers a call until its `end`. Its signal also aborts with each of `signals`, which belong to the same request.
   */
  begin(caller: string, id: RequestId, signals: readonly AbortSignal[]): OpenCall {
    const key = keyOf(caller, id)
    const call = new AbortController()
    const listening = signals.map((signal) => {
      const abort = () => call.abort(signal.reason)
      // Each call of a batch listens to the same caller.
      setMaxListeners(0, signal)
      signal.addEventListener('abort', abort, { once: true })
      if (signal.aborted) abort()
      return () => signal.removeEventListener('abort', abort)
    })
    const others = this.#open.get(key) ?? new Set()
    this.#open.set(key, others.add(call))
    const end = () => {
      for (const stop of listening) stop()
      others.delete(call)
      if (others.size === 0) this.#open.delete(key)
    }
    return { signal: call.signal, abort: (reason) => call.abort(reason), end }
  }

  /** Ends the calls that a message takes back, if that is what it says. */
  takeBack(caller: string, message: unknown): void {
    for (const id of Array.isArray(message) ? message.map(takenBack) : [takenBack(message)]) {
      const [call, ...others] = (id !== undefined && this.#open.get(keyOf(caller, id))) || []
      if (others.length === 0) call?.abort(new FabricError('UNAVAILABLE', 'The caller took this call back.'))
    }
  }
}

function keyOf(caller: string, id: RequestId): string {
  return JSON.stringify([caller, id])
}

function takenBack(message: unknown): RequestId | undefined {
  const { method, params } = (message ?? {}) as { method?: unknown; params?: { requestId?: unknown } | null }
  const id = method === 'notifications/cancelled' ? params?.requestId : undefined
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}
