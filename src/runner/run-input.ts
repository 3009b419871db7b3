import type { TaskRow } from '../model/task.js'

/** What a module reads as its input when it does a task: JSON in UTF-8. */
export interface TaskInput {
  readonly task: {
    readonly id: string
    readonly title: string
    readonly description?: string
    readonly deliverable?: string
    readonly acceptance: readonly string[]
    readonly board?: string
  }
  readonly swarm: string
  /** Fencing token of the claim: whatever the module writes to can refuse a smaller one. */
  readonly epoch: number
  readonly attempt: number
}

/** The task as its module sees it, under the claim that `epoch` names. */
export function taskInput(task: TaskRow, swarm: string, epoch: number): Uint8Array {
  const { id, title, description, deliverable, acceptance, board, attempts } = task
  const input: TaskInput = {
    task: {
      id,
      title,
      ...(description !== undefined && { description }),
      ...(deliverable !== undefined && { deliverable }),
      acceptance,
      ...(board !== undefined && { board }),
    },
    swarm,
    epoch,
    attempt: attempts,
  }
  return new TextEncoder().encode(JSON.stringify(input))
}
