import { relative } from 'node:path'
import { CommanderError } from 'commander'
import { discover } from '../client/discover.js'
import { DATA_DIRECTORY, findDataDirectory } from '../client/find-data.js'
import { type Answer, visible } from './answer.js'
import type { Call, CommonOptions, Work } from './command.js'
import { exitCodeOf, failureLines, toFabricError } from './failure.js'
import { createProgram } from './program.js'
import type { Terminal } from './terminal.js'

/** Runs one command line (without the name of the program) and resolves with its exit code. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exit = 0
  const run = async (work: Work, options: CommonOptions) => {
    const call = callOf(terminal, options, await dataOf(terminal, options))
    const result = await work(call)
    if (result === undefined) return
    call.show(result)
    exit = result.exit ?? 0
  }
  const json = argv.includes('--json')
  try {
    await createProgram(run, terminal.out).parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' })
    return exit
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0
    return writeFailure(terminal, thrown, json)
  }
}

/** A data directory in the working directory is shown as people write it: `.infrafabric`. */
async function dataOf(terminal: Terminal, { data }: CommonOptions): Promise<string> {
  const found = await findDataDirectory(data, terminal.env)
  return relative('', found) === DATA_DIRECTORY ? DATA_DIRECTORY : found
}

function callOf(terminal: Terminal, { json, url }: CommonOptions, directory: string): Call {
  return {
    terminal,
    json: json === true,
    data: directory,
    url: url || terminal.env.IFAB_URL || undefined,
    show: (answer) => writeAnswer(terminal, answer, json === true),
    connect: async () => {
      const [{ connect }, { nodeTransport }] = await Promise.all([
        import('../client/client.js'),
        import('../client/node-transport.js'),
      ])
      const endpoint = await discover({ url, data: directory }, terminal.env)
      const trace = terminal.env.TRACEPARENT ? { traceparent: terminal.env.TRACEPARENT } : {}
      return connect({ ...endpoint, transport: nodeTransport(), ...trace, retries: RETRIES })
    },
  }
}

/** Enough to ride out a moment of overload; a person waits for the answer. */
const RETRIES = 2

function writeAnswer(terminal: Terminal, { value, lines, verbatim }: Answer, json: boolean): void {
  if (json) {
    terminal.out(`${JSON.stringify(value)}\n`)
    return
  }
  const shown = verbatim === true && !terminal.interactive ? lines : lines.map(visible)
  if (shown.length > 0) terminal.out(`${shown.join('\n')}\n`)
}

/** Says on stderr what went wrong and returns the exit code that stands for it. */
export function writeFailure(terminal: Terminal, thrown: unknown, json: boolean): number {
  const error = toFabricError(thrown)
  if (json) terminal.err(`${JSON.stringify(error.report())}\n`)
  else terminal.err(`${failureLines(error.report()).map(visible).join('\n')}\n`)
  if (terminal.env.IFAB_DEBUG) terminal.err(`${error.stack}\n${stackOf(error.cause)}`)
  return exitCodeOf(error)
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? `Caused by ${cause.stack}\n` : ''
}
