import { LIMITS } from '../model/limits.js'
import { type Repair, repairMojibake, SOUND_MARK } from './mojibake.js'
import type { Problems } from './problems.js'
import { cleaned, NOT_TEXT } from './text.js'

/** A file of a board as its caller read it. */
export interface BoardFile {
  /** Shown in problems; its ending decides the format: `.yaml`, `.yml` and `.json` are YAML, all else Markdown. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** Whether a file is read as YAML; else it is Markdown. */
export function isYaml(name: string): boolean {
  return /\.(?:ya?ml|json)$/i.test(name)
}

/** Text of a board file, repaired, or undefined when the file cannot be read as text; says why. */
export function decodeFile({ name, bytes }: BoardFile, problems: Problems): string | undefined {
  if (bytes.length > LIMITS.boardFileBytes) {
    const limit = `${LIMITS.boardFileBytes / (1024 * 1024)} MB`
    problems.error('too_large', { file: name, line: 1 }, `The file is larger than ${limit}. Split it into several.`)
    return undefined
  }
  const text = decodeUtf8(bytes)
  if (text === undefined || text.includes('\0')) {
    problems.error('unreadable', { file: name, line: badLine(bytes) }, 'The file is not UTF-8 text. Save it as UTF-8.')
    return undefined
  }
  const repair: Repair = text.includes(SOUND_MARK) ? { text, repaired: 0 } : repairMojibake(text)
  if (repair.firstLine !== undefined) {
    const message =
      `${repair.repaired} characters were UTF-8 that had been decoded as Windows-1252; they were read as meant. ` +
      'Save the file as UTF-8.'
    problems.warn('unreadable', { file: name, line: repair.firstLine }, message)
  }
  const plain = repair.text.replace(/\r\n?/g, '\n')
  return checkLines(name, plain, problems) ? withoutControls(name, plain, problems) : undefined
}

function withoutControls(file: string, text: string, problems: Problems): string {
  const position = text.search(NOT_TEXT)
  if (position === -1) return text
  const line = text.slice(0, position).split('\n').length
  problems.warn('unreadable', { file, line }, 'Control characters were read as spaces. Take them out of the file.')
  return cleaned(text)
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Line of the first byte that is no text, from 1. */
function badLine(bytes: Uint8Array): number {
  const lenient = new TextDecoder('utf-8').decode(bytes)
  const position = lenient.search(/[\0\ufffd]/)
  return position === -1 ? 1 : lenient.slice(0, position).split('\n').length
}

/** Block markers that open deeper and deeper containers; the parser's time grows with their square. */
const DEEP_NESTING = /^(?:[ \t>]{200}|(?:[ \t]*[-*+>]){100,}[ \t]*[^-*+> \t])/

function checkLines(name: string, text: string, problems: Problems): boolean {
  let line = 0
  for (const content of text.split('\n')) {
    line += 1
    const message =
      content.length > LIMITS.boardLineChars
        ? `The line is longer than ${LIMITS.boardLineChars} characters. Break it up.`
        : DEEP_NESTING.test(content)
          ? 'The line is nested too deeply. Indent it less.'
          : undefined
    if (message === undefined) continue
    problems.error('too_large', { file: name, line }, message)
    return false
  }
  return true
}
