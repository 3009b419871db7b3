import type { RunEnd } from '../sandbox/run.js'

/** What the levels of service and the reputation need to know of one run of a module. */
export interface RunRecord {
  /** When it ended by the time of the log, milliseconds since the Unix epoch. */
  readonly at: number
  readonly end: RunEnd
  /** From its beginning to its end, whole milliseconds. */
  readonly wallMs: number
}

/** Ends in which the module gave no answer of its own: whoever called it could as well have called nobody. */
const UNAVAILABLE: ReadonlySet<RunEnd> = new Set<RunEnd>(['crashed', 'protocol', 'deadline'])

/** A cancelled run says something about its caller, not about the module. */
export function counts({ end }: Pick<RunRecord, 'end'>): boolean {
  return end !== 'cancelled'
}

export function isSuccess({ end }: Pick<RunRecord, 'end'>): boolean {
  return end === 'completed'
}

/** Whether it could be called and answered, if only that it failed. What the machine could not start is no run at all. */
export function isAvailable({ end }: Pick<RunRecord, 'end'>): boolean {
  return !UNAVAILABLE.has(end)
}
