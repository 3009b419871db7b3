import type { InputOf, MessageView, OutputOf } from '../operation-types.js'
import type { HelpHandler } from './help.js'
import type { WorkTiming } from './timing.js'

export interface WorkOptions {
  /** The swarm to work for. Default: the one whose token the client has. */
  readonly as?: string
  /** Tasks that are worked on at one time. Default 1; the capacity of the swarm bounds it as well. */
  readonly concurrency?: number
  /** Lease of each claim. Default: that of the fabric. A heartbeat is sent three times in each. */
  readonly leaseMs?: number
  /** How long one call waits for work or messages. Default 50,000. */
  readonly pollMs?: number
  /** How long handlers may take to end after their signal, when the worker stops. Default 10,000. */
  readonly graceMs?: number
  /** Stops the worker, as `stop` does. */
  readonly signal?: AbortSignal
  /**
   * Gets each message of the swarm's inbox, one after the other, at least once: it is acknowledged when this resolves, and
   * given again when it throws. Without it messages are left for other readers.
   */
  readonly onMessage?: (message: MessageView, context: { readonly signal: AbortSignal }) => unknown
  /** Helps another swarm. Without it requests for help are declined. */
  readonly onHelp?: HelpHandler
  /** Nothing is worked on, and there is nothing to do. `short`: there is work, but no budget has room for it. */
  readonly onIdle?: (idle: { readonly short: boolean }) => void
  /** Hears of what went wrong and is tried again, or left. */
  readonly onProblem?: (problem: WorkProblem) => void
  /** Hears how each claim ended. */
  readonly onEnd?: (end: WorkEnd) => void
  /** Default: the clock of this machine. */
  readonly timing?: WorkTiming
}

export type Activity = 'identity' | 'next' | 'heartbeat' | 'word' | 'usage' | 'inbox' | 'message' | 'help'

export interface WorkProblem {
  readonly during: Activity
  readonly error: unknown
  readonly task?: string
}

export interface WorkEnd {
  readonly task: string
  readonly epoch: number
  /** `lost`: the claim was gone before the last word, or the fabric could not be reached for it. */
  readonly outcome: 'completed' | 'failed' | 'released' | 'lost'
  readonly reason?: string
}

/** What a handler may return: what the task is completed with. */
export type WorkResult = Pick<InputOf<'task', 'complete'>, 'evidence' | 'summary'>

export type TaskOffered = OutputOf<'task', 'next'>

export interface Worker {
  /** Resolves when the worker has stopped, and rejects with what ended it otherwise. */
  readonly done: Promise<void>
  /**
   * Takes no more work, aborts the signals of handlers, waits for them up to `graceMs`, and releases what they did not
   * finish. Resolves when nothing of the worker is left. Never wait for it inside a handler.
   */
  stop(): Promise<void>
}
