import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
import { FabricError, isFabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { Cosigner } from '../witness/cosign/cosigner.js'
import { answerUnreadable } from './client-error.js'
import { checkHost } from './guard.js'
import { parseListen } from './listen.js'
import { refusalOf, sendProblem } from './problem.js'
import type { RunningServer, ServerFault } from './server.js'
import { Traffic } from './traffic.js'

export interface CosignerServerOptions {
  readonly cosigner: Cosigner
  /** `HOST:PORT`, default `127.0.0.1:7421`; port 0 takes a free one. Only loopback addresses are accepted. */
  readonly listen?: string
  readonly onFault: (fault: ServerFault) => void
}

const DEFAULT_COSIGNER_LISTEN = '127.0.0.1:7421'

const TEXT_TYPE = 'text/plain; charset=utf-8'
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_MS = 75_000
const HEADER_BYTES = 16 * 1024
const CLOSE_PATIENCE_MS = 5_000

/**
 * Serves the witness protocol (C2SP tlog-witness): `POST /add-checkpoint`, `GET /<origin hash>/checkpoint`, and beside it
 * `GET /vkey` and `GET /healthz`. Callers show who they are by the signature on what they send, so there is no token.
 */
export async function startCosignerServer(options: CosignerServerOptions): Promise<RunningServer> {
  const { cosigner, listen = DEFAULT_COSIGNER_LISTEN, onFault } = options
  const address = parseListen(listen)
  const traffic = new Traffic()
  const app = createApp(onFault)
  let closed: Promise<void> | undefined
  app.addHook('onRequest', (request, reply, done) => {
    traffic.watch(reply.raw)
    if (closed !== undefined) throw new FabricError('UNAVAILABLE', 'This witness is shutting down. Try again later.')
    checkHost(request.headers, address.host)
    done()
  })
  addRoutes(app, cosigner)
  try {
    await app.listen(address)
  } catch (error) {
    await app.close()
    throw cannotListen(listen, error)
  }
  const close = async () => {
    const closing = app.close()
    await traffic.idle(CLOSE_PATIENCE_MS)
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

function addRoutes(app: FastifyInstance, cosigner: Cosigner): void {
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/vkey', (_request, reply) => reply.type(TEXT_TYPE).send(`${cosigner.vkey}\n`))
  app.post('/add-checkpoint', async ({ body }, reply) => {
    const answer = await cosigner.addCheckpoint(Buffer.isBuffer(body) ? body : '')
    // As bytes: to a text the framework would add a charset.
    return reply.code(answer.status).type(answer.contentType).send(Buffer.from(answer.body))
  })
  app.get<{ Params: { hash: string } }>('/:hash/checkpoint', async ({ params }, reply) => {
    const note = await cosigner.latest(params.hash)
    if (note !== undefined) return reply.type(TEXT_TYPE).header('cache-control', 'no-cache').send(note)
    throw new FabricError('NOT_FOUND', 'This witness has cosigned no checkpoint of a log with that origin hash.')
  })
}

function createApp(onFault: (fault: ServerFault) => void): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: LIMITS.cosignRequestBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Node's own answer to a missing Host has no body; the guard's has.
    http: { headersTimeout: HEADERS_TIMEOUT_MS, maxHeaderSize: HEADER_BYTES, requireHostHeader: false },
    exposeHeadRoutes: false,
    return503OnClosing: false,
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, _request, reply) => {
      const refusal = refusalOf(error)
      sendProblem(reply, refusal?.error ?? new FabricError('INVALID_ARGUMENT', 'Bad path.'), refusal?.status)
    },
  })
  // The protocol names no content type for requests: whatever it is called, it is read as bytes.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setNotFoundHandler((request) => {
    throw new FabricError('NOT_FOUND', `There is no ${request.method} of this path. A witness has add-checkpoint.`)
  })
  app.setErrorHandler((thrown, request, reply) => {
    const refusal = refusalOf(thrown)
    // What is wrong with this machine is for its operator; the caller learns that nothing was cosigned.
    const damaged = isFabricError(thrown, 'DATA_CORRUPT') || isFabricError(thrown, 'STORAGE_FAILED')
    if (refusal !== undefined && !damaged) return sendProblem(reply, refusal.error, refusal.status)
    const reference = randomUUID()
    onFault({ reference, route: `${request.method} ${request.routeOptions.url}`, error: thrown })
    const message = `This witness cannot answer; nothing was cosigned. Its operator finds why under ${reference}.`
    return sendProblem(reply, new FabricError(damaged ? thrown.code : 'INTERNAL', message, { reference }))
  })
  return app
}

function cannotListen(listen: string, error: unknown): FabricError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  const hint =
    reason === 'EADDRINUSE' ? 'another program listens there. Stop it, or take a free port with port 0' : reason
  return new FabricError('INVALID_ARGUMENT', `Cannot listen on ${listen}: ${hint}.`, { field: 'listen', reason })
}
