import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A real process that works on a journal. It runs the compiled package, as users do. */
export class Child {
  readonly process: ChildProcessWithoutNullStreams
  readonly lines: string[] = []
  #errors = ''
  #ended = false
  #look = () => {}

  constructor(script: 'append.mjs' | 'governor.mjs' | 'push.mjs' | 'start.mjs' | 'witness.mjs', directory: string) {
    const path = fileURLToPath(new URL(script, import.meta.url))
    this.process = spawn(process.execPath, [path, directory])
    this.process.stderr.on('data', (data) => {
      this.#errors += data
    })
    const output = createInterface(this.process.stdout)
    output.on('line', (line) => {
      this.lines.push(line)
      this.#look()
    })
    output.on('close', () => {
      this.#ended = true
      this.#look()
    })
  }

  /** Resolves when the process has printed `count` lines; rejects when it ends before. One caller at a time. */
  printed(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        if (this.lines.length >= count) resolve()
        else if (this.#ended) reject(new Error(`The process ended after ${this.lines.length} lines. ${this.#errors}`))
      }
      this.#look()
    })
  }

  tell(line: string): void {
    this.process.stdin.write(`${line}\n`)
  }

  /** Kills it without warning, and resolves when all it printed has arrived. */
  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const ended = once(this.process, 'close')
    this.process.kill('SIGKILL')
    await ended
  }
}
