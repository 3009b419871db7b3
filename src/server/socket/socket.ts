import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type WebSocket, WebSocketServer } from 'ws'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { Principal } from '../../model/principal.js'
import type { ServerFault } from '../app.js'
import { principalOf } from '../caller.js'
import { sendProblem } from '../problem.js'
import type { Pushing } from '../push/pushing.js'
import type { RateLimits } from '../rate-limits.js'
import { shuttingDown } from '../waits.js'
import { Mailroom } from './mailroom.js'
import { CLOSE, Outbox } from './outbox.js'
import { Session } from './session.js'
import { routeUpgrades } from './upgrade.js'
import { WorkHints } from './work-hints.js'

const PATH = '/v1/socket'
const PROTOCOL = 'ifab.v1'

export interface SocketOptions extends Pushing {
  readonly limits: RateLimits
  readonly onFault: (fault: ServerFault) => void
  /** What a client is told of a fault, whose cause only the operator sees. */
  readonly tellFault: (reference: string) => FabricError
}

/** `GET /v1/socket`: a WebSocket (RFC 6455) on which a worker calls operations and is told of messages, stops and work. */
export function addSocket(app: FastifyInstance, options: SocketOptions): void {
  const { waits, places } = options
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: LIMITS.socketMessageBytes,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  })
  const hints = new WorkHints(options.fabric)
  const shared = { ...options, hints, mailroom: new Mailroom(options.fabric, hints) }
  const upgradeOf = routeUpgrades(app, PATH)
  app.get(PATH, (request, reply) => {
    const principal = principalOf(request)
    const upgrade = upgradeOf(request.raw)
    if (upgrade === undefined || !isHandshake(request)) {
      refuse(reply)
      return
    }
    chooseProtocol(request)
    const leave = places.take(principal, 'websocket')
    reply.hijack()
    if (upgrade.socket.destroyed) leave()
    else reply.raw.once('close', leave)
    server.handleUpgrade(request.raw, upgrade.socket, upgrade.head, (socket) => {
      const talk = (signal: AbortSignal, abort: (reason: Error) => void) =>
        converse(socket, { signal, abort }, principal, shared)
      waits.during(reply.raw, talk).catch(() => socket.terminate())
    })
  })
}

type Shared = SocketOptions & { readonly hints: WorkHints; readonly mailroom: Mailroom }

interface Life {
  readonly signal: AbortSignal
  readonly abort: (reason: Error) => void
}

/** Resolves when the connection is closed. */
function converse(socket: WebSocket, { signal, abort }: Life, principal: Principal, shared: Shared): Promise<void> {
  const outbox = new Outbox(socket)
  const pause = (ms: number) => {
    socket.pause()
    setTimeout(() => socket.resume(), ms)
  }
  const session = new Session({ ...shared, principal, outbox, signal, pause })
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) outbox.close(CLOSE.notText, 'Send JSON as text.')
    else void session.receive(data.toString())
  })
  // What is wrong with a frame is told with the code of the close.
  socket.on('error', () => undefined)
  signal.addEventListener('abort', () => outbox.close(CLOSE.shuttingDown, shuttingDown().message), { once: true })
  const stopBeating = shared.pulse.add(() => outbox.beat())
  const stopWatching = shared.standings.watch(principal, (reason) => {
    outbox.close(CLOSE.tokenEnded, reason.message)
    // What waits must take no work any more, however long the client takes to close.
    abort(reason)
  })
  return new Promise((resolve) => {
    socket.once('close', () => {
      stopBeating()
      stopWatching()
      resolve()
    })
  })
}

const KEY = /^[+/0-9A-Za-z]{22}==$/

/** What the library asks for as well, but would not answer as a problem. */
function isHandshake({ headers }: FastifyRequest): boolean {
  const { upgrade, 'sec-websocket-key': key, 'sec-websocket-version': version } = headers
  return upgrade?.toLowerCase() === 'websocket' && version === '13' && KEY.test(key ?? '')
}

function refuse(reply: FastifyReply): void {
  const message = 'This path is for WebSockets (RFC 6455, version 13). Connect with a WebSocket client.'
  reply.header('upgrade', 'websocket').header('sec-websocket-version', '13')
  sendProblem(reply, new FabricError('INVALID_ARGUMENT', message), 426)
}

/** A browser that offers protocols gives up unless one of them is chosen. */
function chooseProtocol({ raw: { headers } }: FastifyRequest): void {
  const offered = headers['sec-websocket-protocol']
  if (offered === undefined) return
  if (!offered.split(',').some((name) => name.trim() === PROTOCOL)) {
    const message = `Offer the subprotocol ${PROTOCOL}, or none.`
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'Sec-WebSocket-Protocol' })
  }
  headers['sec-websocket-protocol'] = PROTOCOL
}
