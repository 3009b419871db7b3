import type { TaskSpec, TaskState } from './task.js'

/** Where something stands in a board file. Lines count from 1. */
export interface SourceLocation {
  readonly file: string
  readonly line: number
}

export const BOARD_PROBLEM_CODES = [
  'duplicate_id',
  'unknown_dependency',
  'dependency_cycle',
  'bad_estimate',
  'bad_id',
  'bad_status',
  'bad_tier',
  'contradiction',
  'count_mismatch',
  'missing_title',
  'no_tasks',
  'too_large',
  'unreadable',
] as const
export type BoardProblemCode = (typeof BOARD_PROBLEM_CODES)[number]

/** Something wrong or noteworthy in a board file. An error stops the import; a warning does not. */
export interface BoardProblem extends SourceLocation {
  readonly severity: 'error' | 'warning'
  readonly code: BoardProblemCode
  readonly message: string
}

/** A task as a board file states it, with the state the file claims for it. */
export interface BoardTask {
  readonly spec: TaskSpec
  /** What the file says about progress; only `completed` and `cancelled` are taken over by an import. */
  readonly statedState?: TaskState
  readonly location: SourceLocation
}

/** What the files of one board say, merged. */
export interface BoardDocument {
  readonly board: string
  readonly tasks: readonly BoardTask[]
  readonly problems: readonly BoardProblem[]
}
