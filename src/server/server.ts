import type { FastifyRequest } from 'fastify'
import type { Fabric } from '../fabric/fabric.js'
import { asFabricError, FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { createApp, guardApp, type RunningServer, runApp, type ServerFault } from './app.js'
import { addEvents } from './events.js'
import { bearerCheck, checkHost } from './guard.js'
import { DEFAULT_LISTEN, parseListen } from './listen.js'
import { addOperations } from './routes.js'
import { addTiles, isOpenLog } from './tiles.js'
import { Waits } from './waits.js'

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

/**
 * Serves the operations of a fabric and its log over HTTP. Throws INVALID_ARGUMENT when it cannot listen there. Closing
 * it leaves the fabric open.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { fabric, onFault = writeFault } = options
  const address = parseListen(options.listen ?? DEFAULT_LISTEN)
  const waits = new Waits()
  const app = createApp({
    bodyLimit: LIMITS.httpBodyBytes,
    pathHint: 'See docs/reference/http.md.',
    onFault,
    tellFault: (reference) => {
      const message = `A fault in InfraFabric itself. Its log has the cause under reference ${reference}; please report it.`
      return new FabricError('INTERNAL', message, { reference })
    },
  })
  app.removeContentTypeParser('text/plain')
  const gate = guardApp(app, createGuard(options, address.host), recordIn(fabric))
  app.get('/healthz', () => ({ status: 'ok' }))
  addOperations(app, fabric, waits)
  addEvents(app, fabric, waits)
  addTiles(app, fabric, options.publicLog)
  return runApp(app, gate, address, () => waits.close())
}

/** The actor of a request that proved nothing. */
const ANONYMOUS = 'anonymous'

/** Refuses whom it must by throwing. */
function createGuard({ token, publicLog = false }: ServerOptions, listenHost: string) {
  const authenticate = bearerCheck(token)
  return ({ headers, url, routeOptions }: FastifyRequest): void => {
    checkHost(headers, listenHost)
    if (routeOptions.url !== '/healthz' && !isOpenLog(url, publicLog)) authenticate(headers)
  }
}

/** Has the fabric write down whom the guard refused: the route, not the path, in which strangers type what they like. */
function recordIn(fabric: Fabric) {
  return (error: unknown, { method, routeOptions, ip }: FastifyRequest): Promise<void> => {
    const operation = `${method} ${routeOptions.url ?? '?'}`
    return fabric.noteRefusal({ code: asFabricError(error).code, operation, actor: ANONYMOUS, remote: ip })
  }
}

function writeFault({ reference, route, error }: ServerFault): void {
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`fault ${reference} in ${route}: ${cause}\n`)
}
