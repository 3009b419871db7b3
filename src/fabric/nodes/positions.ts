import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { Timing } from '../timing.js'

/** How long a call waits for the state to come as far as its caller has seen, milliseconds. */
const REACH_MS = 5_000

/** Callers that wait until the state has come to a position of the log. */
export class Positions {
  readonly #timing: Timing
  readonly #waiting = new Set<{ readonly position: number; readonly resolve: () => void }>()

  constructor(timing: Timing) {
    this.#timing = timing
  }

  /** Wakes those whose position is there. */
  reached(size: number): void {
    for (const one of this.#waiting) if (one.position <= size) one.resolve()
  }

  /** Resolves when `reached` came to `position`. Throws UNAVAILABLE when that takes too long. */
  wait(position: number): Promise<void> {
    if (this.#waiting.size >= LIMITS.waitingCallers) {
      throw new FabricError('RATE_LIMITED', `${LIMITS.waitingCallers} callers are waiting. Try again later.`)
    }
    return new Promise((resolve, reject) => {
      const end = (finish: () => void) => () => {
        cancel()
        this.#waiting.delete(waiting)
        finish()
      }
      const waiting = { position, resolve: end(resolve) }
      const cancel = this.#timing.after(
        REACH_MS,
        end(() => reject(behind(position))),
      )
      this.#waiting.add(waiting)
    })
  }
}

function behind(position: number): FabricError {
  const message = `This node has not come to entry ${position} of the log within ${REACH_MS} ms. Ask again, or another node.`
  return new FabricError('UNAVAILABLE', message, { reason: 'behind', position })
}
