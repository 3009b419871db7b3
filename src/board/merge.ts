import type { SourceLocation } from '../model/board.js'
import type { TaskState } from '../model/task.js'
import type { DraftField, DraftFields, DraftForm, Stated, TaskDraft } from './draft.js'
import type { Problems } from './problems.js'
import { type Directory, resolveDependencies } from './references.js'
import { quote, withoutEmoji } from './text.js'

/** All that the files of a board say about one task. */
export interface MergedTask {
  readonly id: string
  readonly location: SourceLocation
  readonly fields: TaskDraft['fields']
  /** Ids of the tasks it waits for. */
  readonly dependencies: readonly string[]
  /** Where they are stated. */
  readonly dependenciesAt: SourceLocation
  readonly notes: readonly string[]
}

/** What a table says goes before a detail section, and that before a checklist. */
const PRECEDENCE: readonly DraftForm[] = ['row', 'section', 'item']

/** Merges the mentions of each task, in the order in which the files first name them. */
export function mergeDrafts(drafts: readonly TaskDraft[], directory: Directory, problems: Problems): MergedTask[] {
  const mentions = new Map<string, TaskDraft[]>()
  for (const draft of drafts) {
    const known = mentions.get(draft.id)
    const twin = known?.find(({ form }) => form === draft.form)
    if (known === undefined) mentions.set(draft.id, [draft])
    else if (twin === undefined) known.push(draft)
    else {
      const message = `${draft.id} is defined already at ${twin.file}:${twin.line}. Give one of the two another id.`
      problems.error('duplicate_id', draft, message)
    }
  }
  return [...mentions.values()].map((same) => mergeTask(same, directory, problems))
}

function mergeTask(mentions: readonly TaskDraft[], directory: Directory, problems: Problems): MergedTask {
  const ordered = mentions.toSorted((a, b) => PRECEDENCE.indexOf(a.form) - PRECEDENCE.indexOf(b.form))
  const [first, ...others] = ordered as [TaskDraft, ...TaskDraft[]]
  const fields: TaskDraft['fields'] = { ...first.fields }
  for (const other of others) {
    for (const field of Object.keys(other.fields) as DraftField[]) mergeField(fields, field, other, problems)
  }
  return {
    id: first.id,
    location: { file: first.file, line: first.line },
    fields,
    ...mergeDependencies(ordered, directory, problems),
    notes: [...new Set(ordered.flatMap(({ notes }) => notes))],
  }
}

function mergeField(fields: TaskDraft['fields'], field: DraftField, other: TaskDraft, problems: Problems): void {
  const kept = fields[field]
  const stated = other.fields[field]
  if (stated === undefined || field === 'dependencies') return
  if (kept === undefined) {
    Object.assign(fields, { [field]: stated })
    return
  }
  if (agree(field, kept, stated)) return
  const where = `${kept.file}:${kept.line}`
  const message = `${other.id} has ${NAMES[field]} ${show(stated)} here and ${show(kept)} at ${where}. The latter counts.`
  problems.warn('contradiction', stated, message)
}

const NAMES: Readonly<Record<DraftField, string>> = {
  title: 'the title',
  description: 'the description',
  state: 'the status',
  kind: 'the kind',
  dependencies: 'the dependencies',
  requires: 'the capabilities',
  priority: 'the priority',
  estimateMinutes: 'an estimate in minutes of',
  tier: 'the model',
  deliverable: 'the deliverable',
  acceptance: 'the acceptance criteria',
  milestones: 'the milestones',
  keyTests: 'the key tests',
  owner: 'the owner',
  module: 'the worker module',
  maxCostNanos: 'a maximum cost in nano-dollars of',
}

type AnyStated = Stated<DraftFields[DraftField]>

function agree(field: DraftField, a: AnyStated, b: AnyStated): boolean {
  if (field === 'title') return agreeInWords(String(a.value), String(b.value))
  if (field === 'state') return outcome(a.value as TaskState) === outcome(b.value as TaskState)
  return JSON.stringify(a.value) === JSON.stringify(b.value)
}

/** A heading often shortens what the table says, or the other way round. */
function agreeInWords(a: string, b: string): boolean {
  const words = (title: string) =>
    withoutEmoji(title)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu)
      ?.join(' ') ?? ''
  const [one, two] = [words(a), words(b)]
  return one.includes(two) || two.includes(one)
}

/** How far open work has come changes by the hour; only whether and how it ended is worth a warning. */
function outcome(state: TaskState): string {
  return state === 'completed' || state === 'failed' || state === 'cancelled' ? state : 'open'
}

function show(stated: AnyStated): string {
  return typeof stated.value === 'string' ? quote(stated.value) : quote(JSON.stringify(stated.value)).slice(1, -1)
}

/** Where mentions name different dependencies, all of them count: to wait too long is safer than to start too early. */
function mergeDependencies(mentions: readonly TaskDraft[], directory: Directory, problems: Problems) {
  const all = new Set<string>()
  let at: SourceLocation | undefined
  for (const mention of mentions) {
    const ids = resolveDependencies(mention, directory, problems)
    if (ids === undefined) continue
    const stated = mention.fields.dependencies ?? mention
    const differs = at !== undefined && (ids.length !== all.size || ids.some((id) => !all.has(id)))
    if (differs && at !== undefined) {
      const message = `${mention.id} has other dependencies here than at ${at.file}:${at.line}. All of them count.`
      problems.warn('contradiction', stated, message)
    }
    at ??= { file: stated.file, line: stated.line }
    for (const id of ids) all.add(id)
  }
  const first = mentions[0] as TaskDraft
  return { dependencies: [...all], dependenciesAt: at ?? { file: first.file, line: first.line } }
}
