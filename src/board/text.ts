import { ID_PATTERN } from '../model/ids.js'

/** What no text of a task may hold: control characters other than line ends and tabs, and halves of surrogate pairs. */
export const NOT_TEXT = /(?![\n\t]|\r\n)[\p{Cc}\p{Cs}]/u
const EVERY_NOT_TEXT = new RegExp(NOT_TEXT, 'gu')

/** A text with spaces in place of what no text may hold. */
export function cleaned(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(EVERY_NOT_TEXT, ' ')
}

const EMOJI = String.raw`(?![©®™])(?:\p{Extended_Pictographic}|\p{Regional_Indicator})[\p{Emoji_Modifier}\u{fe0f}\u{200d}\u{20e3}\p{Extended_Pictographic}]*`
const LEADING_EMOJI = new RegExp(String.raw`^(${EMOJI})\s*`, 'u')
const TRAILING_EMOJI = new RegExp(String.raw`\s*(${EMOJI})$`, 'u')
const ANY_EMOJI = new RegExp(EMOJI, 'gu')

/** A text and the emoji that stood around it. */
export interface Decorated {
  readonly text: string
  readonly emoji: readonly string[]
}

/** Takes emoji off both ends: `**Title** ⏳`. */
export function undecorate(text: string): Decorated {
  const emoji: string[] = []
  let rest = text.trim()
  for (const pattern of [LEADING_EMOJI, TRAILING_EMOJI]) {
    for (let match = pattern.exec(rest); match?.[1] !== undefined; match = pattern.exec(rest)) {
      emoji.push(match[1])
      rest = rest.replace(pattern, '').trim()
    }
  }
  return { text: rest, emoji }
}

/** Takes one leading emoji off: the mark of a list item. */
export function unmark(text: string): string {
  return text.replace(LEADING_EMOJI, '').trim()
}

export function withoutEmoji(text: string): string {
  return text.replace(ANY_EMOJI, ' ').trim()
}

export function emojiOf(text: string): string[] {
  return text.match(ANY_EMOJI) ?? []
}

const QUOTED_CHARS = 80

const NOTHING = new Set(['', '-', '--', '–', '—', 'none', 'n/a', 'na', 'nil', 'null', 'nothing', 'no', 'tbd', '?'])

/** Whether a cell says that there is nothing: `None`, `-`, `TBD`. */
export function saysNothing(text: string): boolean {
  return NOTHING.has(text.trim().toLowerCase())
}

/** A name people wrote as an id: `Session 4 (SIP)` becomes `session-4-sip`. Undefined when nothing is left of it. */
export function toId(name: string): string | undefined {
  if (ID_PATTERN.test(name)) return name
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .match(/[a-z0-9._:]+/g)
  const id = words?.join('-').replace(/^[._:-]+|[._:-]+$/g, '')
  return id !== undefined && ID_PATTERN.test(id) ? id : undefined
}

/** A text as it appears in a message. */
export function quote(text: string): string {
  const shown = text.length > QUOTED_CHARS ? `${text.slice(0, QUOTED_CHARS)}…` : text
  return JSON.stringify(shown)
}
