import { realpath } from 'node:fs/promises'
import { repositoryOf } from '../../client/find-data.js'
import { ERRORS } from '../../model/errors.js'
import { type Answer, answer } from '../answer.js'
import type { Call } from '../command.js'
import { CLIENTS, type ClientName } from './clients.js'
import { writeEdited } from './edited-file.js'
import { findLauncher, type Launcher, portableLauncher, typed } from './launcher.js'
import { type Change, planRemoval, planSetup, readEntry } from './plan.js'

export interface SetupOptions {
  readonly check?: boolean
  readonly remove?: boolean
  readonly as?: string
  readonly capabilities?: readonly string[]
  readonly tier?: string
}

/** Sets a client up in the git worktree of the working directory, or in that directory where there is none. */
export async function setUp({ terminal }: Call, name: ClientName, options: SetupOptions): Promise<Answer> {
  const cwd = await realpath('.')
  const root = (await repositoryOf(cwd))?.worktree ?? cwd
  if (options.remove === true) return removed(name, root, await carryOut(root, await planRemoval(root, name)))
  const entry = await readEntry(root, name)
  // A file that is shared has what works for others: `--check` takes either.
  const shared = options.check === true ? portableLauncher(entry) : undefined
  const launcher = shared ?? (await findLauncher(terminal.env.PATH))
  const args = [...launcher.args, 'mcp', ...(flagsOf(options) ?? flagsIn(entry))]
  const changes = await planSetup(root, name, { command: launcher.command, args })
  if (options.check === true) return checked(name, root, changes, launcher)
  return done(name, root, await carryOut(root, changes), launcher)
}

/** What the server is told of the agents that it speaks for, or undefined when nothing was said. */
function flagsOf({ as, capabilities, tier }: SetupOptions): string[] | undefined {
  const flags = [
    ...(as === undefined ? [] : ['--as', as]),
    ...(capabilities === undefined ? [] : ['--capabilities', capabilities.join(',')]),
    ...(tier === undefined ? [] : ['--tier', tier]),
  ]
  return flags.length === 0 ? undefined : flags
}

/** What was said when it was set up before stays, until something else is said. */
function flagsIn(entry: Record<string, unknown> | undefined): string[] {
  const args: unknown[] = Array.isArray(entry?.args) ? entry.args : []
  const at = args.lastIndexOf('mcp')
  return at < 0 ? [] : args.slice(at + 1).filter((arg) => typeof arg === 'string')
}

type State = 'created' | 'changed' | 'deleted' | 'unchanged'

interface Row {
  readonly path: string
  readonly state: State
  readonly what: string
}

function rowOf({ file: { path, text }, after, what }: Change): Row {
  if (text === after) return { path, state: 'unchanged', what }
  return { path, state: text === undefined ? 'created' : after === undefined ? 'deleted' : 'changed', what }
}

async function carryOut(root: string, changes: readonly Change[]): Promise<Row[]> {
  for (const { file, after } of changes) if (file.text !== after) await writeEdited(root, file, after)
  return changes.map(rowOf)
}

function done(name: ClientName, root: string, rows: readonly Row[], { portable }: Launcher): Answer {
  const { title, next, config } = CLIENTS[name]
  const written = rows.filter(({ state }) => state !== 'unchanged').map(({ path }) => path)
  const commit = `Commit ${listed(rows.map(({ path }) => path))}: then every worktree has the board.`
  const local = `${config} names files of this machine. Put \`ifab\` on your PATH and run this again before you commit it.`
  return answer({ client: name, root, files: rows }, [
    `${title} is set up in ${root}${written.length === 0 ? ', and was before' : ''}.`,
    ...rows.map(line),
    `Next: ${next}`,
    portable ? commit : local,
  ])
}

function removed(name: ClientName, root: string, rows: readonly Row[]): Answer {
  return answer({ client: name, root, files: rows }, [
    `${CLIENTS[name].title} is not set up in ${root} any more.`,
    ...rows.map(line),
  ])
}

/** Exits as for content that is another one. */
function checked(name: ClientName, root: string, changes: readonly Change[], launcher: Launcher): Answer {
  const files = changes.map((change) => {
    const { path, state, what } = rowOf(change)
    return { path, ok: state === 'unchanged', what: state === 'created' ? `is missing: ${what}` : what }
  })
  const ok = files.every((file) => file.ok)
  const { title } = CLIENTS[name]
  return {
    value: { client: name, root, ok, files },
    lines: [
      ...files.map((file) => `${file.ok ? 'ok     ' : 'differs'}  ${file.path}  ${file.what}`),
      ok ? `${title} is set up in ${root}.` : `Next: ${typed(launcher)} setup ${name}`,
    ],
    exit: ok ? 0 : ERRORS.CONFLICT.exit,
  }
}

function line({ path, state, what }: Row): string {
  return `  ${state.padEnd('unchanged'.length)}  ${path}  ${what}`
}

/** `A`, `A and B`, `A, B and C`. */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
