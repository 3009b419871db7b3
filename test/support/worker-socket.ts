import { type ClientOptions, WebSocket } from 'ws'
import type { ServedFabric } from './served-fabric.js'

export type Pushed = Readonly<Record<string, unknown>> & { readonly push: string }
export type Answer = Readonly<{ id: unknown; result?: Record<string, unknown>; error?: Record<string, unknown> }>

/** Registers a swarm that can do everything that needs no capability; resolves with its token. */
export async function enlist({ client }: ServedFabric, swarm: string, capacity = 1): Promise<string> {
  const { issued } = await client.swarm.register({ swarm, capabilities: [], capacity, token: true })
  return issued?.token ?? ''
}

/** A worker's end of the WebSocket of a fabric. */
export class WorkerSocket implements AsyncDisposable {
  readonly socket: WebSocket
  readonly pushes: Pushed[] = []
  readonly answers: Answer[] = []
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  #watchers: (() => void)[] = []
  #calls = 0

  constructor(url: string, options: ClientOptions = {}, protocols: string[] = []) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/v1/socket`, protocols, options)
    this.socket.on('message', (data) => {
      const message = JSON.parse(String(data))
      if ('push' in message) this.pushes.push(message)
      else this.answers.push(message)
      this.#wake()
    })
    this.socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }))
    })
  }

  static async open(url: string, token: string, options: ClientOptions = {}): Promise<WorkerSocket> {
    const worker = new WorkerSocket(url, { ...options, headers: { authorization: `Bearer ${token}` } })
    await new Promise((resolve, reject) => {
      worker.socket.once('open', resolve)
      worker.socket.once('error', reject)
    })
    return worker
  }

  /** Calls an operation; resolves with its result, rejects with its error report. */
  async call(operation: string, input: object = {}, rest: object = {}): Promise<Record<string, unknown>> {
    this.#calls += 1
    const id = this.#calls
    this.socket.send(JSON.stringify({ id, operation, input, ...rest }))
    const { result, error } = await this.#first(() => this.answers.find((answer) => answer.id === id))
    if (error !== undefined) throw error
    return result ?? {}
  }

  /** Resolves with what was pushed, once there are so many of a kind. */
  async pushed(kind: string, count: number): Promise<Pushed[]> {
    const found = () => this.pushes.filter(({ push }) => push === kind)
    return this.#first(() => (found().length >= count ? found() : undefined))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate()
    await this.closed
  }

  async #first<Result>(look: () => Result | undefined): Promise<Result> {
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      await new Promise<void>((resolve) => this.#watchers.push(resolve))
    }
  }

  #wake(): void {
    for (const watcher of this.#watchers.splice(0)) watcher()
  }
}
