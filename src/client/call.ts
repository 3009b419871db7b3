import { FabricError, isErrorCode, isFabricError } from '../model/errors.js'
import { type Addresses, POSITION_HEADER } from './addresses.js'
import { askedPauseMs, pause, retryDelayMs } from './retry.js'
import type { Transport, TransportReply, TransportRequest } from './transport.js'

/** How an operation is called over HTTP. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly keyed: boolean
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** For this call with all its retries, beyond what its own `waitMs` allows. */
  readonly timeoutMs?: number
  /** Default: a new one for each call of an operation that needs one. */
  readonly idempotencyKey?: string
}

export interface CallSettings {
  readonly addresses: Addresses
  readonly token: string
  /** W3C trace context sent with every call; the log keeps it in the entries that a call leads to. */
  readonly traceparent?: string
  readonly timeoutMs: number
  readonly retries: number
  readonly transport: Transport
}

type Input = Record<string, unknown>

/**
 * How long one of several nodes may take beyond the `waitMs` of a call, milliseconds; then another one is asked. Longer than a
 * node itself waits for the one that leads.
 */
const NODE_PATIENCE_MS = 11_000

/** Calls one route: fills in path, query and body, retries what may be retried, and throws coded errors. */
export function createCaller(settings: CallSettings) {
  return async (route: Route, input: Input, options: CallOptions): Promise<unknown> => {
    options.signal?.throwIfAborted()
    const waitMs = typeof input.waitMs === 'number' ? input.waitMs : 0
    const timeoutMs = (options.timeoutMs ?? settings.timeoutMs) + waitMs
    const ending = endAfter(timeoutMs, options.signal)
    try {
      return await withRetries(settings, buildRequest(settings, route, input, options, ending.signal), waitMs)
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!ending.signal.aborted) throw error
      const { addresses } = settings
      const url = addresses.current
      addresses.failed(url)
      throw timedOut(url, timeoutMs, error)
    } finally {
      ending.dispose()
    }
  }
}

/** A request without the address that it is sent to. */
type Asked = Omit<TransportRequest, 'url'> & { readonly path: string }

async function withRetries(settings: CallSettings, request: Asked, waitMs: number): Promise<unknown> {
  const { addresses, retries } = settings
  for (let attempt = 0; ; attempt += 1) {
    const url = addresses.current
    try {
      return await ask(settings, url, request, waitMs)
    } catch (error) {
      if (request.signal.aborted || !isFabricError(error) || !error.retryable || attempt >= retries * addresses.count)
        throw error
      const isElsewhere = addresses.count > 1 && error.code !== 'RATE_LIMITED'
      if (isElsewhere) addresses.failed(url)
      // Each of several nodes is asked once before anybody waits.
      if (isElsewhere && attempt % addresses.count !== addresses.count - 1) continue
      const round = Math.floor(attempt / addresses.count)
      await pause(Math.max(retryDelayMs(round), askedPauseMs(error)), request.signal)
    }
  }
}

/** One of several nodes may be silent for long, as when its machine is stopped; the only one is worth waiting for. */
async function ask(settings: CallSettings, url: string, request: Asked, waitMs: number): Promise<unknown> {
  if (settings.addresses.count === 1) return exchange(settings, url, request)
  const patience = endAfter(NODE_PATIENCE_MS + waitMs, request.signal)
  try {
    return await exchange(settings, url, { ...request, signal: patience.signal })
  } finally {
    patience.dispose()
  }
}

async function exchange({ transport, addresses }: CallSettings, url: string, asked: Asked): Promise<unknown> {
  const { path, headers, ...rest } = asked
  let reply: TransportReply
  try {
    reply = await transport({ ...rest, url: url + path, headers: { ...headers, ...addresses.headers } })
  } catch (cause) {
    const hint = url.startsWith('https:')
      ? ' It speaks http:// unless it was given a certificate, and NODE_EXTRA_CA_CERTS names the authority of your own.'
      : ''
    const message = `No fabric answers at ${url}. Start it with \`ifab up\`.${hint}`
    throw new FabricError('UNAVAILABLE', message, { url }, { cause })
  }
  addresses.seen(reply.header?.(POSITION_HEADER))
  const body = parseJson(reply.text)
  if (reply.status >= 200 && reply.status < 300 && body !== undefined) return body
  throw replyError(url, reply.status, body)
}

/** The error that a reply stands for, as the server raised it. */
export function replyError(url: string, status: number, body: unknown): FabricError {
  const { code, detail, details } = (body ?? {}) as { code?: unknown; detail?: unknown; details?: unknown }
  if (isErrorCode(code) && typeof detail === 'string') {
    return new FabricError(code, detail, typeof details === 'object' && details !== null ? { ...details } : {})
  }
  // 502 to 504 come from a proxy whose fabric is away.
  const away = status >= 502 && status <= 504
  return new FabricError(
    away ? 'UNAVAILABLE' : 'INTERNAL',
    `${url} gave an answer (HTTP ${status}) that is not one of a fabric. Check the URL.`,
    { url, status },
  )
}

function buildRequest(
  { token, traceparent }: CallSettings,
  { method, path, keyed }: Route,
  input: Input,
  { idempotencyKey }: CallOptions,
  signal: AbortSignal,
): Asked {
  const rest: Input = { ...input }
  const filled = path.replace(/:(\w+)/g, (_, field: string) => {
    const value = rest[field]
    delete rest[field]
    // An empty segment would address another route; the server names the field when it is not an id.
    return typeof value === 'string' && value !== '' ? encodeURIComponent(value) : '%20'
  })
  const headers: Record<string, string> = { authorization: `Bearer ${token}` }
  const key = idempotencyKey ?? (keyed ? crypto.randomUUID() : undefined)
  if (key !== undefined) headers['idempotency-key'] = key
  if (traceparent !== undefined) headers.traceparent = traceparent
  if (method === 'GET') return { method, path: `${filled}${queryOf(rest)}`, headers, signal }
  headers['content-type'] = 'application/json'
  return { method, path: filled, headers, body: JSON.stringify(rest), signal }
}

function queryOf(fields: Input): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, String(value))
  return query.size === 0 ? '' : `?${query}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function timedOut(url: string, timeoutMs: number, cause: unknown): FabricError {
  return new FabricError('UNAVAILABLE', `${url} did not answer within ${timeoutMs} ms.`, { url, timeoutMs }, { cause })
}

/** A signal that aborts with another one or after a time. Cheaper than `AbortSignal.any` with `timeout`. */
function endAfter(ms: number, outer: AbortSignal | undefined): { readonly signal: AbortSignal; dispose(): void } {
  const ending = new AbortController()
  const abort = () => ending.abort()
  const timer = setTimeout(abort, ms)
  outer?.addEventListener('abort', abort, { once: true })
  return {
    signal: ending.signal,
    dispose: () => {
      clearTimeout(timer)
      outer?.removeEventListener('abort', abort)
    },
  }
}
