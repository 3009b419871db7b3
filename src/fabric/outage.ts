import type { Journal } from '../journal/journal.js'
import { type FabricError, isFabricError } from '../model/errors.js'
import type { Timing } from './timing.js'

/** Between two attempts: as long as this at first, then twice as long each time, up to the other. Milliseconds. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000

export interface OutageOptions {
  readonly journal: Pick<Journal, 'health'>
  readonly timing: Timing
  /** Nobody waits for it any more. */
  readonly signal: AbortSignal
  /** Told the fault, once, when the first attempt met servers that do not answer. */
  readonly onOutage: (fault: FabricError) => void
}

/**
 * Repeats an attempt until the servers of a journal answer again, however long that takes. Undefined when `signal` aborts
 * first. Throws whatever else goes wrong, also that the journal is closed: no waiting helps against that, nor against a
 * broken disk.
 */
export async function outlast<T>(attempt: () => Promise<T>, options: OutageOptions): Promise<T | undefined> {
  const { journal, timing, signal, onOutage } = options
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await attempt()
    } catch (fault) {
      if (!isFabricError(fault, 'UNAVAILABLE') || journal.health().state === 'closed') throw fault
      if (pauseMs === FIRST_PAUSE_MS) onOutage(fault)
    }
    if (!signal.aborted) await pause(timing, pauseMs, signal)
    if (signal.aborted) return undefined
  }
}

function pause(timing: Timing, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = timing.after(ms, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    const stop = () => {
      cancel()
      resolve()
    }
    signal.addEventListener('abort', stop, { once: true })
  })
}
