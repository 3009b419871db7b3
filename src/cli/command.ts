import { Command, type ErrorOptions } from 'commander'
import type { FabricClient } from '../client/client.js'
import { FabricError } from '../model/errors.js'
import type { Answer } from './answer.js'
import type { Terminal } from './terminal.js'

/** Options that every command takes; they belong to the program. */
export interface CommonOptions {
  readonly json?: boolean
  readonly data?: string
  readonly url?: string
}

/** What a command works with. */
export interface Call {
  readonly terminal: Terminal
  readonly json: boolean
  /** The data directory that applies, whether it exists or not. */
  readonly data: string
  /** The address that the caller gave, if any. */
  readonly url: string | undefined
  connect(): Promise<FabricClient>
  /** Writes an answer before the work ends; what ends at once returns its answer instead. */
  show(answer: Answer): void
}

/** A command that runs on has shown its answer by the time it ends. */
export type Work = (call: Call) => Promise<Answer | undefined>

/** Does the work of a command and writes its answer. */
export type Run = (work: Work, options: CommonOptions) => Promise<void>

/** A command with its examples. The last argument of `work` is the object of its options, as commander passes it. */
export class CliCommand extends Command {
  readonly examples: string[] = []
  readonly #run: Run

  constructor(run: Run, name?: string) {
    super(name)
    this.#run = run
    this.helpOption('-h, --help', 'show this help')
    this.on('afterHelp', ({ write }: { write(text: string): void }) => write(this.#exampleHelp()))
  }

  override createCommand(name?: string): CliCommand {
    return new CliCommand(this.#run, name).helpCommand(false)
  }

  /** As typed: `ifab task create`. */
  get path(): string {
    return this.parent instanceof CliCommand ? `${this.parent.path} ${this.name()}` : this.name()
  }

  /** Every usage error comes through here, so that all errors have one form. */
  override error(message: string, _options?: ErrorOptions): never {
    throw new FabricError('INVALID_ARGUMENT', `${sentences(message)} See \`${this.path} --help\`.`)
  }

  /** Commander shows the help as an error where a subcommand is missing. */
  override help(context?: unknown): never {
    if (typeof context !== 'object') return super.help()
    return this.error(`say which: ${this.path} ${this.commands.map((command) => command.name()).join('|')}`)
  }

  /** A command line that works as it stands, shown in the help and in the reference. */
  example(line: string): this {
    this.examples.push(line)
    return this
  }

  /** Makes this a command that asks the running fabric. */
  asks<Args extends readonly unknown[]>(work: (fabric: FabricClient, ...args: Args) => Promise<Answer>): this {
    return this.does(async (call, ...args: Args) => work(await call.connect(), ...args))
  }

  /** Makes this a command that does more than ask. */
  does<Args extends readonly unknown[]>(work: (call: Call, ...args: Args) => Promise<Answer | undefined>): this {
    return this.action((...passed: unknown[]) => {
      // Commander appends the command itself.
      const args = passed.slice(0, -1) as unknown as Args
      return this.#run((call) => work(call, ...args), this.optsWithGlobals<CommonOptions>())
    })
  }

  #exampleHelp(): string {
    if (this.examples.length === 0) return ''
    return `\nExample:\n${this.examples.map((line) => `  $ ${line}\n`).join('')}`
  }
}

/** `error: unknown option '--x'\n(Did you mean --y?)` as sentences. */
function sentences(message: string): string {
  const lines = message.replace(/^error: /, '').split('\n')
  return lines.map((line) => sentence(line.replace(/^\((.*)\)$/, '$1'))).join(' ')
}

function sentence(line: string): string {
  const capital = line.charAt(0).toUpperCase() + line.slice(1)
  return /[.?!]$/.test(capital) ? capital : `${capital}.`
}
