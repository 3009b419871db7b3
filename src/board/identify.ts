import { isId } from '../model/ids.js'

/** A number that follows a letter prefix or a separator: `P0.1.2`, `F4`, `TASK-7`. */
const NUMBERED = /^[A-Za-z]{1,24}[-_]?\d+[A-Za-z]?(?:[._-][A-Za-z0-9]+)*$/
/** As above, with a separator before a number: `P0.1` and `TASK-7`, but not `T7`, `v1.0` or `step2`. */
const DISTINCT = /^(?!v\d)[A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+)*[._-]\d+[A-Za-z]?$/i

/** Whether a word has the shape that boards give to ids. */
export function looksLikeId(word: string): boolean {
  return isId(word) && NUMBERED.test(word)
}

/** Whether a word is so clearly an id that a heading which begins with it is about a task. */
export function isDistinctId(word: string): boolean {
  return looksLikeId(word) && DISTINCT.test(word)
}

/** Whether an id alone says that a task is a filler: `F1.1`, `F-3`, `FILLER-2`. */
export function isFillerId(id: string): boolean {
  return /^F(?:ILLER)?[-_]?\d/i.test(id)
}

export interface TitledId {
  readonly id: string
  readonly title: string
  /** Whether a colon, dash or bracket sets the id apart, rather than a space alone. */
  readonly apart: boolean
}

/**
 * Splits `P0.1.2: Title`, `[P0.1.2] Title`, `Task P0.1.2 - Title`. Ids in `known` are recognised whatever their shape,
 * others by it. Undefined when the text begins with no id.
 */
export function splitTitledId(text: string, known: ReadonlySet<string>): TitledId | undefined {
  const isOne = (word: string) => known.has(word) || looksLikeId(word)
  const plain = text.replace(/^task\s+(?=\S*\d)/i, '')
  const bracketed = /^\[([^\]\s]+)\]\s*(.*)$/s.exec(plain)
  const [, word = '', rest = ''] = bracketed ?? /^(\S+)\s*(.*)$/s.exec(plain) ?? []
  const before = word.endsWith(':') ? word.slice(0, -1) : undefined
  // An id may itself end with a colon; what is known decides before what merely looks like an id.
  const apart = before !== undefined && (known.has(before) || (looksLikeId(before) && !known.has(word)))
  if (apart) return { id: before, title: rest, apart }
  if (isOne(word)) {
    const title = rest.replace(/^[-–—:]\s+/, '')
    return { id: word, title, apart: bracketed !== null || title !== rest || rest === '' }
  }
  const colon = Math.max(word.indexOf(':'), 0)
  const head = word.slice(0, colon)
  return isOne(head) ? { id: head, title: `${word.slice(colon + 1)} ${rest}`.trim(), apart: true } : undefined
}
