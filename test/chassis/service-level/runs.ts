import type { RunRecord } from '../../../src/chassis/service-level/run-record.js'

/** Runs that ended at one time: so many that completed, then so many that failed. */
export function runs(completed: number, failed = 0, { at = 0, wallMs = 10 } = {}): RunRecord[] {
  return [
    ...Array.from({ length: completed }, () => ({ at, end: 'completed', wallMs }) as const),
    ...Array.from({ length: failed }, () => ({ at, end: 'failed', wallMs }) as const),
  ]
}
