import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'

/** The connection of a request that asks for a WebSocket. */
export interface Upgrade {
  readonly socket: Socket
  readonly head: Buffer
}

const TOKEN_PROTOCOL = /^ifab\.bearer\.([\x21-\x2b\x2d-\x7e]{1,1024})$/

/**
 * Sends requests that ask for a WebSocket the way of all requests, so that the guard and the answers to errors are the
 * same. Answers what asks for the connection of a request; undefined for one that wants to stay with HTTP.
 */
export function routeUpgrades(app: FastifyInstance, path: string): (raw: IncomingMessage) => Upgrade | undefined {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>()
  app.server.on('upgrade', (raw: IncomingMessage, socket: Socket, head: Buffer) => {
    if (raw.headers.upgrade?.toLowerCase() !== 'websocket') {
      stayWithHttp(app.server, raw, socket, head)
      return
    }
    // Nobody else hears of errors until the connection has become a WebSocket.
    socket.on('error', () => socket.destroy())
    upgrades.set(raw, { socket, head })
    if (raw.url?.replace(/\?.*$/s, '') === path) takeTokenFromProtocols(raw)
    const response = new ServerResponse(raw)
    response.shouldKeepAlive = false
    // Node reads no further request from this connection.
    response.once('finish', () => socket.destroySoon())
    try {
      response.assignSocket(socket)
    } catch {
      // An earlier request of this connection is not answered yet, which no client has a reason for.
      socket.destroy()
      return
    }
    app.routing(raw, response)
  })
  return (raw) => upgrades.get(raw)
}

/**
 * Clients may offer HTTP/2 with any request, Java's does, and a server that does not want it answers as if they had not. Node
 * does not do that once somebody listens for upgrades, so the request is put back without its offer.
 */
function stayWithHttp(
  server: Server,
  { method, url, rawHeaders }: IncomingMessage,
  socket: Socket,
  head: Buffer,
): void {
  const lines = [`${method} ${url} HTTP/1.1`]
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'upgrade') lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket)
}

/** Browsers cannot send headers with a WebSocket, only names of protocols: one of them may carry the token. */
function takeTokenFromProtocols({ headers }: IncomingMessage): void {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  const others = offered.filter((name) => !TOKEN_PROTOCOL.test(name))
  const [, token] = TOKEN_PROTOCOL.exec(offered.find((name) => TOKEN_PROTOCOL.test(name)) ?? '') ?? []
  if (token === undefined) return
  headers['sec-websocket-protocol'] = others.join(', ')
  headers.authorization ??= `Bearer ${token}`
}
