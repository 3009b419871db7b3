import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { isTraceparent } from './caller.js'
import { answerUnreadable, answerUnusual } from './client-error.js'
import type { ServedNames } from './guard.js'
import type { ListenAddress, TlsFiles } from './listen.js'
import { Methods } from './methods.js'
import { ANSWER_HEADERS, HttpRefusal, refusalOf, sendProblem } from './problem.js'
import { Traffic } from './traffic.js'
import { shuttingDown } from './waits.js'

/** A fault of the server itself. `reference` is also in the answer, so that the two can be matched. */
export interface ServerFault {
  readonly reference: string
  readonly route: string
  readonly error: unknown
}

export interface RunningServer {
  readonly url: string
  /** Refuses new requests, ends waits and streams, lets the others finish. Idempotent. */
  close(): Promise<void>
}

export interface AppOptions {
  /** With it the server speaks TLS. */
  readonly tls?: TlsFiles
  readonly bodyLimit: number
  /** Said of a path that there is not, behind the method. */
  readonly pathHint: string
  readonly onFault: (fault: ServerFault) => void
  /** What the caller is told of a fault, whose cause only the operator sees. */
  readonly tellFault: (reference: string, thrown: unknown) => FabricError
  /** Coded errors that are faults of this machine nevertheless. */
  readonly isFault?: (error: FabricError) => boolean
  /** How long a request may take to arrive; the default suits slow lines. */
  readonly arrival?: Arrival
}

/** How long its answer may take is a matter of each operation. */
interface Arrival {
  readonly headersMs: number
  readonly requestMs: number
  /** How often Node looks for requests that take too long. */
  readonly checkMs: number
}

const ARRIVAL: Arrival = { headersMs: 10_000, requestMs: 30_000, checkMs: 1_000 }
const KEEP_ALIVE_MS = 75_000
const HEADER_BYTES = 16 * 1024
/** Longer than any id when each of its characters is percent-encoded. */
const PATH_SEGMENT_CHARS = 512
const CLOSE_PATIENCE_MS = 5_000

/** An HTTP server on which every error, the framework's own too, is problem+json (RFC 9457). */
export function createApp(options: AppOptions): FastifyInstance {
  const { tls, bodyLimit, pathHint, onFault, tellFault, isFault, arrival = ARRIVAL } = options
  const http = {
    headersTimeout: arrival.headersMs,
    connectionsCheckingInterval: arrival.checkMs,
    maxHeaderSize: HEADER_BYTES,
    // Node's own answer to a missing Host has no body; the guard's has.
    requireHostHeader: false,
  }
  const app = fastify({
    logger: false,
    bodyLimit,
    requestTimeout: arrival.requestMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...(tls === undefined ? { http } : { https: { ...http, ...tlsOptions(tls) } as object }),
    routerOptions: { maxParamLength: PATH_SEGMENT_CHARS },
    exposeHeadRoutes: true,
    // The guard says it as problem+json.
    return503OnClosing: false,
    clientErrorHandler: answerUnreadable,
    // Errors of the router reach neither hooks nor the error handler.
    frameworkErrors: (error, _request, reply) => {
      const refusal = refusalOf(error)
      sendProblem(reply, refusal?.error ?? new FabricError('INVALID_ARGUMENT', 'Bad path.'), refusal?.status)
    },
  })
  app.server.maxConnections = LIMITS.httpConnections
  answerUnusual(app.server)
  const methods = new Methods(app)
  addAnswerHeaders(app)
  app.setNotFoundHandler((request, reply) => {
    const allowed = methods.of(request.url)
    if (allowed.length > 0) {
      reply.header('allow', allowed.join(', '))
      throw new HttpRefusal(405, `There is no ${request.method} of this path, only ${allowed.join(' and ')}.`)
    }
    throw new FabricError('NOT_FOUND', `There is no ${request.method} of this path. ${pathHint}`)
  })
  app.setErrorHandler((thrown, request, reply) => {
    const refusal = refusalOf(thrown)
    if (refusal !== undefined && isFault?.(refusal.error) !== true) {
      return sendProblem(reply, refusal.error, refusal.status)
    }
    const reference = randomUUID()
    onFault({ reference, route: `${request.method} ${request.routeOptions.url}`, error: thrown })
    return sendProblem(reply, tellFault(reference, thrown))
  })
  return app
}

function addAnswerHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', ({ headers: { traceparent } }, reply, done) => {
    reply.headers(ANSWER_HEADERS)
    if (isTraceparent(traceparent)) reply.header('traceparent', traceparent)
    done()
  })
}

function tlsOptions({ certificate, key }: TlsFiles) {
  return { cert: certificate, key, minVersion: 'TLSv1.2' } as const
}

/**
 * Asks `admit` before each request; it refuses by throwing. `onRefusal` is waited for before the refusal is answered. Call
 * this before the routes are added.
 */
export function guardApp(
  app: FastifyInstance,
  admit: (request: FastifyRequest) => void,
  onRefusal: (error: unknown, request: FastifyRequest) => Promise<void> = async () => {},
): Gate {
  const gate = { traffic: new Traffic(), closing: false }
  app.addHook('onRequest', (request, reply, done) => {
    gate.traffic.watch(reply.raw)
    if (gate.closing) throw shuttingDown()
    try {
      admit(request)
    } catch (error) {
      const refuse = () => done(error as Error)
      onRefusal(error, request).then(refuse, refuse)
      return
    }
    done()
  })
  return gate
}

interface Gate {
  readonly traffic: Traffic
  closing: boolean
}

/** Listens until it is closed; `onClose` ends what would otherwise go on. Throws INVALID_ARGUMENT when it cannot. */
export async function runApp(
  app: FastifyInstance,
  gate: Gate,
  { host, port }: ListenAddress,
  served: ServedNames,
  onClose: () => void = () => {},
): Promise<RunningServer> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const hint = reason === 'EADDRINUSE' ? 'another program listens there. Stop it, or listen elsewhere' : reason
    throw new FabricError('INVALID_ARGUMENT', `Cannot listen on ${host}:${port}: ${hint}.`, { field: 'listen', reason })
  }
  const close = async () => {
    gate.closing = true
    onClose()
    const closing = app.close()
    await gate.traffic.idle(CLOSE_PATIENCE_MS)
    // Also connections on which nothing was ever asked; clients open such ones in advance and Node would wait for them.
    app.server.closeAllConnections()
    await closing
  }
  let closed: Promise<void> | undefined
  return {
    url: `${served.scheme}://${served.localName}:${(app.server.address() as AddressInfo).port}`,
    close: () => {
      closed ??= close()
      return closed
    },
  }
}
