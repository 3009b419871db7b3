import { isIP } from 'node:net'
import { LIMITS } from '../../model/limits.js'
import { EgressRefusal } from './refusal.js'

/** Where a request goes. */
export interface Target {
  readonly scheme: 'https' | 'http'
  /** Lower case, without port. Internationalised names are in Punycode, addresses in one spelling, of IPv6 in brackets. */
  readonly host: string
  readonly port: number
  /** Escaped, without the query. It has no steps of dots. */
  readonly path: string
  /** With its question mark; empty where there is none. */
  readonly query: string
}

/** Begins as a URL does, and has none of what URL parsers take out or turn round before they read. */
const ABSOLUTE = /^https?:\/\/[^/?#\\\p{C}\p{Z}][^\\\p{C}\p{Z}]*$/iu
const REFERENCE = /^[^\\\p{C}\p{Z}]+$/u
/** Dots and slashes that are escaped, also in overlong UTF-8, and control characters. */
const HIDDEN = /%(?:2e|2f|5c|c[01]|e0%[89][0-9a-f]|[01][0-9a-f]|7f)/i
/** `/..;/` leads upward on servers that take what is behind a semicolon for a parameter. */
const STEP_WITH_PARAMETER = /(?:^|\/)\.{1,2};/
/** Escapes within escapes. No honest path has as many. */
const MOST_LEVELS = 8

/** RFC 1035, section 2.3.4, as text. */
const LONGEST_HOST_CHARS = 253

/** Reads the URL that a module gave. Throws INVALID_REQUEST. */
export function readTarget(text: string): Target {
  if (text.length > LIMITS.egressUrlChars) throw invalid(`is longer than ${LIMITS.egressUrlChars} characters`)
  if (!ABSOLUTE.test(text)) throw invalid('does not begin with http:// or https://, or has spaces or backslashes')
  if (text.includes('#')) throw invalid('has a fragment')
  return targetOf(text, undefined)
}

/** Where a redirect leads: a reference (RFC 3986) as the other side wrote it. Throws as `readTarget` does. */
export function readLocation(location: string, from: Target): Target {
  if (location.length > LIMITS.egressUrlChars || !REFERENCE.test(location)) throw invalid('is malformed')
  return targetOf(location, targetText(from))
}

/** Whether the host is an address. However it was written (decimal, hexadecimal, octal, short), `URL` has read it as one. */
export function isAddress(host: string): boolean {
  return host.startsWith('[') || isIP(host) !== 0
}

function targetText({ scheme, host, port, path, query }: Target): string {
  return `${scheme}://${authorityOf({ scheme, host, port })}${path}${query}`
}

/** Value of the Host header (RFC 9110, section 7.2). */
export function authorityOf({ scheme, host, port }: Pick<Target, 'scheme' | 'host' | 'port'>): string {
  return port === defaultPort(scheme) ? host : `${host}:${port}`
}

function targetOf(text: string, base: string | undefined): Target {
  // An empty user name leaves no trace in what the parser gives.
  if (/^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]*@/i.test(text)) throw invalid('names a user')
  const path = text.split(/[?#]/, 1)[0] ?? ''
  if (hidesSteps(path)) throw invalid('has escaped dots, slashes or control characters in its path')
  const url = parse(text, base)
  const scheme = url.protocol === 'https:' ? 'https' : 'http'
  if (scheme === 'http' && url.protocol !== 'http:') throw invalid('is neither https nor http')
  if (url.username !== '' || url.password !== '') throw invalid('names a user')
  const host = url.hostname
  if (host.length > LONGEST_HOST_CHARS) throw invalid('has a host that is too long')
  if (host.endsWith('.')) throw invalid('has a host that ends in a dot')
  if (!isPlain(url.pathname)) throw invalid('has escapes in its path that are no text')
  const port = url.port === '' ? defaultPort(scheme) : Number(url.port)
  return { scheme, host, port, path: url.pathname, query: url.search }
}

function parse(text: string, base: string | undefined): URL {
  try {
    return new URL(text, base)
  } catch {
    throw invalid('is malformed')
  }
}

/**
 * Whether the other side, or a server between, could see other steps than those that are checked: on whatever level of
 * escapes, and where escapes are spelled by escapes (`%25%32%65`).
 */
function hidesSteps(path: string): boolean {
  let inner = path
  for (let level = 0; level < MOST_LEVELS; level += 1) {
    if (HIDDEN.test(inner) || STEP_WITH_PARAMETER.test(inner)) return true
    const outer = inner
    inner = outer.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    if (inner === outer) return false
  }
  return true
}

/** Whether the escapes of a path are of UTF-8, and of no control character. */
function isPlain(path: string): boolean {
  try {
    return !/\p{Cc}/u.test(decodeURIComponent(path))
  } catch {
    return false
  }
}

function defaultPort(scheme: Target['scheme']): number {
  return scheme === 'https' ? 443 : 80
}

function invalid(what: string): EgressRefusal {
  return new EgressRefusal('INVALID_REQUEST', `The URL ${what}. Write one such as https://api.example.com/v1/items.`)
}
