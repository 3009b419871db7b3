import { isFabricError } from '../../model/errors.js'
import type { CallOptions } from '../call.js'
import type { FabricOperations } from '../client.js'
import type { Activity } from './options.js'
import { backoffMs, rest, type WorkTiming } from './timing.js'

/** What the parts of one worker share. */
export interface WorkContext {
  readonly client: FabricOperations
  readonly swarm: string
  readonly timing: WorkTiming
  /** Aborts when the worker stops: from then on nothing new begins, and nothing is tried again. */
  readonly ending: AbortSignal
  problem(during: Activity, error: unknown, task?: string): void
  /** Ends the worker with an error. */
  fail(error: unknown): void
}

/** Longest pause between two attempts at a fabric that does not answer. */
export const LONGEST_PAUSE_MS = 30_000

interface Persistence {
  readonly during: Activity
  readonly task?: string
  /** Ends the attempts, and the one that is under way; without it the end of the worker ends them after this one. */
  readonly signal?: AbortSignal
}

/**
 * Says something until there is a definite answer, each time under the same idempotency key, so that a lost answer never
 * makes it happen twice. Throws what trying again does not mend.
 */
export async function persist<Answer>(
  { timing, ending, problem }: Pick<WorkContext, 'timing' | 'ending' | 'problem'>,
  { during, task, signal }: Persistence,
  say: (options: CallOptions) => Promise<Answer>,
): Promise<Answer> {
  const options = { idempotencyKey: crypto.randomUUID(), ...(signal && { signal }) }
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await say(options)
    } catch (error) {
      signal?.throwIfAborted()
      if (!isFabricError(error) || !error.retryable || ending.aborted) throw error
      problem(during, error, task)
    }
    await rest(backoffMs(attempt, LONGEST_PAUSE_MS), timing, signal ?? ending)
  }
}

/** Nothing that this worker does will be accepted: its token is not valid, or not for this. */
export function isFatal(error: unknown): boolean {
  return isFabricError(error, 'UNAUTHENTICATED') || isFabricError(error, 'FORBIDDEN')
}

/** The task is not this claim's any more: it was taken, cancelled or archived. */
export function isTaken(error: unknown): boolean {
  return isFabricError(error, 'STALE_CLAIM') || isFabricError(error, 'WRONG_STATE') || isFabricError(error, 'NOT_FOUND')
}
