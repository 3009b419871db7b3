import type { Argument, Command, Option } from 'commander'

/** What could stand where the cursor is. */
export type Wanted =
  | { readonly kind: 'words'; readonly words: readonly Suggestion[] }
  /** Ids that only the running fabric knows; of tasks, those of a state where only these make sense. */
  | { readonly kind: 'ids'; readonly of: IdKind; readonly state?: 'available' | 'claimed'; readonly options: Given }
  | { readonly kind: 'files' }
  | { readonly kind: 'nothing' }

export interface Suggestion {
  readonly value: string
  readonly description?: string
}

export type IdKind = 'task' | 'swarm' | 'blocker' | 'escalation'

/** Options that say which fabric is asked, and for whom. */
export interface Given {
  readonly data?: string
  readonly url?: string
  readonly as?: string
}

const ID_KINDS: Readonly<Record<string, IdKind>> = {
  ...{ task: 'task', ids: 'task', swarm: 'swarm', swarms: 'swarm', to: 'swarm' },
  ...{ blocker: 'blocker', escalation: 'escalation' },
}
const FILES = new Set(['file', 'files', 'path', 'paths', 'dir', 'directory'])
/** Commands of a holder; a task that can be claimed makes no sense there. */
const HOLDER = new Set(['beat', 'milestone', 'done', 'fail', 'release', 'block', 'usage'])

const NOTHING: Wanted = { kind: 'nothing' }

/** What may follow `words`, the command line behind the name of the program up to the word that is being typed. */
export function wantedAfter(program: Command, words: readonly string[], typed: string): Wanted {
  let command = program
  let operands = 0
  let open: Option | undefined
  const given: Record<string, string> = {}
  for (const word of words) {
    if (open !== undefined) {
      given[open.attributeName()] = word
      open = undefined
    } else if (word.startsWith('-')) {
      open = word.includes('=') ? undefined : optionOf(command, word)
      if (open !== undefined && !takesValue(open)) open = undefined
    } else {
      const next = operands === 0 ? command.commands.find((child) => child.name() === word) : undefined
      if (next === undefined) operands += 1
      else command = next
    }
  }
  if (open !== undefined) return valuesFor(open.long?.slice(2) ?? '', nameOf(open.flags), open, command, given)
  if (typed.startsWith('-')) return { kind: 'words', words: optionsOf(command) }
  const children = operands === 0 ? command.createHelp().visibleCommands(command) : []
  if (children.length > 0) return { kind: 'words', words: children.map(suggestionOf) }
  const declared = command.registeredArguments
  const argument = declared[operands] ?? (declared.at(-1)?.variadic === true ? declared.at(-1) : undefined)
  return argument === undefined ? NOTHING : valuesFor('', argument.name(), argument, command, given)
}

function valuesFor(
  option: string,
  placeholder: string,
  declared: Argument | Option,
  command: Command,
  options: Given,
): Wanted {
  const words = wordsOf(declared)
  if (words !== undefined) return { kind: 'words', words: words.map((value) => ({ value })) }
  if (FILES.has(placeholder)) return { kind: 'files' }
  const of = ID_KINDS[placeholder]
  if (of === undefined) return NOTHING
  const state = of !== 'task' || option !== '' ? undefined : stateFor(command)
  return { kind: 'ids', of, options, ...(state !== undefined && { state }) }
}

function stateFor(command: Command): 'available' | 'claimed' | undefined {
  if (command.parent?.parent !== null) return undefined
  if (HOLDER.has(command.name())) return 'claimed'
  return command.name() === 'claim' ? 'available' : undefined
}

/** The words that a reader made by `choice` takes. */
function wordsOf({ parseArg }: Argument | Option): readonly string[] | undefined {
  const words = typeof parseArg === 'function' && 'words' in parseArg ? parseArg.words : undefined
  return Array.isArray(words) ? words : undefined
}

function optionOf(command: Command, flag: string): Option | undefined {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const found = at.options.find(({ long, short }) => long === flag || short === flag)
    if (found !== undefined) return found
  }
  return undefined
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional
}

/** `<task>` of `--waits-for <task>`. */
function nameOf(flags: string): string {
  return /[<[]([^>\]]+)/.exec(flags)?.[1]?.replace(/\.+$/, '') ?? ''
}

function optionsOf(command: Command): Suggestion[] {
  const help = command.createHelp()
  const all = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)]
  return all.flatMap(({ long, description }) => (long == null ? [] : [{ value: long, description }]))
}

function suggestionOf(command: Command): Suggestion {
  return { value: command.name(), description: command.description() }
}
