import type { Code, List, Paragraph, PhrasingContent, RootContent } from 'mdast'
import type { SourceLocation } from '../model/board.js'
import type { DraftField, TaskDraft } from './draft.js'
import { fieldNamed, LIST_FIELDS } from './fields.js'
import { kindOfSection } from './kinds.js'
import { lineOf, type MarkdownFile, plainText, type Section, sourceOf } from './markdown.js'
import type { Problems } from './problems.js'
import { isMilestone, stateField } from './readers.js'
import { stateOfEmoji } from './status.js'
import { isTaskTable } from './table.js'
import { undecorate } from './text.js'

/** A label whose value is still to come: the list, code block or quote beneath it. */
interface OpenLabel {
  readonly field: DraftField
  readonly at: SourceLocation
  /** The label as written: kept as prose when nothing that belongs to it follows. */
  readonly source: string
}

/** The section of one task: its own heading, and the deeper headings that belong to it. */
export interface TaskSection {
  readonly id: string
  readonly title: string
  readonly section: Section
  readonly inner: readonly Section[]
}

/** What a detail section says about its task: labels, lists beneath them, and prose. */
export function readSection(task: TaskSection, file: MarkdownFile, problems: Problems): TaskDraft {
  const { section, inner } = task
  const at = { file: file.name, line: section.line }
  const scope = section.parent?.scope ?? section.scope
  const draft: TaskDraft = { ...at, id: task.id, form: 'section', scope, fields: {}, notes: [] }
  stateField(draft, 'title', [task.title], at, problems)
  const reader = new SectionReader(draft, file, problems)
  for (const block of section.blocks) reader.read(block)
  for (const one of inner) {
    reader.readHeading(one)
    for (const block of one.blocks) reader.read(block)
  }
  reader.end()
  const state = stateOfEmoji(undecorate(section.text).emoji)
  if (state !== undefined) stateField(draft, 'state', [state], at, problems)
  const kind = kindOfSection(section.parent)
  if (kind !== undefined) stateField(draft, 'kind', [kind], at, problems)
  return draft
}

/** Whether a section states a field of a task, so that its heading is about one. */
export function hasLabels(section: Section): boolean {
  return section.blocks.some((block) => {
    if (block.type === 'paragraph') return splitLabels(block).some(({ field }) => field !== undefined)
    return block.type === 'list' && (isLabelList(block) || isMilestoneList(block))
  })
}

class SectionReader {
  readonly #draft: TaskDraft
  readonly #file: MarkdownFile
  readonly #problems: Problems
  readonly #prose: string[] = []
  #proseLine = 0
  #open: OpenLabel | undefined

  constructor(draft: TaskDraft, file: MarkdownFile, problems: Problems) {
    this.#draft = draft
    this.#file = file
    this.#problems = problems
  }

  /** A deeper heading works like a label when it names a field, else it is prose. */
  readHeading(section: Section): void {
    const field = fieldNamed(section.text)
    this.#closeLabel()
    if (section.heading === undefined) return
    const source = sourceOf(this.#file, section.heading)
    if (field !== undefined && field !== 'id') this.#open = { field, at: this.#at(section.line), source }
    else this.#addProse(source, section.line)
  }

  read(block: RootContent): void {
    if (block.type === 'thematicBreak') this.#closeLabel()
    else if (block.type === 'paragraph') this.#readParagraph(block)
    else if (block.type === 'list') this.#readList(block)
    else if (block.type === 'code' && this.#open?.field === 'keyTests') this.#readTests(block)
    else if (block.type === 'blockquote' && this.#open?.field === 'description') this.#readQuote(block)
    else if (block.type !== 'table' || !isTaskTable(block)) this.#addProse(sourceOf(this.#file, block), lineOf(block))
  }

  end(): void {
    this.#closeLabel()
    const text = this.#prose.join('\n\n')
    if (text !== '') stateField(this.#draft, 'description', [text], this.#at(this.#proseLine), this.#problems)
  }

  #readParagraph(paragraph: Paragraph): void {
    for (const { field, value, nodes } of splitLabels(paragraph)) {
      const [first, last] = [nodes[0], nodes.at(-1)]
      if (first === undefined || last === undefined) continue
      const at = this.#at(lineOf(first))
      const source = this.#file.source.slice(first.position?.start.offset, last.position?.end.offset).trim()
      if (field === undefined) this.#readProse(source, value, at)
      else if (value === '') {
        this.#closeLabel()
        this.#open = { field, at, source }
      } else {
        this.#closeLabel()
        stateField(this.#draft, field, itemsOf(field, value), at, this.#problems)
      }
    }
  }

  /** Prose beneath `**Description:**` or `**Deliverable:**` is its value. */
  #readProse(source: string, value: string, at: SourceLocation): void {
    const label = this.#open
    if (label === undefined || LIST_FIELDS.has(label.field) || label.field === 'description') {
      if (label?.field === 'description') this.#open = undefined
      this.#addProse(source, at.line)
      return
    }
    this.#open = undefined
    stateField(this.#draft, label.field, [value], at, this.#problems)
  }

  #readList(list: List): void {
    const label = this.#open
    if (label !== undefined && label.field !== 'description') {
      this.#open = undefined
      stateField(this.#draft, label.field, itemTexts(list), label.at, this.#problems)
    } else if (isMilestoneList(list)) {
      stateField(this.#draft, 'milestones', itemTexts(list), this.#at(lineOf(list)), this.#problems)
    } else if (isLabelList(list)) {
      for (const item of list.children) for (const block of item.children) this.read(block)
    } else this.#addProse(sourceOf(this.#file, list), lineOf(list))
  }

  #readTests(code: Code): void {
    const at = this.#at(lineOf(code))
    const lines = code.value.split('\n').map((line) => line.trim().replace(/^[-*+]\s+/, ''))
    this.#open = undefined
    const names = lines.filter((line) => !line.startsWith('#'))
    stateField(this.#draft, 'keyTests', names, at, this.#problems)
  }

  /** The lines of a quote without their markers, exactly as they were before somebody quoted them. */
  #readQuote(quoteBlock: RootContent): void {
    const at = this.#at(lineOf(quoteBlock))
    const lines = sourceOf(this.#file, quoteBlock)
      .split('\n')
      .map((line) => line.replace(/^ {0,3}> ?/, ''))
    this.#open = undefined
    this.#addProse(lines.join('\n'), at.line)
  }

  #closeLabel(): void {
    const label = this.#open
    this.#open = undefined
    if (label !== undefined) this.#addProse(label.source, label.at.line)
  }

  #addProse(source: string, line: number): void {
    if (this.#open !== undefined && this.#open.field !== 'description') this.#closeLabel()
    this.#open = undefined
    if (this.#prose.length === 0) this.#proseLine = line
    if (source !== '') this.#prose.push(source)
  }

  #at(line: number): SourceLocation {
    return { file: this.#file.name, line }
  }
}

interface Label {
  readonly field: DraftField | undefined
  readonly value: string
  readonly nodes: readonly PhrasingContent[]
}

/** Splits a paragraph at its bold labels: `**Estimate:** 2h`, `**Model**: Sonnet`. What has no label is prose. */
function splitLabels(paragraph: Paragraph): Label[] {
  const labels: Label[] = []
  let nodes: PhrasingContent[] = []
  let field: DraftField | undefined
  const close = () => {
    const value = plainText(field === undefined ? nodes : nodes.slice(1)).replace(/^:\s*/, '')
    if (nodes.length > 0) labels.push({ field, value, nodes })
  }
  for (const [index, node] of paragraph.children.entries()) {
    const named = labelAt(paragraph.children, index)
    if (named !== undefined) {
      close()
      nodes = []
      field = named.field
    }
    nodes.push(node)
  }
  close()
  return labels
}

/** The label that a node is: bold, at the start of a line, with a colon in it or behind it. */
function labelAt(nodes: readonly PhrasingContent[], index: number): { field: DraftField | undefined } | undefined {
  const node = nodes[index]
  if (node?.type !== 'strong' || !startsLine(nodes[index - 1])) return undefined
  const name = plainText(node)
  const next = nodes[index + 1]
  const hasColon = name.endsWith(':') || (next?.type === 'text' && next.value.startsWith(':'))
  if (!hasColon) return undefined
  const field = fieldNamed(name)
  return { field: field === 'id' ? undefined : field }
}

function startsLine(before: PhrasingContent | undefined): boolean {
  if (before === undefined || before.type === 'break') return true
  return before.type === 'text' && /[\r\n]\s*$/.test(before.value)
}

/** Lists are written one to an item; in one line, tests and criteria are separated by `;`. */
function itemsOf(field: DraftField, value: string): string[] {
  if (field === 'keyTests') return value.split(/[,;]/).map((name) => name.trim())
  return field === 'acceptance' ? value.split(/;\s/).map((name) => name.trim()) : [value]
}

function itemTexts(list: List): string[] {
  return list.children.map(({ children }) => children.map(itemText).join('\n').trim())
}

function itemText(block: List['children'][number]['children'][number]): string {
  if (block.type !== 'list') return plainText(block)
  return itemTexts(block)
    .map((text) => `- ${text}`)
    .join('\n')
}

function isMilestoneList(list: List): boolean {
  return list.children.every(({ children: [first] }) => first?.type === 'paragraph' && isMilestone(plainText(first)))
}

/** `- **Estimate:** 2h`: a list whose every item is a label. */
function isLabelList(list: List): boolean {
  return list.children.every(({ children: [first] }) => {
    return first?.type === 'paragraph' && splitLabels(first)[0]?.field !== undefined
  })
}
