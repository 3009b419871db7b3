import type { ErrorCode } from '../model/errors.js'

/** What one check found. */
export interface Finding {
  readonly check: string
  readonly state: 'ok' | 'warning' | 'failed'
  readonly message: string
  /** What to do about it. */
  readonly fix?: string
  /** The class of error that it would show as, for what failed. */
  readonly code?: ErrorCode
}

export function ok(check: string, message: string): Finding {
  return { check, state: 'ok', message }
}

export function warning(check: string, message: string, fix: string): Finding {
  return { check, state: 'warning', message, fix }
}

export function failed(check: string, code: ErrorCode, message: string, fix: string): Finding {
  return { check, state: 'failed', message, fix, code }
}
