import type { FastifyRequest } from 'fastify'
import type { Fabric } from '../fabric/fabric.js'
import { asFabricError, FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { createApp, guardApp, type RunningServer, runApp, type ServerFault } from './app.js'
import { addEvents } from './events.js'
import { checkHost, type ServedNames } from './guard.js'
import { addHealth } from './health.js'
import { readJsonBodies } from './json-body.js'
import { DEFAULT_LISTEN, type Exposure, parseListen, servedNames } from './listen.js'
import { addMcp } from './mcp/route.js'
import { HttpMeter } from './metrics/http-meter.js'
import { addMetrics } from './metrics/route.js'
import { addDescription } from './openapi/routes.js'
import { addPositions } from './position.js'
import { authenticator } from './principal.js'
import { createPushing } from './push/pushing.js'
import { RateLimits } from './rate-limits.js'
import { observeRequests, type RequestObserver } from './request-observer.js'
import { addOperations } from './routes.js'
import { addSocket } from './socket/socket.js'
import { addTiles } from './tiles.js'
import { Waits } from './waits.js'

export interface ServerOptions extends Exposure {
  readonly fabric: Fabric
  /** Of the program, for metrics and traces. */
  readonly version?: string
  /** `HOST:PORT`, default `127.0.0.1:7420`; port 0 takes a free one. Beyond loopback only with TLS, or behind a proxy. */
  readonly listen?: string
  /** The bearer token of the administrator of this machine; others are issued by the fabric. */
  readonly token: string
  /** Requests in a second for each caller that is no administrator. */
  readonly requestsPerSecond?: number
  /** Time by which requests are counted, milliseconds. Default: that of the system. */
  readonly now?: () => number
  /** Serves the entries of the log as tiles to callers without a token, as it does heads and hashes. */
  readonly publicLog?: boolean
  /** Hear of each request and how it ended. */
  readonly observers?: readonly RequestObserver[]
  /** Hears of faults; the default writes to stderr. */
  readonly onFault?: (fault: ServerFault) => void
}

/**
 * Serves the operations of a fabric and its log over HTTP. Throws INVALID_ARGUMENT when it cannot listen there. Closing
 * it leaves the fabric open.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { fabric, observers = [], onFault = writeFault } = options
  const address = parseListen(options.listen ?? DEFAULT_LISTEN, options)
  const served = servedNames(address, options)
  const waits = new Waits()
  const pushing = createPushing(fabric, waits)
  const limits = new RateLimits(options.requestsPerSecond ?? REQUESTS_PER_SECOND, options.now ?? Date.now)
  const app = createApp({
    ...(options.tls && { tls: options.tls }),
    bodyLimit: LIMITS.httpBodyBytes,
    pathHint: 'See docs/reference/http.md.',
    onFault,
    tellFault,
  })
  readJsonBodies(app)
  app.decorateRequest('principal', null)
  const http = new HttpMeter()
  observeRequests(app, [http.observe, ...observers])
  const { nodes } = fabric
  if (nodes !== undefined) {
    addPositions(app, nodes, createAuthenticate(options))
    nodes.onStale(() => waits.interrupt(outOfTouch()))
  }
  const gate = guardApp(app, createGuard(options, served, limits), recordIn(fabric))
  addHealth(app, fabric)
  addMetrics(app, { fabric, http, limits, places: pushing.places, version: options.version ?? '0' })
  addOperations(app, pushing)
  addEvents(app, pushing)
  addSocket(app, { ...pushing, limits, onFault, tellFault })
  addTiles(app, fabric, options.publicLog)
  addMcp(app, { ...pushing, limits, version: options.version ?? '0', onFault, tellFault })
  addDescription(app)
  return runApp(app, gate, address, served, () => waits.close())
}

/** Each asks a few times in a second at the most, unless it is in a loop. */
const REQUESTS_PER_SECOND = 100

/** The actor of a request that proved nothing. */
const ANONYMOUS = 'anonymous'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether anybody may read this without a token. */
    open?: boolean | ((path: string) => boolean)
  }
}

function createAuthenticate({ fabric, token }: ServerOptions) {
  const authenticate = authenticator(fabric, token)
  return ({ headers }: FastifyRequest) => void authenticate(headers)
}

/** Those who wait here would wait in vain; another node may know what they wait for. */
function outOfTouch(): FabricError {
  return new FabricError('UNAVAILABLE', 'This node has lost touch with the journal. Ask another one.', {
    reason: 'stale',
  })
}

/** Refuses whom it must by throwing. */
function createGuard(options: ServerOptions, served: ServedNames, limits: RateLimits) {
  const authenticate = authenticator(options.fabric, options.token)
  return (request: FastifyRequest): void => {
    checkHost(request.headers, served)
    if (isOpen(request)) return
    request.principal = authenticate(request.headers)
    limits.take(request.principal)
  }
}

function isOpen({ url, routeOptions }: FastifyRequest): boolean {
  const open = routeOptions.config?.open
  return typeof open === 'function' ? open(url.replace(/\?.*$/, '')) : open === true
}

/** Has the fabric write down whom the guard refused: the route, not the path, in which strangers type what they like. */
function recordIn(fabric: Fabric) {
  return (error: unknown, { method, routeOptions, ip, principal }: FastifyRequest): Promise<void> => {
    const operation = `${method} ${routeOptions.url ?? '?'}`
    return fabric.noteRefusal({
      code: asFabricError(error).code,
      operation,
      actor: principal?.actor ?? ANONYMOUS,
      remote: ip,
    })
  }
}

function tellFault(reference: string): FabricError {
  const message = `A fault in InfraFabric itself. Its log has the cause under reference ${reference}; please report it.`
  return new FabricError('INTERNAL', message, { reference })
}

function writeFault({ reference, route, error }: ServerFault): void {
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`fault ${reference} in ${route}: ${cause}\n`)
}
