import { readChecklist } from './checklist.js'
import type { TaskDraft } from './draft.js'
import { isDistinctId, splitTitledId, type TitledId } from './identify.js'
import type { MarkdownFile, Section } from './markdown.js'
import type { Problems } from './problems.js'
import { hasLabels, readSection } from './section.js'
import { badIdMessage, isTaskTable, readTable } from './table.js'
import { undecorate } from './text.js'

/** Tasks in the tables of a file. Its detail sections are read later, when every table's ids are known. */
export function collectRows(file: MarkdownFile, problems: Problems): TaskDraft[] {
  const drafts: TaskDraft[] = []
  for (const section of file.sections) {
    for (const block of section.blocks) {
      if (block.type === 'table') drafts.push(...readTable(block, section, file.name, problems))
    }
  }
  return drafts
}

/** Tasks in the detail sections and checklists of a file. */
export function collectDetails(file: MarkdownFile, known: ReadonlySet<string>, problems: Problems): TaskDraft[] {
  const tasks = taskSections(file, known, problems)
  const inner = new Map<Section, Section[]>()
  const drafts: TaskDraft[] = []
  const ownerOf = new Map<Section, Section>()
  for (const section of file.sections) {
    const owner = tasks.has(section) ? section : section.parent && ownerOf.get(section.parent)
    if (owner === undefined) {
      drafts.push(...checklistsOf(section, file, known, problems))
      continue
    }
    ownerOf.set(section, owner)
    const parts = inner.get(owner) ?? []
    inner.set(owner, section === owner ? parts : [...parts, section])
  }
  for (const [section, { id, title }] of tasks) {
    drafts.push(readSection({ id, title, section, inner: inner.get(section) ?? [] }, file, problems))
  }
  return drafts
}

function checklistsOf(section: Section, file: MarkdownFile, known: ReadonlySet<string>, problems: Problems) {
  return section.blocks.flatMap((block) =>
    block.type === 'list' ? readChecklist(block, section, file, known, problems) : [],
  )
}

/** Sections whose heading names a task. One that only groups the tasks beneath it (`P0.1: Coordinator`) does not. */
function taskSections(file: MarkdownFile, known: ReadonlySet<string>, problems: Problems): Map<Section, TitledId> {
  const candidates = new Map<Section, TitledId>()
  for (const section of file.sections) {
    const titled = candidateOf(section, known)
    if (titled !== undefined) candidates.set(section, titled)
    else reportBadId(section, file, problems)
  }
  for (const [index, section] of file.sections.entries()) {
    if (!candidates.has(section) || hasLabels(section)) continue
    if (isGroup(file.sections, index, candidates)) candidates.delete(section)
  }
  return candidates
}

function candidateOf(section: Section, known: ReadonlySet<string>): TitledId | undefined {
  const titled = splitTitledId(undecorate(section.text).text, known)
  if (titled === undefined) return undefined
  if (known.has(titled.id)) return titled
  if (/^\d+\s+tasks?\b/i.test(titled.title)) return undefined
  const surely = titled.apart && (isDistinctId(titled.id) || underTasks(section))
  return surely || hasLabels(section) ? titled : undefined
}

function underTasks(section: Section): boolean {
  for (let one = section.parent; one !== undefined; one = one.parent) if (/\btasks?\b/i.test(one.text)) return true
  return false
}

function isGroup(sections: readonly Section[], index: number, candidates: ReadonlyMap<Section, TitledId>): boolean {
  const section = sections[index]
  if (section === undefined) return false
  const holdsTable = ({ blocks }: Section) => blocks.some((block) => block.type === 'table' && isTaskTable(block))
  if (holdsTable(section)) return true
  for (const inner of sections.slice(index + 1)) {
    if (inner.depth <= section.depth) return false
    if (candidates.has(inner) || holdsTable(inner)) return true
  }
  return false
}

/** A heading such as `P0/1: Title` above the labels of a task. */
function reportBadId(section: Section, file: MarkdownFile, problems: Problems): void {
  const word = /^(\S*\d\S*):(?:\s|$)/.exec(undecorate(section.text).text)?.[1]
  if (word === undefined || !hasLabels(section)) return
  problems.error('bad_id', { file: file.name, line: section.line }, badIdMessage(word))
}
