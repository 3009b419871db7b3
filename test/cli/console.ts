import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type HostedFabric, hostFabric } from '../../src/cli/host.js'
import { runCli } from '../../src/cli/run.js'
import type { StartOutcome, Terminal } from '../../src/cli/terminal.js'

/** What one command line left behind. */
export interface Outcome {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** A terminal that remembers. `interrupt` stands for Ctrl-C. */
export class RecordingTerminal implements Terminal {
  readonly outcomes: StartOutcome[] = []
  readonly #interruption = new AbortController()
  readonly #waiting = new Set<() => void>()
  output = ''
  errors = ''

  constructor(
    readonly env: Terminal['env'] = {},
    readonly interactive = false,
    readonly screen?: { readonly rows: number; readonly columns: number },
  ) {}

  size() {
    return this.screen
  }

  out = (text: string): void => {
    this.output += text
    for (const look of this.#waiting) look()
  }

  err = (text: string): void => {
    this.errors += text
  }

  interruption(): AbortSignal {
    return this.#interruption.signal
  }

  interrupt(): void {
    this.#interruption.abort()
  }

  onHangup(listener: () => void): void {
    this.hangUp = listener
  }

  /** Stands for SIGHUP. */
  hangUp = (): void => {}

  report(outcome: StartOutcome): void {
    this.outcomes.push(outcome)
  }

  /** Resolves when what was printed so far satisfies `condition`. */
  shows(condition: (output: string) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition(this.output)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }
}

/** Runs a command line in this process. */
export async function ifab(env: Terminal['env'], ...argv: string[]): Promise<Outcome> {
  const terminal = new RecordingTerminal(env)
  const exit = await runCli(argv, terminal)
  return { exit, out: terminal.output, err: terminal.errors }
}

/** A new empty directory; the caller removes it. */
export async function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'ifab-cli-'))
}

export interface Site extends AsyncDisposable {
  readonly directory: string
  readonly env: Terminal['env']
  readonly hosted: HostedFabric
  /** Runs a command line against the fabric; fails the test when it fails. */
  run(...argv: string[]): Promise<string>
  /** The same with `--json`, parsed. */
  json<Value = Record<string, unknown>>(...argv: string[]): Promise<Value>
  /** The error report of a command line that must fail, with its exit code. */
  refused(...argv: string[]): Promise<{ exit: number; code: string; message: string }>
}

/** A durable fabric of its own, as `ifab up` runs it, in a temporary directory. */
export async function openSite(): Promise<Site> {
  const directory = await temporaryDirectory()
  const data = join(directory, 'data')
  const faults: string[] = []
  const hosted = await hostFabric({ data, listen: '127.0.0.1:0', onFault: (line) => faults.push(line) })
  const env = { IFAB_DATA: data }
  const run = async (...argv: string[]) => {
    const { exit, out, err } = await ifab(env, ...argv)
    if (exit !== 0 || err !== '') throw new Error(`ifab ${argv.join(' ')} exited with ${exit}: ${err}`)
    return out
  }
  return {
    directory,
    env,
    hosted,
    run,
    json: async (...argv) => JSON.parse(await run(...argv, '--json')),
    refused: async (...argv) => {
      const { exit, out, err } = await ifab(env, ...argv, '--json')
      if (out !== '' || exit === 0) throw new Error(`ifab ${argv.join(' ')} was not refused: ${out}`)
      return { exit, ...JSON.parse(err) }
    },
    async [Symbol.asyncDispose]() {
      await hosted.close()
      await rm(directory, { recursive: true, force: true })
      if (faults.length > 0) throw new Error(faults.join(''))
    },
  }
}
