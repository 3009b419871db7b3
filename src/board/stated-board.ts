import { isMap, parseDocument } from 'yaml'
import type { SourceLocation } from '../model/board.js'
import { isId } from '../model/ids.js'
import { type BoardFile, decodeFile, isYaml } from './decode.js'
import { Problems } from './problems.js'
import { quote } from './text.js'

/** The id of the board that a file says it belongs to; undefined when it names none, or cannot be read. */
export function statedBoard(file: BoardFile): string | undefined {
  const source = decodeFile(file, new Problems())
  if (source === undefined) return undefined
  const name = isYaml(file.name) ? boardKey(source) : boardComment(source)?.name
  return isId(name) ? name : undefined
}

function boardKey(source: string): unknown {
  try {
    const { contents } = parseDocument(source, { schema: 'core' })
    return isMap(contents) ? contents.get('board') : undefined
  } catch (error) {
    // The parser recurses; reading the file's tasks reports that it is nested too deeply.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The line by which a Markdown file names its board. */
export function boardMark(board: string): string {
  return `<!-- board: ${board} -->`
}

const BOARD_MARK = /^<!-- *board: *(\S+) *-->[ \t]*$/m

function boardComment(source: string): { readonly name: string; readonly line: number } | undefined {
  const match = BOARD_MARK.exec(source)
  if (match?.[1] === undefined) return undefined
  return { name: match[1], line: source.slice(0, match.index).split('\n').length }
}

/** Warns when a Markdown file names another board than the one it is read as. */
export function checkBoardComment(file: string, source: string, board: string, problems: Problems): void {
  const stated = boardComment(source)
  if (stated !== undefined) checkStatedBoard(stated.name, board, { file, line: stated.line }, problems)
}

export function checkStatedBoard(stated: string, board: string, at: SourceLocation, problems: Problems): void {
  if (stated === board) return
  problems.warn('bad_id', at, `The file is for the board ${quote(stated)}; it is read as ${board}.`)
}
