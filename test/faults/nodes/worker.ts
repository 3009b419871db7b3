// Works on tasks for several swarms until its input ends, and prints each attempt at a call as a line of JSON.
import { writeSync } from 'node:fs'
import { connect, type FabricClient } from '../../../src/client/client.js'
import { nodeTransport } from '../../../src/client/node-transport.js'
import { isFabricError } from '../../../src/model/errors.js'
import { Random } from '../../simulation/random.js'
import { recordedTransport } from '../../support/history.js'

/** What the process is given as its argument, as JSON. */
export interface WorkerOptions {
  readonly url: string
  readonly sessions: readonly { readonly swarm: string; readonly token: string }[]
  readonly tasks: readonly string[]
  readonly leaseMs: number
  readonly seed: number
}

/** How many tasks everybody works on at a time. */
const WIDTH = 6
/** A call that takes longer is given up, milliseconds. */
const PATIENCE_MS = 6_000
const LONGEST_PAUSE_MS = 40

const { url, sessions, tasks, leaseMs, seed }: WorkerOptions = JSON.parse(process.argv[2] ?? '')
const transport = nodeTransport()
const ending = new AbortController()
process.stdin.resume().on('end', () => ending.abort())

/** One swarm that claims, spends, gives back, completes and forgets, as agents do. */
class Session {
  readonly #swarm: string
  readonly #client: FabricClient
  readonly #random: Random
  readonly #finished = new Set<string>()
  /** Claims that it had; of some it does not know that they are over. */
  readonly #former: { readonly task: string; readonly epoch: number }[] = []
  #reports = 0

  constructor({ swarm, token }: { swarm: string; token: string }, random: Random) {
    this.#swarm = swarm
    this.#random = random
    const record = (attempt: unknown) => void writeSync(1, `${JSON.stringify(attempt)}\n`)
    this.#client = connect({
      url,
      token,
      transport: recordedTransport(swarm, transport, record),
      timeoutMs: PATIENCE_MS,
    })
  }

  async work(): Promise<void> {
    while (!ending.signal.aborted) {
      const open = tasks.filter((task) => !this.#finished.has(task)).slice(0, WIDTH)
      if (open.length === 0) return
      const trying = this.#random.chance(0.1) ? this.#speakLate() : this.#tryOne(this.#random.pick(open))
      await trying.catch((error) => this.#note(error))
      await this.#pause()
    }
  }

  async #tryOne(task: string): Promise<void> {
    const as = this.#swarm
    const { epoch } = await this.#client.task.claim({ task, as, leaseMs }).catch((error) => {
      if (isFabricError(error, 'WRONG_STATE')) this.#finished.add(task)
      throw error
    })
    this.#former.push({ task, epoch })
    for (let beats = this.#random.below(3); beats > 0; beats -= 1) {
      await this.#pause()
      if (this.#random.chance(0.5)) await this.#spend(task, epoch)
      else await this.#client.task.heartbeat({ task, as, epoch })
    }
    if (this.#random.chance(0.3)) await this.#client.task.show({ task })
    // Some forget what they hold, and its lease has to end.
    if (this.#random.chance(0.1)) return
    if (this.#random.chance(0.1)) await this.#client.task.complete({ task, as, epoch })
    else await this.#client.task.release({ task, as, epoch })
  }

  /** As an agent does that slept: what it says of a claim that is over must change nothing. */
  async #speakLate(): Promise<void> {
    if (this.#former.length === 0) return
    const claim = { ...this.#random.pick(this.#former), as: this.#swarm }
    const { heartbeat, release, complete } = this.#client.task
    await this.#random.pick([heartbeat, release, complete])(claim)
  }

  async #spend(task: string, epoch: number): Promise<void> {
    this.#reports += 1
    const usage = { id: `r${this.#reports}`, costNanos: 1 + this.#random.below(100_000) }
    await this.#client.task.usage({ task, as: this.#swarm, epoch, usage })
  }

  #note(error: unknown): void {
    if (!isFabricError(error)) throw error
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#random.below(LONGEST_PAUSE_MS)))
  }
}

await Promise.all(sessions.map((session, at) => new Session(session, new Random(seed * 1_000 + at)).work()))
transport.close()
