import type { IncomingHttpHeaders } from 'node:http'
import { FabricError } from '../model/errors.js'

/** Names by which a browser or a tool on this machine reaches a loopback listener. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** By which names a server is reached. */
export interface ServedNames {
  readonly scheme: 'http' | 'https'
  /** Lower case, without a port; `*.example.com` stands for every name one level below. */
  readonly names: readonly string[]
  /** The one by which callers on this machine reach it. */
  readonly localName: string
  /** What browsers see in front of it, where a proxy ends their connections. */
  readonly publicOrigin?: string
}

/**
 * Refuses what a web page could make a browser send: a name that was bound to this address (DNS rebinding) or a request
 * from another site. Throws FORBIDDEN.
 */
export function checkHost(headers: IncomingHttpHeaders, served: ServedNames): void {
  const { host, origin } = headers
  const name = host?.replace(/:\d{1,5}$/, '').toLowerCase()
  if (host === undefined || name === undefined || !isServed(name, served.names)) {
    throw new FabricError('FORBIDDEN', 'The Host header does not name this server. Use the address that it was given.')
  }
  if (origin === undefined || origin === `${served.scheme}://${host}` || origin === served.publicOrigin) return
  throw new FabricError('FORBIDDEN', 'Requests from pages of another origin are refused.')
}

function isServed(name: string, names: readonly string[]): boolean {
  if (LOOPBACK_NAMES.includes(name) || names.includes(name)) return true
  const above = name.slice(name.indexOf('.'))
  return names.some((served) => served.startsWith('*.') && served.slice(1) === above)
}
