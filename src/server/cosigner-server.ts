import type { FastifyInstance } from 'fastify'
import { FabricError, isFabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { Cosigner } from '../witness/cosign/cosigner.js'
import { createApp, guardApp, type RunningServer, runApp, type ServerFault } from './app.js'
import { checkHost } from './guard.js'
import { parseListen, servedNames } from './listen.js'

export interface CosignerServerOptions {
  readonly cosigner: Cosigner
  /** `HOST:PORT`, default `127.0.0.1:7421`; port 0 takes a free one. Only loopback addresses are accepted. */
  readonly listen?: string
  readonly onFault: (fault: ServerFault) => void
}

const DEFAULT_COSIGNER_LISTEN = '127.0.0.1:7421'

const TEXT_TYPE = 'text/plain; charset=utf-8'

/**
 * Serves the witness protocol (C2SP tlog-witness): `POST /add-checkpoint`, `GET /<origin hash>/checkpoint`, and beside it
 * `GET /vkey` and `GET /healthz`. Callers show who they are by the signature on what they send, so there is no token.
 */
export async function startCosignerServer(options: CosignerServerOptions): Promise<RunningServer> {
  const { cosigner, listen = DEFAULT_COSIGNER_LISTEN, onFault } = options
  const address = parseListen(listen)
  const app = createApp({
    bodyLimit: LIMITS.cosignRequestBytes,
    pathHint: 'A witness has add-checkpoint.',
    onFault,
    // What is wrong with this machine is for its operator; the caller learns that nothing was cosigned.
    isFault: isDamage,
    tellFault: (reference, thrown) => {
      const message = `This witness cannot answer; nothing was cosigned. Its operator finds why under ${reference}.`
      return new FabricError(isDamage(thrown) ? thrown.code : 'INTERNAL', message, { reference })
    },
  })
  // The protocol names no content type for requests: whatever it is called, it is read as bytes.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  const served = servedNames(address)
  const gate = guardApp(app, ({ headers }) => checkHost(headers, served))
  addRoutes(app, cosigner)
  return runApp(app, gate, address, served)
}

function isDamage(error: unknown): error is FabricError {
  return isFabricError(error, 'DATA_CORRUPT') || isFabricError(error, 'STORAGE_FAILED')
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
