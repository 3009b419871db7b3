import { setTimeout as pause } from 'node:timers/promises'
import { FabricError } from '../../model/errors.js'
import { type LogFiles, StaticSource } from './static-source.js'

export interface HttpSourceOptions {
  /** Prefix of the log: a running fabric, or any server of C2SP tlog-tiles. */
  readonly url: string
  /** Goes with every request, as a bearer token. */
  readonly token?: string | undefined
  readonly fetch?: typeof globalThis.fetch
  /** Pause before the second try, milliseconds; twice as long before the third. */
  readonly pauseMs?: number
}

const TRIES = 3
const PAUSE_MS = 200
const REQUEST_MS = 30_000

/** A log that is served over HTTP. Throws INVALID_ARGUMENT for what is not an HTTP URL. */
export function httpSource(options: HttpSourceOptions): StaticSource {
  return new StaticSource(new HttpFiles(options))
}

/** The prefix without slashes at its end; undefined when it is not one that files can be fetched below. */
export function logUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return undefined
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined
  return url.href.replace(/\/+$/, '')
}

class HttpFiles implements LogFiles {
  readonly describe: string
  readonly #options: HttpSourceOptions
  readonly #closing = new AbortController()

  constructor(options: HttpSourceOptions) {
    const url = logUrl(options.url)
    if (url === undefined) {
      const message = `${options.url} is not the URL of a log. Use one such as http://127.0.0.1:7420, without user, query or fragment.`
      throw new FabricError('INVALID_ARGUMENT', message, { field: 'url' })
    }
    this.describe = url
    this.#options = options
  }

  async read(path: string, maxBytes: number): Promise<Buffer | undefined> {
    const { pauseMs = PAUSE_MS } = this.#options
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#get(path, maxBytes)
      } catch (error) {
        const final = attempt === TRIES || this.#closing.signal.aborted
        if (!(error instanceof FabricError) || !error.retryable || final) throw error
      }
      await pause(pauseMs * attempt)
    }
  }

  /** Ends what was asked for ahead and is waited for by nobody. */
  close(): void {
    this.#closing.abort()
  }

  async #get(path: string, maxBytes: number): Promise<Buffer | undefined> {
    const { fetch = globalThis.fetch, token } = this.#options
    const url = `${this.describe}/${path}`
    try {
      const reply = await fetch(url, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        // A token is meant for this address alone.
        redirect: token === undefined ? 'follow' : 'error',
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(REQUEST_MS)]),
      })
      if (reply.status === 200) return await readBody(reply, path, maxBytes)
      if (reply.status === 404 || reply.status === 410) {
        await reply.body?.cancel()
        return undefined
      }
      throw (await damageSaid(reply, path)) ?? refused(url, reply.status)
    } catch (error) {
      if (error instanceof FabricError) throw error
      const message = `${url} cannot be fetched: nobody answers as a log does. Check the URL and the network, then try again.`
      throw new FabricError('UNAVAILABLE', message, { url }, { cause: error })
    }
  }
}

async function readBody(reply: Response, path: string, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of reply.body ?? []) {
    bytes += chunk.length
    if (bytes > maxBytes) {
      throw new FabricError('DATA_CORRUPT', `${path} is damaged: it has more than ${maxBytes} bytes`, {
        path,
        maxBytes,
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const MAX_PROBLEM_BYTES = 64 * 1024

/** A fabric that finds its own data damaged says so (RFC 9457): that is a finding, not a failure to answer. */
async function damageSaid(reply: Response, path: string): Promise<FabricError | undefined> {
  try {
    const problem: unknown = JSON.parse((await readBody(reply, path, MAX_PROBLEM_BYTES)).toString())
    const { code, detail } = problem as { readonly code?: unknown; readonly detail?: unknown }
    return code === 'DATA_CORRUPT' ? new FabricError(code, `${path} is damaged: ${detail}`, { path }) : undefined
  } catch {
    return undefined
  }
}

function refused(url: string, status: number): FabricError {
  const details = { url, status }
  if (status === 401 || status === 403) {
    const message = `${url} wants a token (HTTP ${status}). Name the fabric with IFAB_URL and its token with IFAB_TOKEN, or give the --data of the fabric on this machine.`
    return new FabricError(status === 401 ? 'UNAUTHENTICATED' : 'FORBIDDEN', message, details)
  }
  if (status === 429)
    return new FabricError('RATE_LIMITED', `${url} is asked too often. Wait, then try again.`, details)
  if (status >= 500) return new FabricError('UNAVAILABLE', `${url} fails (HTTP ${status}). Try again later.`, details)
  return new FabricError('NOT_FOUND', `${url} answers HTTP ${status}, as no log does. Check the URL.`, details)
}
