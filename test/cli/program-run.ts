import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Outcome } from './console.js'

/** The compiled program, as it is installed. */
export const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** A process of the program whose output is gathered. */
export class ProgramRun {
  readonly child: ChildProcess
  readonly done: Promise<Outcome>
  #out = ''
  #err = ''
  readonly #watchers = new Set<() => void>()

  constructor(argv: readonly string[], env: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [PROGRAM, ...argv], { env: { PATH: process.env.PATH ?? '', ...env } })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text
      for (const look of this.#watchers) look()
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text
    })
    this.done = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('close', (code) => resolve({ exit: code ?? -1, out: this.#out, err: this.#err }))
    })
  }

  /** Resolves with the output once it contains `part`; rejects when the process ends before. */
  async prints(part: string): Promise<string> {
    const printed = new Promise<string>((resolve) => {
      const look = () => {
        if (this.#out.includes(part)) resolve(this.#out)
      }
      this.#watchers.add(look)
      look()
    })
    const ended = this.done.then(({ exit, err }) => {
      if (this.#out.includes(part)) return this.#out
      throw new Error(`the program ended with ${exit} before it printed ${part}: ${err}`)
    })
    return Promise.race([printed, ended])
  }
}

export function program(env: Readonly<Record<string, string>>, ...argv: string[]): Promise<Outcome> {
  return new ProgramRun(argv, env).done
}
