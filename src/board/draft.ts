import type { SourceLocation } from '../model/board.js'
import type { PlannedMilestone, TaskKind, TaskState } from '../model/task.js'

/** What one place of a board file can say about a task. */
export interface DraftFields {
  title: string
  description: string
  state: TaskState
  kind: TaskKind | 'external'
  /** As written: ids, ranges, `All above`. */
  dependencies: readonly string[]
  requires: readonly string[]
  priority: number
  estimateMinutes: number
  tier: string
  deliverable: string
  acceptance: readonly string[]
  milestones: readonly PlannedMilestone[]
  keyTests: readonly string[]
  owner: string
  module: string
  maxCostNanos: number
}

export type DraftField = keyof DraftFields

/** A value and the place that states it. */
export interface Stated<Value> extends SourceLocation {
  readonly value: Value
}

export type DraftForm = 'row' | 'section' | 'item'

/** One mention of a task: a table row, a detail section or a checklist item. Mentions of the same id are merged. */
export interface TaskDraft extends SourceLocation {
  readonly id: string
  readonly form: DraftForm
  /** Table or heading it stands in: what `All above` counts within. */
  readonly scope: string
  readonly fields: { [Field in DraftField]?: Stated<DraftFields[Field]> }
  /** What the file says beyond these fields, one line each. */
  readonly notes: string[]
}
