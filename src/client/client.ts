import { Addresses } from './addresses.js'
import { baseUrl } from './base-url.js'
import { type CallOptions, createCaller } from './call.js'
import { type EventsOptions, followEvents, type LogEntry } from './events.js'
import type { InputOf, OutputOf, Resource, Verb } from './operation-types.js'
import { ROUTES } from './routes.js'
import { type Fetch, fetchTransport, type Transport } from './transport.js'
import type { WorkHandler } from './work/held-task.js'
import type { Worker, WorkOptions } from './work/options.js'
import { startWorker } from './work/worker.js'

export interface ConnectOptions {
  /**
   * Base of the fabric, such as `http://127.0.0.1:7420`; of one with several nodes all of them, with commas between. One is
   * asked, and another when that one cannot answer.
   */
  readonly url: string
  readonly token: string
  /** Default: the global one. */
  readonly fetch?: Fetch
  /** Carries everything but event streams. Default: `fetch`. */
  readonly transport?: Transport
  /** W3C trace context sent with every call; the log keeps it in the entries that a call leads to. */
  readonly traceparent?: string
  /** For one call with all its retries, beyond what the operation itself may wait. Default 30,000. */
  readonly timeoutMs?: number
  /** How often a retryable failure is tried again. Default 4. */
  readonly retries?: number
}

type Method<R extends Resource, V extends Verb<R>> =
  Record<never, never> extends InputOf<R, V>
    ? (input?: InputOf<R, V>, options?: CallOptions) => Promise<OutputOf<R, V>>
    : (input: InputOf<R, V>, options?: CallOptions) => Promise<OutputOf<R, V>>

/** Every operation as `client.<resource>.<verb>(input, options)`. Failures are `FabricError`s with the server's code. */
export type FabricOperations = {
  readonly [R in Resource]: { readonly [V in Verb<R>]: Method<R, V> }
}

export interface FabricClient extends FabricOperations {
  /** The address that is asked now. */
  readonly url: string
  /** The log as it grows; reconnects and resumes by itself, without a gap and without a double. */
  events(options?: EventsOptions): AsyncIterable<LogEntry>
  /** Works on tasks for a swarm until it is stopped: `handler` does one, the worker sees to everything around it. */
  work(handler: WorkHandler, options?: WorkOptions): Worker
}

/** A typed client of one fabric. Opens no connection by itself. */
export function connect(options: ConnectOptions): FabricClient {
  const url = baseUrl(options.url)
  const fetch = options.fetch ?? globalThis.fetch
  const addresses = new Addresses(url)
  const settings = {
    addresses,
    token: options.token,
    timeoutMs: options.timeoutMs ?? 30_000,
    retries: options.retries ?? 4,
    ...(options.traceparent !== undefined && { traceparent: options.traceparent }),
  }
  const call = createCaller({ ...settings, transport: options.transport ?? fetchTransport(fetch) })
  const operations = Object.fromEntries(
    Object.entries(ROUTES).map(([resource, verbs]) => [
      resource,
      Object.fromEntries(
        Object.entries(verbs).map(([verb, route]) => [
          verb,
          (input: Record<string, unknown> = {}, callOptions: CallOptions = {}) => call(route, input, callOptions),
        ]),
      ),
    ]),
  )
  const events = (eventsOptions: EventsOptions = {}) => followEvents({ ...settings, fetch }, eventsOptions)
  // The routes are generated from the same table as the types; a test compares the two.
  const typed = operations as unknown as FabricOperations
  return {
    ...typed,
    get url() {
      return addresses.current
    },
    events,
    work: (handler, workOptions) => startWorker(typed, handler, workOptions),
  }
}
