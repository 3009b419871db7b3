import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Fabric } from '../fabric/fabric.js'
import { asFabricError, FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { answerUnreadable } from './client-error.js'
import { addEvents } from './events.js'
import { bearerCheck, checkHost } from './guard.js'
import { DEFAULT_LISTEN, type ListenAddress, parseListen } from './listen.js'
import { refusalOf, sendProblem } from './problem.js'
import { addOperations } from './routes.js'
import { addTiles, isOpenLog } from './tiles.js'
import { Traffic } from './traffic.js'
import { shuttingDown, Waits } from './waits.js'

/** A fault of the server itself. `reference` is also in the answer, so that the two can be matched. */
export interface ServerFault {
  readonly reference: string
  readonly route: string
  readonly error: unknown
}

export interface ServerOptions {
  readonly fabric: Fabric
  /** `HOST:PORT`, default `127.0.0.1:7420`; port 0 takes a free one. Only loopback addresses are accepted. */
  readonly listen?: string
  /** What callers must send as their bearer token. */
  readonly token: string
  /** Serves the entries of the log as tiles to callers without a token, as it does heads and hashes. */
  readonly publicLog?: boolean
  /** Hears of faults; the default writes to stderr. */
  readonly onFault?: (fault: ServerFault) => void
}

export interface RunningServer {
  readonly url: string
  /** Refuses new requests, ends waits and streams, lets the others finish. Idempotent. Leaves the fabric open. */
  close(): Promise<void>
}

const HEADERS_TIMEOUT_MS = 10_000
/** For receiving a request; how long its answer may take is a matter of each operation. */
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_MS = 75_000
const HEADER_BYTES = 16 * 1024
/** Longer than any id when each of its characters is percent-encoded. */
const PATH_SEGMENT_CHARS = 512
const CLOSE_PATIENCE_MS = 5_000

/** Serves the operations of a fabric and its log over HTTP. Throws INVALID_ARGUMENT when it cannot listen there. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const address = parseListen(options.listen ?? DEFAULT_LISTEN)
  const waits = new Waits()
  const traffic = new Traffic()
  const app = createApp(options.onFault ?? writeFault)
  let closed: Promise<void> | undefined
  const guard = createGuard(options, address.host)
  app.addHook('onRequest', (request, reply, done) => {
    traffic.watch(reply.raw)
    if (closed !== undefined) throw shuttingDown()
    guard(request)
    done()
  })
  app.get('/healthz', () => ({ status: 'ok' }))
  addOperations(app, options.fabric, waits)
  addEvents(app, options.fabric, waits)
  addTiles(app, options.fabric)
  await listen(app, address)
  const close = async () => {
    waits.close()
    const closing = app.close()
    await traffic.idle(CLOSE_PATIENCE_MS)
    // Also connections on which nothing was ever asked; clients open such ones in advance and Node would wait for them.
    app.server.closeAllConnections()
    await closing
  }
  return {
    url: app.listeningOrigin,
    close: () => {
      closed ??= close()
      return closed
    },
  }
}

/** Refuses whom it must, and has the fabric write down that it did. */
function createGuard({ fabric, token, publicLog = false }: ServerOptions, listenHost: string) {
  const authenticate = bearerCheck(token)
  return ({ headers, method, url, routeOptions, ip }: FastifyRequest): void => {
    try {
      checkHost(headers, listenHost)
      if (routeOptions.url !== '/healthz' && !isOpenLog(url, publicLog)) authenticate(headers)
    } catch (error) {
      const { code } = asFabricError(error)
      // The route, not the path: what strangers type there does not belong into the log.
      fabric.noteRefusal({ code, operation: `${method} ${routeOptions.url ?? '?'}`, actor: ANONYMOUS, remote: ip })
      throw error
    }
  }
}

/** The actor of a request that proved nothing. */
const ANONYMOUS = 'anonymous'

function createApp(onFault: (fault: ServerFault) => void): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: LIMITS.httpBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Node's own answer to a missing Host has no body; the guard's has.
    http: { headersTimeout: HEADERS_TIMEOUT_MS, maxHeaderSize: HEADER_BYTES, requireHostHeader: false },
    routerOptions: { maxParamLength: PATH_SEGMENT_CHARS },
    exposeHeadRoutes: false,
    // The guard says it as problem+json.
    return503OnClosing: false,
    clientErrorHandler: answerUnreadable,
    // Errors of the router reach neither hooks nor the error handler.
    frameworkErrors: (error, _request, reply) => {
      const refusal = refusalOf(error)
      sendProblem(reply, refusal?.error ?? new FabricError('INVALID_ARGUMENT', 'Bad path.'), refusal?.status)
    },
  })
  app.removeContentTypeParser('text/plain')
  app.setNotFoundHandler((request) => {
    throw new FabricError('NOT_FOUND', `There is no ${request.method} of this path. See docs/reference/http.md.`)
  })
  app.setErrorHandler((thrown, request, reply) => {
    const refusal = refusalOf(thrown)
    if (refusal !== undefined) return sendProblem(reply, refusal.error, refusal.status)
    const reference = randomUUID()
    onFault({ reference, route: `${request.method} ${request.routeOptions.url}`, error: thrown })
    const message = `A fault in InfraFabric itself. Its log has the cause under reference ${reference}; please report it.`
    return sendProblem(reply, new FabricError('INTERNAL', message, { reference }))
  })
  return app
}

async function listen(app: FastifyInstance, { host, port }: ListenAddress): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const hint = reason === 'EADDRINUSE' ? 'another program listens there. Stop it, or listen elsewhere' : reason
    throw new FabricError('INVALID_ARGUMENT', `Cannot listen on ${host}:${port}: ${hint}.`, { field: 'listen', reason })
  }
}

function writeFault({ reference, route, error }: ServerFault): void {
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`fault ${reference} in ${route}: ${cause}\n`)
}
