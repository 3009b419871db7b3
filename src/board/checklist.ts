import type { List, ListItem } from 'mdast'
import { parseEstimateMinutes } from '../model/time.js'
import type { TaskDraft } from './draft.js'
import { splitTitledId } from './identify.js'
import { kindOfSection } from './kinds.js'
import { lineOf, type MarkdownFile, plainText, type Section, sourceOf } from './markdown.js'
import type { Problems } from './problems.js'
import { stateField } from './readers.js'
import { undecorate } from './text.js'

const CHECKBOX = /^\[([ xX])\]\s+(.*)$/s

/** Tasks of a checklist: `- [ ] F1.1: Title (15 min, Low)`. Items without a checkbox and an id are none. */
export function readChecklist(
  list: List,
  section: Section,
  file: MarkdownFile,
  known: ReadonlySet<string>,
  problems: Problems,
): TaskDraft[] {
  const drafts: TaskDraft[] = []
  for (const item of list.children) {
    const draft = readItem(item, section, file, known, problems)
    if (draft !== undefined) drafts.push(draft)
    for (const child of item.children) {
      if (child.type === 'list') drafts.push(...readChecklist(child, section, file, known, problems))
    }
  }
  return drafts
}

function readItem(
  item: ListItem,
  section: Section,
  file: MarkdownFile,
  known: ReadonlySet<string>,
  problems: Problems,
): TaskDraft | undefined {
  const [first, ...rest] = item.children
  if (first?.type !== 'paragraph') return undefined
  const match = CHECKBOX.exec(plainText(first))
  const titled = splitTitledId(undecorate(match?.[2] ?? '').text, known)
  if (match === null || titled === undefined) return undefined
  const at = { file: file.name, line: lineOf(item) }
  const draft: TaskDraft = { ...at, id: titled.id, form: 'item', scope: section.scope, fields: {}, notes: [] }
  const { title, details } = splitDetails(titled.title)
  stateField(draft, 'title', [title], at, problems)
  for (const detail of details) stateDetail(draft, detail, problems)
  if (match[1] !== ' ') stateField(draft, 'state', ['completed'], at, problems)
  const kind = kindOfSection(section)
  if (kind !== undefined) stateField(draft, 'kind', [kind], at, problems)
  const prose = rest.filter((child) => !holdsTasks(child, known)).map((child) => sourceOf(file, child))
  if (prose.length > 0) stateField(draft, 'description', [prose.join('\n\n')], at, problems)
  return draft
}

function holdsTasks(child: ListItem['children'][number], known: ReadonlySet<string>): boolean {
  if (child.type !== 'list') return false
  return child.children.some(({ children: [first] }) => {
    const match = first?.type === 'paragraph' ? CHECKBOX.exec(plainText(first)) : null
    return match?.[2] !== undefined && splitTitledId(match[2], known) !== undefined
  })
}

const COMPLEXITY = /^(?:very )?(?:low|medium|moderate|high|trivial|easy|simple|hard|complex)$/i
const TIER = /^(?:haiku|sonnet|opus)$/i

/** Takes `(15 min, Low)` off the end of a title; brackets that say nothing of the kind are part of it. */
function splitDetails(text: string): { title: string; details: string[] } {
  const match = /^(.*\S)\s*\(([^()]*)\)$/s.exec(undecorate(text).text)
  const details = match?.[2]?.split(',').map((detail) => detail.trim()) ?? []
  return details.some(isDetail) ? { title: match?.[1] ?? text, details } : { title: text, details: [] }
}

function isDetail(text: string): boolean {
  return parseEstimateMinutes(text) !== undefined || COMPLEXITY.test(text) || TIER.test(text)
}

function stateDetail(draft: TaskDraft, detail: string, problems: Problems): void {
  if (TIER.test(detail)) stateField(draft, 'tier', [detail], draft, problems)
  else if (COMPLEXITY.test(detail)) draft.notes.push(`Complexity: ${detail}`)
  else if (/^[~≈]?\d/.test(detail)) stateField(draft, 'estimateMinutes', [detail], draft, problems)
  else draft.notes.push(detail)
}
