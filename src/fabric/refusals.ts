import type { ErrorCode } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { EngineDraft, RequestRefused } from './entries.js'

/** Refusals that are entries: authentication, authorisation, fencing, budget, policy, and modules. */
const RECORDED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'STALE_CLAIM',
  'NOT_ELIGIBLE',
  'BUDGET_EXCEEDED',
  'BREAKER_OPEN',
  'POLICY_VIOLATION',
  'MODULE_REFUSED',
])

export function isRecorded(code: ErrorCode): boolean {
  return RECORDED.has(code)
}

/** One refusal, as it happened. */
export interface Refusal extends Omit<RequestRefused, 'count' | 'firstAt' | 'lastAt'> {
  /** Who asked. */
  readonly actor: string
}

/** Refusals of one kind from one caller, as they are written. */
export interface CountedRefusals {
  readonly actor: string
  readonly data: RequestRefused
}

/** Refusals that make a runaway loop when they are repeated without a pause. That of an open breaker is its result. */
const RUNAWAY: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'FORBIDDEN',
  'STALE_CLAIM',
  'NOT_ELIGIBLE',
  'BUDGET_EXCEEDED',
  'POLICY_VIOLATION',
])

export function refusalDraft(data: RequestRefused): EngineDraft {
  return { type: 'request_refused', subject: data.task ?? data.swarm ?? data.operation, data }
}

/** Refusals that are counted, not written: their window is open. */
interface Window {
  readonly refusal: Refusal
  readonly endsAt: number
  count: number
  firstAt: number
  lastAt: number
}

/** For how long refusals of one kind are counted into one entry. */
const WINDOW_MS = 5_000
/** Stands for callers and operations that are not told apart. */
const SEVERAL = 'several'
/** Refusals of one caller in a window above which it counts as flooding. */
const FLOOD = 200

/**
 * Tells which refusals are written now and which are counted into one entry later, so that a flood of one kind costs one
 * entry in five seconds. What is counted is in memory only: a crash loses counts, never the first of a kind.
 */
export class Refusals {
  readonly #windows = new Map<string, Window>()
  readonly #perActor = new Map<string, { endsAt: number; count: number }>()
  /** Kind of refusal -> how often it came without a pause as long as a window. */
  readonly #streaks = new Map<string, { endsAt: number; count: number }>()

  /** The entry to write at once; undefined when this one is only counted. */
  note(refusal: Refusal, at: number): CountedRefusals | undefined {
    countIn(this.#perActor, refusal.actor, at)
    const kind = this.#kindOf(refusal)
    const key = keyOf(kind)
    const open = this.#windows.get(key)
    if (open !== undefined) {
      if (open.count === 0) open.firstAt = at
      open.count += 1
      open.lastAt = at
      return undefined
    }
    this.#windows.set(key, { refusal: kind, endsAt: at + WINDOW_MS, count: 0, firstAt: at, lastAt: at })
    return counted(kind, 1, at, at)
  }

  /**
   * Whether this refusal is one with which its caller is in a loop: the `limit`th of its kind without a pause, or a
   * multiple of it, because a loop may go on after a reset.
   */
  isRunaway(refusal: Refusal, at: number, limit: number): boolean {
    if (!RUNAWAY.has(refusal.code)) return false
    return countIn(this.#streaks, keyOf(refusal), at) % limit === 0
  }

  /** What was not written after all is counted into the next entry of its kind. */
  giveBack({ actor, data }: CountedRefusals, at: number): void {
    const { count, firstAt, lastAt, ...what } = data
    const refusal = { actor, ...what }
    const key = keyOf(refusal)
    const open = this.#windows.get(key)
    if (open === undefined) {
      this.#windows.set(key, { refusal, endsAt: at + WINDOW_MS, count, firstAt, lastAt })
      return
    }
    open.firstAt = open.count === 0 ? firstAt : Math.min(open.firstAt, firstAt)
    open.lastAt = Math.max(open.lastAt, lastAt)
    open.count += count
  }

  /** Entries for the windows that ended, or for all of them. A window in which something was counted opens anew. */
  takeDue(now: number, all = false): CountedRefusals[] {
    const due: CountedRefusals[] = []
    for (const [key, window] of this.#windows) {
      if (window.endsAt > now && !all) break
      this.#windows.delete(key)
      if (window.count === 0) continue
      due.push(counted(window.refusal, window.count, window.firstAt, window.lastAt))
      this.#windows.set(key, { ...window, endsAt: now + WINDOW_MS, count: 0 })
    }
    return due
  }

  /** When the first window ends; infinity when none is open. Windows lie in the order of their end. */
  nextDue(): number {
    for (const { endsAt } of this.#windows.values()) return endsAt
    return Number.POSITIVE_INFINITY
  }

  /** Whether a caller was refused so often lately that others go first. */
  isFlooding(actor: string, now: number): boolean {
    if (this.#perActor.size === 0) return false
    const recent = this.#perActor.get(actor)
    return recent !== undefined && recent.count > FLOOD && recent.endsAt > now
  }

  /** When there are too many kinds at once, only the code tells further ones apart. */
  #kindOf(refusal: Refusal): Refusal {
    if (this.#windows.size < LIMITS.refusalKinds || this.#windows.has(keyOf(refusal))) return refusal
    return { code: refusal.code, operation: SEVERAL, actor: SEVERAL }
  }
}

/** Counts one more under a key, and answers how many came without a pause as long as a window. */
function countIn(counts: Map<string, { endsAt: number; count: number }>, key: string, at: number): number {
  const recent = counts.get(key)
  if (recent !== undefined && recent.endsAt > at) {
    recent.count += 1
    // Each lengthens the window: a flood ends when it stops, not while it goes on.
    recent.endsAt = at + WINDOW_MS
    return recent.count
  }
  counts.delete(key)
  if (counts.size >= LIMITS.refusalKinds) {
    for (const oldest of counts.keys()) {
      counts.delete(oldest)
      break
    }
  }
  counts.set(key, { endsAt: at + WINDOW_MS, count: 1 })
  return 1
}

/** Not by `remote`: on a loopback interface callers choose their address, so it is only an example. */
function keyOf({ code, operation, actor, task, swarm }: Refusal): string {
  return JSON.stringify([code, operation, actor, task, swarm])
}

function counted({ actor, ...what }: Refusal, count: number, firstAt: number, lastAt: number): CountedRefusals {
  return { actor, data: { ...what, count, firstAt, lastAt } }
}
