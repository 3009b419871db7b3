import { LIMITS } from '../../model/limits.js'
import type { Injection } from '../credential/credential.js'
import { requireSecretValue } from '../vault/vault.js'
import type { SecretSource } from './egress.js'
import type { OutgoingRequest } from './read-request.js'
import { EgressRefusal } from './refusal.js'
import { plainName } from './request-headers.js'

const HEADER = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const PREFIX = /^[\x20-\x7e]*$/

export interface InjectedRequest {
  readonly request: OutgoingRequest
  /** What must not come back. */
  readonly secrets: readonly string[]
}

/** Puts the secret of an endpoint into a request, over what the module put there. Throws SECRET_UNAVAILABLE. */
export async function inject(
  request: OutgoingRequest,
  { name, header, prefix = '' }: Injection,
  source: SecretSource,
  signal: AbortSignal,
): Promise<InjectedRequest> {
  const secret = await secretOf(name, source, signal)
  if (!HEADER.test(header) || !PREFIX.test(prefix)) throw unavailable('The header for the secret is none.')
  const others = [...request.headers].filter(([name]) => plainName(name) !== plainName(header))
  const headers = new Map([...others, [header, prefix + secret]])
  return { request: { ...request, headers }, secrets: [secret, ...insideOf(secret, prefix)] }
}

async function secretOf(name: string, source: SecretSource, signal: AbortSignal): Promise<string> {
  try {
    return requireSecretValue(name, await source.secret(name, signal))
  } catch (cause) {
    throw unavailable('The vault does not give the secret that belongs into the request, or it is none.', { cause })
  }
}

/** RFC 7617: with `Basic` the secret is base64 of a user and a password. Servers repeat what they read in it. */
function insideOf(secret: string, prefix: string): string[] {
  if (!/^basic\s/i.test(prefix)) return []
  const pair = Buffer.from(secret, 'base64').toString('latin1')
  const password = pair.slice(pair.indexOf(':') + 1)
  return [pair, password].filter((text) => /^[ -~]+$/.test(text) && text.length >= LIMITS.leastSecretChars)
}

function unavailable(message: string, options?: ErrorOptions): EgressRefusal {
  return new EgressRefusal('SECRET_UNAVAILABLE', `${message} Tell the operator of the fabric.`, options)
}
