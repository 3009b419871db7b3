import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { FabricError } from '../model/errors.js'
import { isLoopback } from '../model/loopback.js'
import type { ServedNames } from './guard.js'

export const DEFAULT_LISTEN = '127.0.0.1:7420'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** What makes it safe to listen where other machines can connect. */
export interface Exposure {
  /** PEM of the certificate chain and of its key: this server speaks TLS itself. */
  readonly tls?: TlsFiles
  /** `https://name` of the proxy that ends TLS in front of this server. */
  readonly behindProxy?: string
}

export interface TlsFiles {
  readonly certificate: string
  readonly key: string
}

/**
 * Reads `HOST:PORT` (`[::1]:7420` for IPv6). Throws INVALID_ARGUMENT for what is not one, and for an address beyond
 * loopback without TLS: tokens would cross the network for everybody to read.
 */
export function parseListen(text: string, { tls, behindProxy }: Exposure = {}): ListenAddress {
  const match = /^(?:\[([0-9a-f:]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(text)
  const host = (match?.[1] ?? match?.[2])?.toLowerCase()
  const port = Number(match?.[3])
  if (host === undefined || !(port <= 65_535)) {
    throw refused(`use HOST:PORT, for example ${DEFAULT_LISTEN}.`)
  }
  if (!isLoopback(host) && tls === undefined && behindProxy === undefined) {
    throw refused(
      `${host} is reachable from other machines, and tokens would cross the network unencrypted. Give --tls-cert and ` +
        '--tls-key, or name the proxy that ends TLS with --behind-proxy https://NAME, or listen on 127.0.0.1.',
    )
  }
  return { host, port }
}

/** What a certificate may call this machine, for callers on it. */
const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** The names by which callers may reach a server that listens there. Throws INVALID_ARGUMENT. */
export function servedNames({ host }: ListenAddress, { tls, behindProxy }: Exposure = {}): ServedNames {
  const scheme = tls === undefined ? 'http' : 'https'
  const own = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host)
  const certified = tls === undefined ? [] : certifiedNames(tls.certificate)
  if (tls !== undefined) requirePair(tls)
  const localName =
    tls === undefined ? own : (LOCAL_NAMES.find((name) => certified.includes(name)) ?? certified[0] ?? own)
  const names = [own, ...certified]
  if (behindProxy === undefined) return { scheme, names, localName }
  const publicOrigin = originOf(behindProxy)
  return { scheme, names: [...names, new URL(publicOrigin).hostname], localName, publicOrigin }
}

/** Names and addresses that a certificate speaks for (subjectAltName, RFC 5280). */
function certifiedNames(pem: string): string[] {
  const { subjectAltName } = readCertificate(pem)
  const names = (subjectAltName ?? '')
    .split(', ')
    .flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? [])
  if (names.length > 0) return names.map((name) => (name.includes(':') ? `[${name}]` : name).toLowerCase())
  throw new FabricError(
    'INVALID_ARGUMENT',
    'tls: the certificate names no host (subjectAltName). Have it issued anew.',
    {
      field: 'tls',
    },
  )
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    const message = 'tls: the certificate is not PEM. Give the file that starts with -----BEGIN CERTIFICATE-----.'
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'tls' }, { cause })
  }
}

function requirePair({ certificate, key }: TlsFiles): void {
  try {
    createSecureContext({ cert: certificate, key })
  } catch (cause) {
    const message = 'tls: the key is not the private key of the certificate. Give the two files that belong together.'
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'tls' }, { cause })
  }
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' && url.pathname === '/' && url.search === '' && url.username === '') return url.origin
  throw new FabricError('INVALID_ARGUMENT', `behind-proxy: ${text} is not the origin of a proxy. Use https://NAME.`, {
    field: 'behindProxy',
  })
}

function refused(why: string): FabricError {
  return new FabricError('INVALID_ARGUMENT', `listen: ${why}`, { field: 'listen' })
}
