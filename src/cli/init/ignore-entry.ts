import { newlineOf } from '../setup/managed-block.js'

/**
 * The text of a `.gitignore` with a line for a folder, given relative to where the file is and with forward slashes.
 * A text that has such a line stays as it is.
 */
export function withIgnored(text: string | undefined, folder: string): string {
  const escaped = folder.replace(/[\\*?[\]!# ]/g, '\\$&')
  // A folder deeper down would otherwise be ignored wherever one of that name is.
  const pattern = escaped.includes('/') ? `/${escaped}/` : `${escaped}/`
  const known = [pattern, `/${escaped}/`, escaped, `/${escaped}`]
  if (text === undefined || text === '') return `${pattern}\n`
  if (text.split('\n').some((line) => known.includes(line.trim()))) return text
  const newline = newlineOf(text)
  return `${text}${text.endsWith('\n') ? '' : newline}${pattern}${newline}`
}
