import { LIMITS } from '../../model/limits.js'
import { EgressRefusal } from './refusal.js'
import type { Scrubber } from './scrub.js'

/** Headers that a module does not get: of the connection, of the framing, and what was made for whoever has the secret. */
const WITHHELD: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'content-length',
  'set-cookie',
  'set-cookie2',
  'authentication-info',
])

/** `raw` is names and values by turns. Throws TOO_LARGE. */
export function responseHeaders(raw: readonly string[]): Map<string, string> {
  if (raw.length / 2 > LIMITS.egressHeaders) {
    throw new EgressRefusal('TOO_LARGE', `The response has more than ${LIMITS.egressHeaders} headers.`)
  }
  const headers = new Map<string, string>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]?.toLowerCase() ?? ''
    const value = raw[at + 1] ?? ''
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return headers
}

/** What a module gets of them. A name in which a secret was found is left out with its value. */
export function shownHeaders(headers: ReadonlyMap<string, string>, scrubber: Scrubber): Record<string, string> {
  const shown = [...headers].filter(([name]) => {
    return !WITHHELD.has(name) && !name.startsWith('proxy-') && !scrubber.finds(name)
  })
  return Object.fromEntries(shown.map(([name, value]) => [name, scrubber.text(value)]))
}
