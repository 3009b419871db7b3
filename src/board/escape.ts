import { withoutCheckbox } from './readers.js'
import { unmark } from './text.js'

/** Markdown that reads as `text` inside a heading, a table cell or a list item. Newlines become `<br>`. */
export function escapeInline(text: string): string {
  return text
    .replace(/[\\`*[\]<&|~$#]/g, '\\$&')
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
    .replace(/\r\n|\r|\n/g, '<br>')
}

/** As above, at the start of a line, where a dash or a number would open a list. */
export function escapeLine(text: string): string {
  return escapeInline(text)
    .replace(/^[-+=>]/, '\\$&')
    .replace(/^(\d{1,9})([.)])/, '$1\\$2')
}

/** A criterion as a list item. One that begins with a mark gets another, as the first is taken off when it is read. */
export function escapeCriterion(text: string): string {
  return unmark(withoutCheckbox(text)) === text ? escapeLine(text) : `✅ ${escapeLine(text)}`
}

/** The name of a test as a list item; a checkbox in front and `()` behind are taken off once when it is read. */
export function escapeTest(name: string): string {
  const call = name.endsWith('()') ? `${name}()` : name
  return withoutCheckbox(call) === call ? escapeLine(call) : `[ ] ${escapeLine(call)}`
}

/** A text of many lines, kept exactly, rendered as Markdown, and never taken for a part of the board. */
export function escapeBlock(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => `> ${line}`)
    .join('\n')
}
