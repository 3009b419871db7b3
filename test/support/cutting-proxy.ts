import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What a proxy does with bytes: hand them on, hold them back, or read and drop them. */
type Treatment = 'pass' | 'hold' | 'drop'

/** A slow network: bytes arrive so much later, and some of them only when they were sent again. */
export interface Slowness {
  readonly delayMs: number
  /** Share of the pieces that get lost on their way, from 0 to 1. */
  readonly loss: number
}

/** How long TCP waits at least before it sends again what got lost, milliseconds. */
const RESEND_MS = 200

/**
 * A TCP proxy on loopback between a client and a real server, which can lose answers, freeze and cut, as a network does.
 * Bytes that are held back arrive later, in order; bytes that were dropped are gone, so such a connection must be cut.
 */
export class CuttingProxy {
  readonly #server: Server
  readonly #targetPort: number
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>()
  #requests: Treatment = 'pass'
  #replies: Treatment = 'pass'
  #refuses = false
  #slowness: Slowness | undefined
  #onRequest: (bytes: Buffer) => void = () => {}
  #onReply: (bytes: Buffer) => void = () => {}

  private constructor(server: Server, targetPort: number) {
    this.#server = server
    this.#targetPort = targetPort
  }

  /** Listens on a free port and connects to `targetPort` for each client. */
  static async start(targetPort: number): Promise<CuttingProxy> {
    const server = createServer()
    const proxy = new CuttingProxy(server, targetPort)
    server.on('connection', (client) => proxy.#accept(client))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#pairs.size
  }

  /** Calls `listener` with the bytes that clients send, before they are treated. */
  onRequest(listener: (bytes: Buffer) => void): void {
    this.#onRequest = listener
  }

  /** Calls `listener` with the bytes that the server answers, before they are treated; when it cuts, they are lost. */
  onReply(listener: (bytes: Buffer) => void): void {
    this.#onReply = listener
  }

  /** Treats what clients send, and what the server answers, from now on. */
  treat({ requests = 'pass', replies = 'pass' }: { requests?: Treatment; replies?: Treatment }): void {
    this.#requests = requests
    this.#replies = replies
    for (const [client, server] of this.#pairs) {
      this.#steer(client, requests)
      this.#steer(server, replies)
    }
  }

  /** Delays all bytes in both directions from now on, in order. */
  slow(slowness: Slowness): void {
    this.#slowness = slowness
  }

  /** Ends every connection at once and refuses new ones until `heal`. */
  cut(): void {
    this.#refuses = true
    this.disconnect()
  }

  /** Ends every connection at once; new ones are taken. */
  disconnect(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }

  /** Hands everything on again and takes connections. */
  heal(): void {
    this.#refuses = false
    this.#slowness = undefined
    this.treat({})
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    if (this.#refuses) {
      client.destroy()
      return
    }
    const server = connect(this.#targetPort, '127.0.0.1')
    const pair = [client, server] as const
    this.#pairs.add(pair)
    for (const socket of pair) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#pairs.delete(pair)
        for (const either of pair) either.destroy()
      })
    }
    const [toServer, toClient] = [this.#line(server), this.#line(client)]
    client.on('data', (bytes) => {
      this.#onRequest(bytes)
      if (this.#requests !== 'drop') toServer(bytes)
    })
    server.on('data', (bytes) => {
      this.#onReply(bytes)
      if (this.#replies !== 'drop') toClient(bytes)
    })
    this.#steer(client, this.#requests)
    this.#steer(server, this.#replies)
  }

  /** What is handed on in one direction of a connection, at once or slowly; what comes later never overtakes. */
  #line(target: Socket): (bytes: Buffer) => void {
    const waiting: { readonly bytes: Buffer; readonly at: number }[] = []
    const next = () => {
      const [first] = waiting
      if (first !== undefined) setTimeout(arrive, Math.max(0, first.at - performance.now()))
    }
    const arrive = () => {
      const first = waiting.shift()
      if (first !== undefined && target.writable) target.write(first.bytes)
      next()
    }
    return (bytes) => {
      if (this.#slowness === undefined && waiting.length === 0) {
        target.write(bytes)
        return
      }
      const { delayMs = 0, loss = 0 } = this.#slowness ?? {}
      const resentMs = Math.random() < loss ? delayMs + RESEND_MS : 0
      const at = Math.max(waiting.at(-1)?.at ?? 0, performance.now() + delayMs + resentMs)
      waiting.push({ bytes, at })
      if (waiting.length === 1) next()
    }
  }

  #steer(source: Socket, treatment: Treatment): void {
    if (treatment === 'hold') source.pause()
    else source.resume()
  }
}
