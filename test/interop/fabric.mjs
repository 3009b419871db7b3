import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
/** More than a tile of entries. */
const TASKS = 300
const PATIENCE_MS = 60_000

/** A fabric of the built package that has worked, changed its key and started again, and that a witness cosigns. */
export class CosignedFabric {
  #root
  #children = new Set()
  // A fabric that the user works with must not be mistaken for this one.
  #env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('IFAB_')))

  constructor(root) {
    this.#root = root
    this.data = join(root, 'data')
  }

  /** Resolves with what `ifab witness checkpoint` says as soon as the witness has cosigned all of the log. */
  async start() {
    await this.#serve('up', '--data', this.data, '--name', 'interop')
    this.#work()
    const { vkey } = this.ifab('witness', 'rotate-key')
    await this.stop()
    const guard = ['--data', join(this.#root, 'guard'), '--name', 'guard.example/w1']
    const witness = await this.#serve('witness', 'serve', ...guard, '--log', vkey)
    const policy = join(this.#root, 'trust.policy')
    writeFileSync(policy, `log ${vkey}\nwitness guard ${witness.vkey} ${witness.url}\nquorum guard\n`)
    const { url } = await this.#serve('up', '--data', this.data, '--witnesses', policy)
    this.url = url
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
      const checkpoint = this.ifab('witness', 'checkpoint')
      if (checkpoint.cosigning.size === checkpoint.size) return checkpoint
    }
    throw new Error('the witness did not cosign the checkpoint in time')
  }

  /** One `ifab` command; returns what it prints as JSON. */
  ifab(...args) {
    const options = { env: this.#env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }
    return JSON.parse(execFileSync(process.execPath, [CLI, ...args, '--data', this.data, '--json'], options))
  }

  /** Ends every process and resolves when they are gone. */
  async stop() {
    await Promise.all(
      [...this.#children].map((child) => {
        child.kill()
        return once(child, 'exit')
      }),
    )
  }

  /** For a process that cannot wait. */
  kill() {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  #work() {
    const board = join(this.#root, 'work.yaml')
    const tasks = Array.from({ length: TASKS }, (_, at) => `  - { id: T${at}, title: Größe ${at} → “µ” }\n`)
    writeFileSync(board, `board: work\ntasks:\n${tasks.join('')}`)
    this.ifab('board', 'import', board)
    this.ifab('swarm', 'register', 's1')
    const { epoch } = this.ifab('claim', 'T0', '--as', 's1')
    this.ifab('done', 'T0', '--as', 's1', '--epoch', String(epoch), '--note', 'seen')
  }

  /** Runs a command that serves, and resolves with what it says when it listens. */
  async #serve(...args) {
    const all = [CLI, ...args, '--listen', '127.0.0.1:0', '--json']
    const child = spawn(process.execPath, all, { env: this.#env, stdio: ['ignore', 'pipe', 'inherit'] })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    for await (const line of createInterface(child.stdout)) return JSON.parse(line)
    throw new Error(`\`ifab ${args.join(' ')}\` ended without saying where it listens`)
  }
}
