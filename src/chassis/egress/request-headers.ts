import { LIMITS } from '../../model/limits.js'
import { EgressRefusal } from './refusal.js'

/** RFC 9110, section 5.6.2. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Printable ASCII, spaces and tabs: nothing that ends a line. */
const VALUE = /^[\t\x20-\x7e]*$/

/** Headers that are taken out of what a module sends. */
const STRIPPED: ReadonlySet<string> = new Set([
  // Of the connection (RFC 9110, section 7.6.1), which is ours, as are the framing and the address.
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'content-length',
  'expect',
  'host',
  // Compressed, in pieces or in another encoding, an echoed secret would not be found.
  'accept-encoding',
  'accept-charset',
  'a-im',
  'range',
  'if-range',
  // Who asks is what the credential says.
  'authorization',
  'cookie',
  'cookie2',
  'remote-user',
  'x-remote-user',
  // Who asked, as proxies tell it, and whom.
  'via',
  'x-real-ip',
  'true-client-ip',
  'client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-originating-ip',
  'x-remote-ip',
  'x-remote-addr',
  'x-host',
  'x-original-host',
  // Another method or path than the ones that were checked.
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-http-path-override',
  'x-original-url',
  'x-original-uri',
  'x-original-path',
  'x-envoy-original-path',
  'x-override-url',
  'x-rewrite-url',
])
/** `Proxy` becomes the proxy of programs that run under CGI. */
const STRIPPED_PREFIX = /^(?:proxy|forwarded|x-forwarded)(?:-|$)/

/** The headers of a module that are sent, names in lower case. Throws INVALID_REQUEST and TOO_LARGE. */
export function requestHeaders(given: unknown): Map<string, string> {
  const entries = entriesOf(given)
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (bytes > LIMITS.egressHeaderBytes) throw tooMany()
  const headers = new Map<string, string>()
  for (const [name, value] of entries) {
    const lower = name.toLowerCase()
    if (!NAME.test(name)) throw invalid('A name of a header has characters that it may not have.')
    if (!VALUE.test(value))
      throw invalid(`The header ${lower} has characters that it may not have: printable ASCII only.`)
    if (headers.has(lower)) throw invalid(`The header ${lower} is there twice.`)
    if (!isStripped(lower)) headers.set(lower, value.trim())
  }
  return headers
}

function entriesOf(given: unknown): [name: string, value: string][] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw invalid('The headers are no object.')
  const entries = Object.entries(given)
  if (entries.length > LIMITS.egressHeaders) throw tooMany()
  if (entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) return entries
  throw invalid('A header has a value that is no text.')
}

/** `name` is in lower case. */
function isStripped(name: string): boolean {
  const plain = plainName(name)
  return STRIPPED.has(plain) || STRIPPED_PREFIX.test(plain)
}

/** Servers that hand headers on as variables make an underscore of whatever is no letter or digit. */
export function plainName(lowerCase: string): string {
  return lowerCase.replace(/[^a-z0-9]/g, '-')
}

function tooMany(): EgressRefusal {
  const most = `${LIMITS.egressHeaders} headers with ${LIMITS.egressHeaderBytes} bytes together`
  return new EgressRefusal('TOO_LARGE', `The request has more than ${most}. Send fewer.`)
}

function invalid(message: string): EgressRefusal {
  return new EgressRefusal('INVALID_REQUEST', message)
}
