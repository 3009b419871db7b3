import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { Principal } from '../../model/principal.js'

export type PlaceKind = 'sse' | 'websocket'

/** Counts the connections that the server writes to by itself: all, and those of each caller that is no administrator. */
export class Places {
  readonly #byActor = new Map<string, number>()
  readonly #taken: Record<PlaceKind, number> = { sse: 0, websocket: 0 }

  /** Connections that are open, by kind. */
  get taken(): Readonly<Record<PlaceKind, number>> {
    return this.#taken
  }

  /** Returns what gives the place back. Throws RATE_LIMITED. */
  take({ actor, role }: Principal, kind: PlaceKind): () => void {
    const { sse, websocket } = this.#taken
    if (sse + websocket >= LIMITS.pushConnections) {
      throw new FabricError('RATE_LIMITED', `${LIMITS.pushConnections} streams and sockets are open. Try again later.`)
    }
    const own = this.#byActor.get(actor) ?? 0
    if (role !== 'admin' && own >= LIMITS.pushConnectionsPerCaller) {
      const message = `${actor} has ${own} streams and sockets open, which is the limit. Close one first.`
      throw new FabricError('RATE_LIMITED', message)
    }
    this.#taken[kind] += 1
    this.#byActor.set(actor, own + 1)
    return () => {
      this.#taken[kind] -= 1
      const left = (this.#byActor.get(actor) ?? 1) - 1
      if (left > 0) this.#byActor.set(actor, left)
      else this.#byActor.delete(actor)
    }
  }
}
