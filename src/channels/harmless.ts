/**
 * Control and format characters, line and paragraph separators, lone surrogates: what ends a header, hides text or turns
 * its direction.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu
const LINE_BREAK = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/u

/** Text of others as one line of at most `maxChars` UTF-16 units. */
export function harmlessLine(text: string, maxChars: number): string {
  return cut(text.replace(UNSAFE, ' '), maxChars)
}

/** The same for text of several lines: each begins with a mark, so that none can pass for a line of ours. */
export function quote(text: string, maxChars: number): string {
  const lines = cut(text, maxChars).split(LINE_BREAK)
  return lines.map((line) => `> ${line.replace(UNSAFE, ' ')}`.trimEnd()).join('\n')
}

export function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  return `${text.slice(0, maxChars - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** One word of a POSIX shell, whatever is in it. People copy command lines out of messages. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** What Slack asks for, so that text of others makes no link and calls nobody (`<!channel>`). */
export function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
