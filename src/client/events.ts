import { FabricError, isFabricError } from '../model/errors.js'
import type { Addresses } from './addresses.js'
import { replyError } from './call.js'
import { readEvents } from './event-stream.js'
import { pause, retryDelayMs } from './retry.js'
import type { Fetch } from './transport.js'

/** Three of the server's heartbeats. */
const SILENCE_MS = 45_000

export interface EventsOptions {
  /** Index of the first entry wanted; default: what comes from now on. */
  readonly from?: number
  /** Only entries that concern one of these swarms, one of these tasks, and have one of these names (`task_claimed`). */
  readonly swarms?: readonly string[]
  readonly tasks?: readonly string[]
  readonly types?: readonly string[]
  /** Ends the iteration. */
  readonly signal?: AbortSignal
  /** Default true. With false a lost connection is thrown as UNAVAILABLE instead of mended. */
  readonly reconnect?: boolean
}

/** An entry of the log with its index. `event` is the stored CloudEvents object. */
export interface LogEntry {
  readonly index: number
  readonly event: Readonly<Record<string, unknown>>
}

export interface StreamSettings {
  readonly addresses: Addresses
  readonly token: string
  readonly fetch: Fetch
}

/**
 * Entries in order, each once. A lost connection, a restart of the server and a reader that was too slow are mended by
 * resuming after the last entry, unless `reconnect` is false. Ends when the signal aborts; throws what cannot be mended.
 */
export async function* followEvents(settings: StreamSettings, options: EventsOptions): AsyncGenerator<LogEntry> {
  const signal = options.signal ?? new AbortController().signal
  const position = { lastId: options.from === undefined ? undefined : options.from - 1 }
  const query = queryOf(options)
  let failures = 0
  const { addresses } = settings
  while (!signal.aborted) {
    const url = addresses.current
    try {
      for await (const entry of readOnce(settings, query, position, signal)) {
        failures = 0
        yield entry
      }
    } catch (error) {
      if (signal.aborted) return
      if (isFabricError(error) && !error.retryable) throw error
      if (options.reconnect === false) throw connectionLost(url, error)
    }
    if (signal.aborted) return
    if (options.reconnect === false) throw connectionLost(url)
    addresses.failed(url)
    await pause(retryDelayMs(failures), signal)
    failures += 1
  }
}

function queryOf({ swarms = [], tasks = [], types = [] }: EventsOptions): string {
  const query = new URLSearchParams()
  for (const [name, values] of Object.entries({ swarm: swarms, task: tasks, type: types })) {
    for (const value of values) query.append(name, value)
  }
  return query.size === 0 ? '' : `?${query}`
}

function connectionLost(url: string, cause?: unknown): FabricError {
  return new FabricError('UNAVAILABLE', `The connection to ${url} was lost. Connect again.`, { url }, { cause })
}

/** One connection's worth. Returns when the server ends it; throws when it is lost or refused. */
async function* readOnce(
  { addresses, token, fetch }: StreamSettings,
  query: string,
  position: { lastId: number | undefined },
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const url = addresses.current
  const headers: Record<string, string> = {
    authorization: `Bearer ${token}`,
    accept: 'text/event-stream',
    ...addresses.headers,
  }
  if (position.lastId !== undefined) headers['last-event-id'] = String(position.lastId)
  const silence = abortOnSilence(signal)
  try {
    const reply = await fetch(`${url}/v1/events${query}`, { headers, signal: silence.signal, redirect: 'error' })
    if (!reply.ok || reply.body === null) {
      throw replyError(url, reply.status, await reply.json().catch(() => undefined))
    }
    const onId = (id: string) => {
      position.lastId = Number(id)
    }
    const observer = { onId, onActivity: silence.reset }
    for await (const { type, data, id } of readEvents(reply.body, observer, silence.signal)) {
      if (type === 'dropped') throw new FabricError('RATE_LIMITED', 'The stream fell behind and was ended.')
      yield { index: Number(id), event: JSON.parse(data) }
    }
  } finally {
    silence.dispose()
  }
}

/** A connection whose other end vanished reports nothing; only the missing heartbeat tells. */
function abortOnSilence(outer: AbortSignal) {
  const silent = new AbortController()
  const abort = () => silent.abort()
  let timer = setTimeout(abort, SILENCE_MS)
  outer.addEventListener('abort', abort, { once: true })
  if (outer.aborted) abort()
  return {
    signal: silent.signal,
    reset: () => {
      clearTimeout(timer)
      timer = setTimeout(abort, SILENCE_MS)
    },
    dispose: () => {
      clearTimeout(timer)
      outer.removeEventListener('abort', abort)
    },
  }
}
