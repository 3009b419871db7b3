import type { CoordinatorCommand } from '../../coordinator/commands.js'
import type { Member } from '../../journal/membership.js'
import { FabricError, isFabricError } from '../../model/errors.js'
import type { Origin } from '../fabric.js'
import type { CountedRefusals } from '../refusals.js'

/** What one node asks of another. All but `read_blob` is for the one that leads. */
export type NodeRequest =
  | { readonly type: 'submit'; readonly command: CoordinatorCommand; readonly origin: Origin }
  | { readonly type: 'write_refusals'; readonly refusals: readonly CountedRefusals[] }
  | { readonly type: 'put_blob'; readonly content: string; readonly mediaType?: string; readonly origin: Origin }
  | { readonly type: 'delete_blob'; readonly sha256: string; readonly reason: string; readonly origin: Origin }
  | { readonly type: 'rotate_key'; readonly origin: Origin }
  | { readonly type: 'read_blob'; readonly sha256: string }

export interface NodeAnswer {
  readonly result: unknown
  /** Entries of the log that the answering node had: with as many, the asking one has all that the answer rests on. */
  readonly position: number
}

export type AnswerNode = (request: NodeRequest) => Promise<NodeAnswer>

/** How nodes talk to each other. Who can talk here is a node: whoever builds a link sees to that. */
export interface NodeLink {
  /**
   * Throws the coded error of the other node; UNAVAILABLE with the reason `unreachable` when it surely did not get the
   * request, `no_answer` when nobody knows.
   */
  ask(node: Member, request: NodeRequest, timeoutMs: number): Promise<NodeAnswer>
  /** Has the requests of others answered; until then they are refused. */
  serve(answer: AnswerNode): void
  close(): Promise<void>
}

/** This node does not lead, or not any more, and has not done what it was asked. */
export function notLeading(): FabricError {
  const message = 'Another node leads, or none at this moment. Try again.'
  return new FabricError('UNAVAILABLE', message, { reason: 'not_leading' })
}

export function unreachable(node: Member, cause?: unknown): FabricError {
  const message = `The node ${node.id} cannot be reached at ${node.link}. Try again.`
  return new FabricError('UNAVAILABLE', message, { reason: 'unreachable', node: node.id }, { cause })
}

export function noAnswer(node: Member, cause?: unknown): FabricError {
  const message = `The node ${node.id} did not answer; it may have done it. Try again with the same idempotency key.`
  return new FabricError('UNAVAILABLE', message, { reason: 'no_answer', node: node.id }, { cause })
}

/** Whether what failed with this error was surely not done, so that it can be asked of another node. */
export function isUndone(error: unknown): boolean {
  if (!isFabricError(error)) return false
  const { reason } = error.details
  return error.code === 'FENCED' || reason === 'not_leading' || reason === 'unreachable'
}
