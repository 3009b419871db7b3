import { FabricError } from '../../model/errors.js'

/** The two lines between which a part of somebody else's file is ours. Nothing outside of them is ever changed. */
export interface Markers {
  readonly begin: string
  readonly end: string
}

export const MARKDOWN_MARKERS: Markers = { begin: '<!-- infrafabric:begin -->', end: '<!-- infrafabric:end -->' }
export const TOML_MARKERS: Markers = { begin: '# infrafabric:begin', end: '# infrafabric:end' }

/** Where a block lies in its text: from the first character of its first line to the last one of its last line. */
interface Place {
  readonly start: number
  readonly end: number
}

/** The block of `text` without its markers, or undefined. Throws INVALID_ARGUMENT when the markers are damaged. */
export function readBlock(path: string, text: string, markers: Markers): string[] | undefined {
  const place = findBlock(path, text, markers)
  return place === undefined ? undefined : text.slice(place.start, place.end).split(/\r?\n/).slice(1, -1)
}

/**
 * `text` with the block made of `lines`: in the place that it has, else at the end after an empty line. An end without a
 * newline stays one, which is how `takeBlock` knows what was there. Throws INVALID_ARGUMENT when the markers are damaged.
 */
export function putBlock(path: string, text: string | undefined, markers: Markers, lines: readonly string[]): string {
  const place = text === undefined ? undefined : findBlock(path, text, markers)
  const newline = newlineOf(text?.slice(place?.start) ?? '')
  const block = [markers.begin, ...lines, markers.end].join(newline)
  if (text === undefined) return block + newline
  if (place !== undefined) return text.slice(0, place.start) + block + text.slice(place.end)
  if (text === '' || text.endsWith('\n')) return text + newline + block + newline
  return text + newline + newline + block
}

/**
 * `text` as it was before `putBlock`, or undefined when it was not there before: a file that begins with the block and has
 * nothing else. Throws INVALID_ARGUMENT when the markers are damaged.
 */
export function takeBlock(path: string, text: string, markers: Markers): string | undefined {
  const place = findBlock(path, text, markers)
  if (place === undefined) return text
  const newline = newlineOf(text.slice(place.start))
  const closed = text.startsWith(newline, place.end)
  const after = text.slice(place.end + (closed ? newline.length : 0))
  if (place.start === 0) return after === '' ? undefined : after
  return withoutSeparator(text.slice(0, place.start), newline, closed) + after
}

/** `before` without the empty line that parts it from the block, and where that ends the file, without the end of its line. */
function withoutSeparator(before: string, newline: string, closed: boolean): string {
  if (!before.endsWith(newline)) return before
  const rest = before.slice(0, -newline.length)
  if (rest !== '' && !rest.endsWith('\n')) return before
  return !closed && rest.endsWith(newline) ? rest.slice(0, -newline.length) : rest
}

function findBlock(path: string, text: string, { begin, end }: Markers): Place | undefined {
  let opened: { readonly start: number; readonly line: number } | undefined
  let place: Place | undefined
  let start = 0
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === begin) {
      if (opened !== undefined || place !== undefined) throw damaged(path, index + 1, `${begin} is there twice`)
      opened = { start, line: index + 1 }
    }
    if (line === end) {
      if (opened === undefined) throw damaged(path, index + 1, `${end} has no ${begin} before it`)
      place = { start: opened.start, end: start + raw.trimEnd().length }
      opened = undefined
    }
    start += raw.length + 1
  }
  if (opened !== undefined) throw damaged(path, opened.line, `${begin} has no ${end} after it`)
  return place
}

function damaged(path: string, line: number, problem: string): FabricError {
  const message = `${path}:${line}: ${problem}. Mend or remove the two marker lines, then run it again. Nothing was changed.`
  return new FabricError('INVALID_ARGUMENT', message, { path, line })
}

/** How the first line of a text ends. */
export function newlineOf(text: string): '\n' | '\r\n' {
  return text[text.indexOf('\n') - 1] === '\r' ? '\r\n' : '\n'
}
