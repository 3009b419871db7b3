import { LIMITS } from '../../model/limits.js'
import { type ProcessUse, processUse } from '../jail/process-view.js'

/** A process at work, and how much of the machine it may have. */
export interface Watched {
  readonly pid: number
  /** Of all its time until now, and of all its memory. */
  readonly most: ProcessUse
  onBeyond(end: 'cpu' | 'memory', use: ProcessUse): void
}

/** All processes at work are looked at by one timer, which runs only while there are some. */
const watched = new Set<Watched>()
let timer: NodeJS.Timeout | undefined

/** Looks after a process until the returned function is called. */
export function watchProcess(entry: Watched): () => void {
  watched.add(entry)
  timer ??= setInterval(look, LIMITS.sandboxWatchMs).unref()
  return () => {
    watched.delete(entry)
    if (watched.size > 0 || timer === undefined) return
    clearInterval(timer)
    timer = undefined
  }
}

function look(): void {
  for (const entry of watched) {
    const use = processUse(entry.pid)
    if (use === undefined) continue
    if (use.cpuMs > entry.most.cpuMs) entry.onBeyond('cpu', use)
    else if (use.residentBytes > entry.most.residentBytes) entry.onBeyond('memory', use)
  }
}
