import { LIMITS } from '../model/limits.js'
import type { EntryOf } from './entries.js'
import { requireFabric } from './require-person.js'
import type { Decide, Evolve } from './transition.js'

/** Writes down that a request was sent. Whether the credential is still there does not matter: it has happened. */
export const recordCredentialUse: Decide<'record_credential_use'> = (_state, { type: _, id, ...use }, { actor }) => {
  requireFabric(actor, 'record uses of credentials')
  return { entries: [{ type: 'credential_used', subject: id, data: use }], reply: () => ({ recorded: true }) }
}

/** Writes down that requests were refused; what they were for is what a guest wrote, so it is cut. */
export const recordCredentialRefusal: Decide<'record_credential_refusal'> = (_state, command, { actor }) => {
  requireFabric(actor, 'record refusals')
  const { type: _, id, host, method, ...refusal } = command
  const data = {
    ...refusal,
    ...(host !== undefined && { host: host.slice(0, LIMITS.hostChars) }),
    ...(method !== undefined && { method: method.slice(0, LIMITS.methodChars) }),
  }
  return {
    entries: [{ type: 'credential_refused', subject: id ?? refusal.task, data }],
    reply: () => ({ recorded: true }),
  }
}

/** Both are there to be read; no decision rests on them. */
export const credentialUsed: Evolve<EntryOf<'credential_used'>> = () => undefined
export const credentialRefused: Evolve<EntryOf<'credential_refused'>> = () => undefined
