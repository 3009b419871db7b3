import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const runFile = promisify(execFile)

/** The temporary directory and every process of the demo; nothing of either outlives it. */
export class Stage {
  root = mkdtempSync(join(tmpdir(), 'infrafabric-demo-'))
  data = join(this.root, 'data')
  workshop = join(this.root, 'workshop')
  notes = join(this.root, 'notes')
  /** What the demo waits for now, for the message when it does not come. */
  awaits = new Set()
  #processes = new Set()
  #environment = withoutIfab(process.env)
  #onDeath

  /** `onDeath` hears of processes that end although nobody asked them to. */
  constructor(onDeath) {
    this.#onDeath = onDeath
    for (const directory of [this.workshop, this.notes]) mkdirSync(directory)
  }

  /** Waits for something that has a name for people. */
  async until(name, promise) {
    this.awaits.add(name)
    const result = await promise
    this.awaits.delete(name)
    return result
  }

  /** Runs `ifab up` in a process of its own and resolves when it listens. */
  async startFabric(listen) {
    const where = ['--data', this.data, '--listen', listen, '--config', here('infrafabric.yaml')]
    const args = [CLI, 'up', ...where, '--name', 'demo', '--json']
    const child = this.#spawn('ifab up', args, ['ignore', 'pipe', 'inherit'])
    for await (const line of createInterface(child.stdout)) return { child, ...JSON.parse(line) }
    throw new Error('`ifab up` ended without saying where it listens')
  }

  /** Runs one `ifab` command to its end and resolves with what it printed as JSON. */
  async ifab(...args) {
    const options = { env: this.#environment, maxBuffer: 64 * 1024 * 1024 }
    const { stdout } = await runFile(process.execPath, [CLI, ...args, '--data', this.data, '--json'], options)
    return JSON.parse(stdout)
  }

  startSwarm(name) {
    return this.#spawnNode(name, 'swarm.mjs', [name, this.data, this.workshop, this.notes])
  }

  startOrchestrator() {
    return this.#spawnNode('orchestrator', 'orchestrator.mjs', [this.data])
  }

  /** Ends a process the hard way and resolves when it is gone. */
  async kill(child) {
    child.expected = true
    child.kill('SIGKILL')
    await ended(child)
    return child.signalCode
  }

  /** Asks a process to stop and resolves when it has. */
  async stop(child) {
    child.expected = true
    if (child.connected) child.send({ order: 'stop' })
    await ended(child)
  }

  expectEnd(child) {
    child.expected = true
    return ended(child)
  }

  /** Ends what still runs and removes the directory. */
  async clear(keep) {
    for (const child of this.#processes) child.expected = true
    await Promise.all([...this.#processes].map((child) => this.kill(child)))
    if (!keep) rmSync(this.root, { recursive: true, force: true })
  }

  #spawnNode(name, file, args) {
    return this.#spawn(name, [here(file), ...args], ['ignore', 'ignore', 'inherit', 'ipc'])
  }

  #spawn(name, args, stdio) {
    const child = spawn(process.execPath, args, { stdio, env: this.#environment, cwd: dirname(CLI) })
    child.title = name
    this.#processes.add(child)
    child.once('exit', (code, signal) => {
      this.#processes.delete(child)
      if (!child.expected) this.#onDeath(new Error(`${name} ended by itself (${signal ?? `exit code ${code}`})`))
    })
    return child
  }
}

/** A message of a process that satisfies `matches`. */
export function heard(child, matches) {
  const message = new Promise((resolve, reject) => {
    const receive = (message) => {
      if (!matches(message)) return
      child.off('message', receive)
      resolve(message)
    }
    child.on('message', receive)
    child.once('exit', () => reject(new Error(`${child.title} ended before it reported`)))
  })
  // A demo that failed elsewhere waits for it no more.
  message.catch(() => undefined)
  return message
}

function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', resolve))
}

/** A fabric that the user works with must not be mistaken for that of the demo. */
function withoutIfab(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('IFAB_')))
}
