import { LIMITS } from '../../model/limits.js'
import type { ProcessUse } from '../jail/process-view.js'

/** A process at work, and how much of the machine it may have. */
export interface Watched {
  /** What it has used by now; undefined where nobody can say. */
  use(): ProcessUse | undefined
  /** Of all its time until then, and of all its memory. */
  readonly most: ProcessUse
  onBeyond(end: 'cpu' | 'memory'): void
}

/** All processes at work are looked at by one timer, which ends when there are none. */
const watched = new Set<Watched>()
let timer: NodeJS.Timeout | undefined

/** Looks after a process until the returned function is called. */
export function watchProcess(entry: Watched): () => void {
  watched.add(entry)
  timer ??= setInterval(look, LIMITS.sandboxWatchMs).unref()
  return () => watched.delete(entry)
}

function look(): void {
  if (watched.size === 0) {
    clearInterval(timer)
    timer = undefined
  }
  for (const { use, most, onBeyond } of watched) {
    const now = use()
    if (now === undefined) continue
    if (now.cpuMs > most.cpuMs) onBeyond('cpu')
    else if (now.residentBytes > most.residentBytes) onBeyond('memory')
  }
}
