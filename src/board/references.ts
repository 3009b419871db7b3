import { isId } from '../model/ids.js'
import { LIMITS } from '../model/limits.js'
import type { TaskDraft } from './draft.js'
import { isFillerId, looksLikeId } from './identify.js'
import type { Problems } from './problems.js'
import { expandRange } from './range.js'
import { quote, saysNothing } from './text.js'

/** Every mention of a task, in the order of the files and their lines. */
export class Directory {
  readonly ids: ReadonlySet<string>
  readonly #drafts: readonly TaskDraft[]
  readonly #scopes = new Map<string, TaskDraft[]>()
  readonly #order: readonly string[]
  readonly #positions: ReadonlyMap<string, number>

  constructor(drafts: readonly TaskDraft[]) {
    this.#drafts = drafts
    this.ids = new Set(drafts.map(({ id }) => id))
    this.#order = [...this.ids]
    this.#positions = new Map(this.#order.map((id, position) => [id, position]))
    for (const draft of drafts) {
      const scope = this.#scopes.get(draft.scope)
      if (scope === undefined) this.#scopes.set(draft.scope, [draft])
      else scope.push(draft)
    }
  }

  /** Tasks before `draft` in its table or section, or, when it is the first there, before it in all the files. */
  above(draft: TaskDraft): string[] {
    const here = idsBefore(this.#scopes.get(draft.scope) ?? [], draft, () => true)
    return here.length > 0 ? here : idsBefore(this.#drafts, draft, (other) => isFiller(draft) || !isFiller(other))
  }

  /** Tasks from one id to another, as the files list them; undefined when one of them is not listed. */
  between(from: string, to: string): string[] | undefined {
    const [start, end] = [this.#positions.get(from), this.#positions.get(to)]
    if (start === undefined || end === undefined) return undefined
    const [low, high] = [Math.min(start, end), Math.max(start, end)]
    return this.#order.slice(low, Math.min(high, low + LIMITS.dependencies) + 1)
  }
}

function isFiller({ id, fields }: TaskDraft): boolean {
  return fields.kind === undefined ? isFillerId(id) : fields.kind.value === 'filler'
}

/** One more than the limit of dependencies at most: enough to show that there are too many. */
function idsBefore(drafts: readonly TaskDraft[], draft: TaskDraft, counts: (other: TaskDraft) => boolean): string[] {
  const ids = new Set<string>()
  for (const other of drafts) {
    if (other === draft || ids.size > LIMITS.dependencies) break
    if (other.id !== draft.id && counts(other)) ids.add(other.id)
  }
  return [...ids]
}

/** The ids that a draft's dependencies name, each once. What names none becomes a problem. */
export function resolveDependencies(draft: TaskDraft, directory: Directory, problems: Problems): string[] | undefined {
  const stated = draft.fields.dependencies
  if (stated === undefined) return undefined
  const ids = new Set<string>()
  for (const text of stated.value) {
    for (const part of text.split(/[,;\n]/)) {
      for (const id of readPart(part.trim(), draft, directory, problems)) ids.add(id)
    }
  }
  if (ids.size > LIMITS.dependencies) {
    const message = `${draft.id} has ${ids.size} dependencies, more than ${LIMITS.dependencies}. Gather some under one task.`
    problems.error('too_large', stated, message)
  }
  return [...ids].slice(0, LIMITS.dependencies)
}

const ALL_ABOVE = /^(?:all|everything)\b.*\b(?:above|previous|prior|preceding)\b/i

function readPart(part: string, draft: TaskDraft, directory: Directory, problems: Problems): string[] {
  if (directory.ids.has(part)) return [part]
  if (saysNothing(part)) return []
  if (ALL_ABOVE.test(part)) return directory.above(draft)
  return part.split(/\s+(?:and|&|\+|plus)\s+/i).flatMap((one) => {
    const ids = readWords(one, directory)
    if (ids.length === 0) {
      const at = draft.fields.dependencies ?? draft
      problems.warn(
        'unknown_dependency',
        at,
        `${draft.id}: ${quote(one)} names no task. Write ids, set apart by commas.`,
      )
    }
    return ids
  })
}

const RANGE_WORDS = new Set(['-', 'to', 'through', 'thru', 'until'])

/** Ids and ranges among other words: `P0.1.1 to P0.1.4 completed`. */
function readWords(text: string, directory: Directory): string[] {
  const outside = text.replace(/\([^)]*\)/g, ' ').trim()
  const spaced = (outside === '' ? text : outside).replace(/\s*(?:[–—‒…]|\.{2,3})\s*/g, ' - ')
  const words = spaced
    .split(/\s+/)
    .map((word) => (word === '-' ? word : bare(word, directory)))
    .filter(Boolean)
  if (words.length === 1) return readWord(words[0] ?? '', directory, isId)
  const ids: string[] = []
  for (let index = 0; index < words.length; index += 1) {
    const [word = '', middle = '', end = ''] = words.slice(index, index + 3)
    const range = RANGE_WORDS.has(middle.toLowerCase()) ? expandRange(word, end, directory) : undefined
    if (range !== undefined) index += 2
    ids.push(...(range ?? readWord(word, directory, looksLikeId)))
  }
  return ids
}

function readWord(word: string, directory: Directory, accepts: (word: string) => boolean): string[] {
  if (directory.ids.has(word)) return [word]
  if (word.includes('/')) return word.split('/').flatMap((piece) => readWord(piece, directory, looksLikeId))
  for (let dash = word.indexOf('-'); dash !== -1; dash = word.indexOf('-', dash + 1)) {
    const range = expandRange(word.slice(0, dash), word.slice(dash + 1), directory)
    if (range !== undefined) return range
  }
  return accepts(word) ? [word] : []
}

/** A word without the punctuation around it, unless that is part of a known id. */
function bare(word: string, directory: Directory): string {
  if (directory.ids.has(word)) return word
  return word.replace(/^[^A-Za-z0-9]+/, '').replace(/[^A-Za-z0-9]+$/, '')
}
