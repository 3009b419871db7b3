import { escapeControls } from '../model/escape-controls.js'

/** What a command leaves on stdout: one JSON document with `--json`, else the lines. */
export interface Answer {
  readonly value: unknown
  readonly lines: readonly string[]
  /** The lines are the content of a file: they go out as they are, unless onto a screen. */
  readonly verbatim?: boolean
  /** Exit code when it is not 0: the command did its work and found something wrong. */
  readonly exit?: number
}

export function answer(value: unknown, lines: readonly string[] | string): Answer {
  return { value, lines: typeof lines === 'string' ? [lines] : lines }
}

/** Names and notes come from agents: control and hidden characters could rewrite the screen of whoever reads them. */
export function visible(line: string): string {
  return escapeControls(line.replaceAll('\t', ' '))
}
