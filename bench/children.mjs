import { fork, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LOG_LENGTH = 4_000

/** The processes and directories of one run; none of them outlives it. */
export class Children {
  #running = new Set()
  #root

  /** `root` lies on the file system that is measured. */
  constructor(root) {
    this.#root = root
  }

  directory() {
    return mkdtempSync(join(this.#root, 'data-'))
  }

  remove(directory) {
    rmSync(directory, { recursive: true, force: true })
  }

  /** Starts `processes/<name>.mjs` and hands it its task; `execPath` names another Node.js to run it. */
  start(name, task, execArgv = [], execPath = process.execPath) {
    const path = fileURLToPath(new URL(`processes/${name}.mjs`, import.meta.url))
    const stdio = ['ignore', 'ignore', 'inherit', 'ipc']
    const child = this.#keep(fork(path, [], { execPath, execArgv, stdio, serialization: 'advanced' }))
    child.send(task)
    return child
  }

  /** Starts a server that is no part of the benchmark, in an environment of its own; `said()` is the end of its log. */
  startProgram({ path, env }, args, { signal = 'SIGTERM', ...options } = {}) {
    const child = this.#keep(spawn(path, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] }))
    let log = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        log = `${log}${data}`.slice(-LOG_LENGTH)
      })
    }
    return Object.assign(child, { said: () => log, endSignal: signal })
  }

  /** Runs a process to its one result. */
  async result(name, task, execArgv, execPath) {
    const child = this.start(name, task, execArgv, execPath)
    const result = await nextMessage(child)
    await this.end(child)
    return result
  }

  /** Asks a process to end and waits until it has. */
  async end(child) {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (child.connected) child.disconnect()
    if (child.endSignal !== undefined) child.kill(child.endSignal)
    await gone
  }

  #keep(child) {
    this.#running.add(child)
    child.once('exit', () => this.#running.delete(child))
    return child
  }

  clear() {
    for (const child of this.#running) child.kill('SIGKILL')
    rmSync(this.#root, { recursive: true, force: true })
  }
}

export function nextMessage(child) {
  return new Promise((resolve, reject) => {
    const died = (code, signal) => reject(new Error(`A process of the benchmark ended (${signal ?? code}).`))
    child.once('exit', died)
    child.once('message', (message) => {
      child.off('exit', died)
      resolve(message)
    })
  })
}

/** Sends a process a message; resolves with its next one. */
export function askFor(child, message) {
  const answer = nextMessage(child)
  child.send(message)
  return answer
}
