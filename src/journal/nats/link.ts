import {
  type Authenticator,
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
} from '@nats-io/transport-node'
import { FabricError } from '../../model/errors.js'
import { readNamedFile } from '../named-file.js'
import { Disconnected, unreachable } from './failure.js'
import type { NatsAccess } from './options.js'

/** How long one request waits for its answer, and one attempt to connect. */
export const ATTEMPT_MS = 2_000

/** With these a server that is frozen is noticed within about 3 s, and one that returns is found again at once. */
const PERSISTENT = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 100,
  pingInterval: 1_000,
  maxPingOut: 2,
  timeout: ATTEMPT_MS,
  ignoreAuthErrorAbort: true,
  noAsyncTraces: true,
} satisfies ConnectionOptions

/** A connection that is made again whenever it breaks, until it is closed. */
export class Link {
  readonly connection: NatsConnection
  readonly #onReturn: () => void
  #connected = true
  /** Those that wait for an answer, and those that wait for the connection. */
  readonly #asking = new Set<() => void>()
  readonly #waiting = new Set<() => void>()

  private constructor(connection: NatsConnection, onReturn: () => void) {
    this.connection = connection
    this.#onReturn = onReturn
    void this.#watch()
  }

  /**
   * `onReturn` is called when a connection that broke is there again. With `echo` it hears what it says itself. Throws
   * UNAVAILABLE or INVALID_ARGUMENT.
   */
  static async open(access: NatsAccess, onReturn: () => void, { echo = false } = {}): Promise<Link> {
    const settings = await connectionOptions(access)
    try {
      return new Link(await connect({ ...settings, noEcho: !echo }), onReturn)
    } catch (error) {
      throw unreachable(access.servers, error)
    }
  }

  get connected(): boolean {
    return this.#connected
  }

  /** Waits for an answer, but not longer than the connection lasts: then throws `Disconnected`. */
  async answer<T>(request: () => Promise<T>): Promise<T> {
    if (!this.#connected) throw new Disconnected('disconnected')
    let fail = () => {}
    const broken = new Promise<never>((_, reject) => {
      fail = () => reject(new Disconnected('the connection broke'))
    })
    this.#asking.add(fail)
    try {
      return await Promise.race([request(), broken])
    } finally {
      this.#asking.delete(fail)
    }
  }

  /** Resolves when the connection is there, or after `ms` milliseconds, or when `signal` aborts. */
  async whenConnected(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#connected || signal?.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => wake(), ms)
      const wake = () => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      signal?.addEventListener('abort', wake, { once: true })
      this.#waiting.add(wake)
    })
  }

  async close(): Promise<void> {
    // What was published last may still lie in a buffer; a connection that is gone loses it.
    if (this.#connected) await this.answer(() => this.connection.flush()).catch(() => undefined)
    await this.connection.close()
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect' || type === 'close') {
        this.#connected = false
        for (const fail of [...this.#asking]) fail()
      } else if (type === 'reconnect') {
        this.#connected = true
        this.#onReturn()
        for (const wake of [...this.#waiting]) wake()
      }
    }
  }
}

async function connectionOptions(access: NatsAccess): Promise<ConnectionOptions> {
  const { caFile, certificateFile, keyFile } = access
  const [ca, cert, key] = await Promise.all([caFile, certificateFile, keyFile].map(readNamedFile))
  const encrypted = access.tls === true || ca !== undefined || cert !== undefined
  const authenticator = await authenticatorOf(access)
  return {
    ...PERSISTENT,
    servers: [...access.servers],
    name: `infrafabric ${access.name}`,
    ...(encrypted && {
      tls: { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
    }),
    ...(authenticator !== undefined && { authenticator }),
  }
}

async function authenticatorOf({ credentialsFile, nkeyFile }: NatsAccess): Promise<Authenticator | undefined> {
  const path = credentialsFile ?? nkeyFile
  const secret = await readNamedFile(path)
  if (secret === undefined) return undefined
  // The client looks for a line break behind the last line.
  const bytes = Buffer.from(path === credentialsFile ? `${secret}\n` : secret.trim())
  const authenticator = path === credentialsFile ? credsAuthenticator(bytes) : nkeyAuthenticator(bytes)
  try {
    authenticator('try')
  } catch {
    const message = `${path} holds no ${path === credentialsFile ? 'credentials' : 'seed of an nkey'}. Name another file.`
    throw new FabricError('INVALID_ARGUMENT', message, { path })
  }
  return authenticator
}
