import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

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

  /** Starts `processes/<name>.mjs` and hands it its task. */
  start(name, task, execArgv = []) {
    const path = fileURLToPath(new URL(`processes/${name}.mjs`, import.meta.url))
    const child = fork(path, [], { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' })
    this.#running.add(child)
    child.once('exit', () => this.#running.delete(child))
    child.send(task)
    return child
  }

  /** Runs a process to its one result. */
  async result(name, task, execArgv) {
    const child = this.start(name, task, execArgv)
    const result = await nextMessage(child)
    await this.end(child)
    return result
  }

  /** Asks a process to end and waits until it has. */
  async end(child) {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (child.connected) child.disconnect()
    await gone
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
