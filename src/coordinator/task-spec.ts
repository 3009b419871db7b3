import type { TaskRow, TaskSpec } from '../model/task.js'

/** Every field of a task's description; the compiler holds it complete. */
const SPEC_FIELDS: Readonly<Record<keyof TaskSpec, true>> = {
  id: true,
  title: true,
  description: true,
  kind: true,
  dependencies: true,
  requires: true,
  priority: true,
  estimateMinutes: true,
  tier: true,
  deliverable: true,
  acceptance: true,
  milestones: true,
  keyTests: true,
  board: true,
  owner: true,
  module: true,
  maxCostNanos: true,
  external: true,
}

const encoder = new TextEncoder()

/** Size of a value as UTF-8 JSON. */
export function jsonBytes(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length
}

/** Names of the fields in which two descriptions differ. */
export function changedFields(before: TaskSpec, after: TaskSpec): string[] {
  const fields = Object.keys(SPEC_FIELDS) as (keyof TaskSpec)[]
  return fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
}

/** The same description with each dependency and capability named once, which the counts of open ones rely on. */
export function withDistinctNames(spec: TaskSpec): TaskSpec {
  const dependencies = [...new Set(spec.dependencies)]
  const requires = [...new Set(spec.requires)]
  const same = dependencies.length === spec.dependencies.length && requires.length === spec.requires.length
  return same ? spec : { ...spec, dependencies, requires }
}

/** The same life under a new description. */
export function withSpec(row: TaskRow, spec: TaskSpec): TaskRow {
  const life = Object.fromEntries(Object.entries(row).filter(([field]) => !Object.hasOwn(SPEC_FIELDS, field)))
  return { ...(life as Omit<TaskRow, keyof TaskSpec>), ...spec }
}
