import type { DraftField } from './draft.js'

/** Names that people give to the columns, labels and keys of a task. */
const NAMES: Readonly<Record<DraftField | 'id', readonly string[]>> = {
  id: ['id', 'task id', 'no', 'nr', 'number', 'key', 'ref'],
  title: ['title', 'task', 'name', 'summary', 'filler', 'filler task', 'task name', 'what', 'work'],
  description: ['description', 'details', 'detail', 'task description'],
  state: ['status', 'state', 'stated state'],
  kind: ['kind', 'type', 'task type'],
  dependencies: [
    'dependencies',
    'dependency',
    'depends on',
    'depends',
    'deps',
    'blocked by',
    'blocked until',
    'blocked on',
    'prerequisites',
    'prerequisite',
    'after',
    'waits for',
    'waiting for',
  ],
  requires: [
    'requires',
    'capabilities',
    'capability',
    'required capabilities',
    'requires capabilities',
    'required skills',
    'skills',
    'needs',
  ],
  priority: ['priority', 'prio'],
  estimateMinutes: [
    'estimate',
    'est',
    'estimated time',
    'estimated',
    'time',
    'time estimate',
    'duration',
    'effort',
    'estimation',
  ],
  tier: ['model', 'tier', 'model tier', 'llm', 'recommended model'],
  deliverable: ['deliverable', 'deliverables', 'output', 'outputs', 'artifact', 'artifacts'],
  acceptance: ['acceptance criteria', 'acceptance', 'acceptance tests', 'success criteria', 'done when', 'criteria'],
  milestones: ['milestones', 'milestone'],
  keyTests: ['key tests', 'key test', 'tests', 'keytests'],
  owner: ['owner', 'assignee', 'assigned to', 'assigned', 'claimed by', 'session', 'swarm', 'agent'],
  // Not `module` alone: boards call a part of their code so.
  module: ['worker module', 'wasm module', 'sandbox module'],
  maxCostNanos: ['max cost', 'maximum cost', 'cost limit', 'budget', 'maxcost'],
}

export type FieldName = keyof typeof NAMES

const FIELD_OF = new Map(
  (Object.entries(NAMES) as [FieldName, readonly string[]][]).flatMap(([field, names]) =>
    names.map((name) => [name, field] as const),
  ),
)

/** The field that a column header, a label or a key names, whatever its case, punctuation and emoji. */
export function fieldNamed(name: string): FieldName | undefined {
  return FIELD_OF.get(normalizeName(name))
}

/** `Depends-On:` and `depends_on` are the same name; a unit in brackets does not count. */
export function normalizeName(name: string): string {
  const words = name
    .toLowerCase()
    .replace(/\([^)]*\)/g, ' ')
    .match(/[a-z0-9]+/g)
  return words?.join(' ') ?? (name.trim() === '#' ? 'id' : '')
}

/** Fields that hold several values. */
export const LIST_FIELDS: ReadonlySet<FieldName> = new Set([
  'dependencies',
  'requires',
  'acceptance',
  'milestones',
  'keyTests',
])
