import type { Command } from 'commander'
import type { Terminal } from '../terminal.js'
import { FILES_LINE, joinedWords, linesFor, type Shell } from './shells.js'
import { type Suggestion, type Wanted, wantedAfter } from './wanted.js'

/**
 * The lines that a shell completes from. `line` has the words up to the cursor, one to a line, with the name of the program
 * first. Whatever goes wrong, the line stays as it was typed.
 */
export async function completionLines(
  program: Command,
  terminal: Terminal,
  shell: Shell,
  line: string,
): Promise<string[]> {
  const words = joinedWords(shell, line.split('\n'))
  const typed = words.length > 1 ? (words.at(-1) ?? '') : ''
  const [, option, value] = /^(--[\w-]+=)(.*)$/s.exec(typed) ?? [undefined, '', typed]
  const before = words.slice(1, -1)
  const wanted = wantedAfter(program, option === '' ? before : [...before, option.slice(0, -1)], value)
  if (wanted.kind === 'files') return [FILES_LINE]
  const suggestions = await suggest(wanted, terminal, value).catch(() => [])
  const fitting = suggestions.filter((suggestion) => suggestion.value.startsWith(value))
  const whole = fitting.map(({ value, ...rest }) => ({ value: option + value, ...rest }))
  return linesFor(shell, whole, typed)
}

async function suggest(wanted: Wanted, { env }: Terminal, typed: string): Promise<readonly Suggestion[]> {
  if (wanted.kind === 'words') return wanted.words
  if (wanted.kind !== 'ids') return []
  const [{ discover }, { connect }, { nodeTransport }, { suggestIds }] = await Promise.all([
    import('../../client/discover.js'),
    import('../../client/client.js'),
    import('../../client/node-transport.js'),
    import('./ids.js'),
  ])
  const { url, data } = wanted.options
  const endpoint = await discover({ url, data }, env)
  return suggestIds(connect({ ...endpoint, transport: nodeTransport(), retries: 0 }), wanted, typed)
}
