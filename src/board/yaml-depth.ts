import { Lexer } from 'yaml'

const MAX_OPEN_BRACKETS = 16
const MAX_MARKS_OF_A_LINE = 8
const MAX_INDENTATION = 64

/**
 * The first line, from 1, on which a YAML text is nested deeper than any of our files has to be; undefined when none is.
 * The parser is recursive, and at the end of the stack the process itself can end: no error could be caught.
 */
export function firstTooDeepLine(source: string): number | undefined {
  let line = 1
  let open = 0
  let marks = 0
  for (const token of new Lexer().lex(source)) {
    if (token === '[' || token === '{') open += 1
    // One without its beginning must not make room for more.
    else if (token === ']' || token === '}') open = Math.max(0, open - 1)
    else if (token === '-' || token === '?' || (token === ':' && open === 0)) marks += 1
    else if (/^ +$/.test(token) && token.length > MAX_INDENTATION && marks === 0) return line
    if (open > MAX_OPEN_BRACKETS || marks > MAX_MARKS_OF_A_LINE) return line
    if (!token.includes('\n')) continue
    line += token.split('\n').length - 1
    marks = 0
  }
  return undefined
}
