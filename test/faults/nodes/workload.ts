import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Attempt } from '../../support/history.js'
import type { Cluster } from './cluster.js'
import type { WorkerOptions } from './worker.js'

const PROCESSES = 3
const SESSIONS_EACH = 3
const TASKS = 400
/** Short, so that claims that were forgotten end while they are watched; longer than a lead takes to change. */
export const LEASE_MS = 5_000
/** How long a workload may take for what it is waited for, milliseconds. */
const PATIENCE_MS = 60_000
const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))

/** Swarms in processes of their own that work through all nodes, and what they said and heard. */
export class Workload implements AsyncDisposable {
  readonly attempts: Attempt[] = []
  readonly #directory: string
  readonly #children: ChildProcess[] = []
  readonly #ends: Promise<unknown>[] = []
  #errors = ''
  #look = () => {}

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Registers the swarms, makes the tasks, and sets everybody to work. */
  static async start(cluster: Cluster, seed: number): Promise<Workload> {
    const directory = await mkdtemp(join(tmpdir(), 'ifab-workload-'))
    const workload = new Workload(directory)
    const program = join(directory, 'worker.mjs')
    await build({
      ...{ entryPoints: [WORKER], outfile: program, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    })
    const tasks = await makeTasks(cluster)
    for (let at = 0; at < PROCESSES; at += 1) {
      const sessions = await enlist(cluster, at)
      const url = cluster.urlFrom(at)
      workload.#spawn(program, { url, sessions, tasks, leaseMs: LEASE_MS, seed: seed + at })
    }
    return workload
  }

  /** How many attempts got an answer so far. */
  get answered(): number {
    return this.attempts.filter(({ answer }) => answer !== undefined).length
  }

  /** How many attempts to change something were answered so far. */
  get changes(): number {
    return this.attempts.filter(({ answer, verb }) => answer !== undefined && verb !== 'show').length
  }

  /** Resolves when so many more attempts were answered; rejects when that takes too long. */
  async goesOn(count = 150): Promise<void> {
    const wanted = this.answered + count
    await new Promise<void>((resolve, reject) => {
      const end = (finish: () => void) => {
        clearTimeout(timer)
        this.#look = () => {}
        finish()
      }
      const fail = () => reject(new Error(`Only ${this.answered} of ${wanted} attempts were answered. ${this.#errors}`))
      const timer = setTimeout(() => end(fail), PATIENCE_MS)
      this.#look = () => {
        if (this.#errors !== '') end(fail)
        else if (this.answered >= wanted) end(resolve)
      }
      this.#look()
    })
  }

  /** Has everybody finish what they are at, and resolves with the whole history. */
  async finish(): Promise<readonly Attempt[]> {
    for (const child of this.#children) child.stdin?.end()
    await Promise.all(this.#ends)
    if (this.#errors !== '') throw new Error(`A worker failed: ${this.#errors}`)
    return this.attempts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all(this.#ends)
    await rm(this.#directory, { recursive: true, force: true })
  }

  #spawn(program: string, options: WorkerOptions): void {
    const child = spawn(process.execPath, [program, JSON.stringify(options)])
    this.#children.push(child)
    this.#ends.push(once(child, 'close'))
    child.stderr.on('data', (data) => {
      this.#errors += data
      this.#look()
    })
    createInterface(child.stdout).on('line', (line) => {
      this.attempts.push(JSON.parse(line))
      this.#look()
    })
  }
}

async function makeTasks(cluster: Cluster): Promise<string[]> {
  const admin = await (await cluster.leader()).admin()
  const tasks = Array.from({ length: TASKS }, (_, at) => `t${at}`)
  await Promise.all(tasks.map((id) => admin.task.create({ id, title: id })))
  return tasks
}

async function enlist(cluster: Cluster, process: number) {
  const admin = await (await cluster.leader()).admin()
  const names = Array.from({ length: SESSIONS_EACH }, (_, at) => `s${process}-${at}`)
  return Promise.all(
    names.map(async (swarm) => {
      const { issued } = await admin.swarm.register({ swarm, capabilities: [], capacity: 1_000, token: true })
      return { swarm, token: issued?.token ?? '' }
    }),
  )
}
