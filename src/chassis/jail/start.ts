import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { FabricError } from '../../model/errors.js'
import { FILTER_DESCRIPTOR, type Jail, type JailCommand } from './jail.js'
import { innerProcess } from './process-view.js'
import type { JailedProgram } from './program.js'

/** How a process ended: by its number, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: string | null
}

/** What is kept of what a process says on its standard error: enough for the reason why it does not start. */
const COMPLAINT_CHARS = 4_096

const LAST_WORDS_MS = 200

/** A program that was started in a jail. It keeps no process alive: it ends with the one that started it. */
export class JailedProcess {
  readonly jail: Jail
  readonly toProgram: Writable
  readonly fromProgram: Readable
  /** When the command is gone, and with it the program. */
  readonly ended: Promise<ProcessEnd>
  readonly #command: ChildProcess
  readonly #isNested: boolean
  #complaint = ''
  #inner: number | undefined

  constructor(jail: Jail, program: JailedProgram) {
    const command = jail.command(program)
    this.jail = jail
    this.#isNested = command.isNested
    this.#command = spawnCommand(command)
    const [, , , toProgram, fromProgram] = this.#command.stdio as [null, null, Readable, Writable, Readable]
    this.toProgram = toProgram
    this.fromProgram = fromProgram
    this.ended = new Promise((resolve, reject) => {
      this.#command.once('exit', (code, signal) => void this.#lastWords().then(() => resolve({ code, signal })))
      this.#command.once('error', (cause) => {
        const what = `Cannot start ${command.argv[0]}: ${cause.message}.`
        reject(new FabricError('UNAVAILABLE', `${what} Install it, or free memory and processes.`, {}, { cause }))
      })
    })
    this.ended.catch(() => undefined)
    this.#listen()
  }

  /** The program's own process, as this machine numbers it; undefined when it is gone or nobody can say. */
  get pid(): number | undefined {
    const { pid } = this.#command
    if (pid === undefined || !this.#isNested) return pid
    this.#inner ??= innerProcess(pid)
    return this.#inner
  }

  /** The beginning of what it wrote to its standard error. */
  get complaint(): string {
    return this.#complaint.trim()
  }

  kill(): void {
    // The inner one first: what stands around it would only hear of it. Without its command its number may be another's.
    const isRunning = this.#command.exitCode === null && this.#command.signalCode === null
    if (isRunning && this.#inner !== undefined) killQuietly(this.#inner)
    this.#command.kill('SIGKILL')
  }

  /** Whoever asks why it ended shall have its complaint: that can come a little after its end. */
  #lastWords(): Promise<unknown> {
    const { stderr } = this.#command
    if (stderr === null || stderr.closed) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LAST_WORDS_MS)
      stderr.once('close', () => resolve(clearTimeout(timer)))
    })
  }

  #listen(): void {
    // A process that is gone does not read: its end says it all.
    this.toProgram.on('error', () => undefined)
    this.fromProgram.on('error', () => undefined)
    const { stderr } = this.#command
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(0, COMPLAINT_CHARS)
      if (this.#complaint.length >= COMPLAINT_CHARS) stderr.destroy()
    })
    this.#command.unref()
    for (const stream of this.#command.stdio) (stream as { unref?: () => void } | null)?.unref?.()
  }
}

/** Nothing of the environment, which could have secrets, and options of Node.js. */
function spawnCommand({ argv, filter }: JailCommand): ChildProcess {
  const [file = '', ...rest] = argv
  const child = spawn(file, rest, {
    env: {},
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', filter === undefined ? 'ignore' : 'pipe'],
  })
  const filterPipe = (child.stdio as readonly unknown[])[FILTER_DESCRIPTOR] as Writable | null
  filterPipe?.on('error', () => undefined).end(filter)
  return child
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was gone already.
  }
}
