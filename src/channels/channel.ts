import { FabricError } from '../model/errors.js'
import type { EscalationSeverity } from '../model/escalation.js'
import type { Notice } from './notice.js'

/** A way to reach people. */
export interface Channel {
  readonly name: string
  /** Least severity of an escalation that is sent. */
  readonly minSeverity: EscalationSeverity

  /**
   * One attempt, which ends when `signal` aborts. Resolves when the other side took the notice. Throws a FabricError made
   * by `unreachable` or `refused`; its message holds no secret and nothing that the other side wrote.
   */
  deliver(notice: Notice, signal: AbortSignal): Promise<void>
}

/** Another attempt may succeed; the other side may have asked for a pause before it. */
export function unreachable(reason: string, retryAfterMs?: number): FabricError {
  return new FabricError('UNAVAILABLE', reason, retryAfterMs === undefined ? {} : { retryAfterMs })
}

/** The same notice would be refused again: somebody must change the channel first. */
export function refused(reason: string): FabricError {
  return new FabricError('INVALID_ARGUMENT', reason)
}

/** Code of a system or library error such as ECONNREFUSED. Its message is left out: it may quote a URL or a password. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(error.code) ? error.code : undefined
}
