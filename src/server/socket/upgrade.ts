import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'

/** The connection of a request that asks for another protocol. */
export interface Upgrade {
  readonly socket: Duplex
  readonly head: Buffer
}

const TOKEN_PROTOCOL = /^ifab\.bearer\.([\x21-\x2b\x2d-\x7e]{1,1024})$/

/**
 * Sends requests that ask for another protocol the way of all requests, so that the guard and the answers to errors are the
 * same. Answers what asks for the connection of a request; undefined for one that wants to stay with HTTP.
 */
export function routeUpgrades(app: FastifyInstance, path: string): (raw: IncomingMessage) => Upgrade | undefined {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>()
  app.server.on('upgrade', (raw: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Nobody else hears of errors until the connection has become a WebSocket.
    socket.on('error', () => socket.destroy())
    upgrades.set(raw, { socket, head })
    if (raw.url?.replace(/\?.*$/s, '') === path) takeTokenFromProtocols(raw)
    const response = new ServerResponse(raw)
    response.shouldKeepAlive = false
    // Node reads no further request from this connection.
    response.once('finish', () => socket.end())
    try {
      response.assignSocket(socket as unknown as Parameters<ServerResponse['assignSocket']>[0])
    } catch {
      // An earlier request of this connection is not answered yet, which no client has a reason for.
      socket.destroy()
      return
    }
    app.routing(raw, response)
  })
  return (raw) => upgrades.get(raw)
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
