import * as z from 'zod'
import { LIMITS } from '../../model/limits.js'
import { isLoopback } from '../../model/loopback.js'
import { hostFields, portOf } from '../contract/contract-schema.js'
import type { CredentialEndpoint } from './credential.js'

/** Names of secrets, the same for every vault. */
export const SECRET_NAME = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/

/** Headers of the connection itself: a secret in one of them would change the request and not be in it (RFC 9110). */
const OWN_HEADERS =
  /^(?:host|content-length|content-type|transfer-encoding|te|trailer|connection|keep-alive|upgrade|expect|proxy-.*)$/

const injection = z
  .strictObject({
    name: z
      .string()
      .regex(SECRET_NAME, { error: 'is no name of a secret. Use small letters, digits, - and _, at most 64.' })
      .describe('Name of the secret in the vault.'),
    header: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, { error: 'is no name of a header. Write it in small letters.' })
      .refine((header) => !OWN_HEADERS.test(header), {
        error: 'belongs to the connection. Use authorization or another one.',
      })
      .describe('Header that carries it, in small letters, such as authorization.'),
    prefix: z
      .string()
      .regex(/^[!-~][ -~]{0,31}$/, { error: 'is no prefix. Write up to 32 ordinary characters, such as "Bearer ".' })
      .describe('What stands before it, such as "Bearer ".')
      .exactOptional(),
  })
  .describe('Secret that the fabric puts into each request, out of its vault. The module never sees it.')

const fields = { ...hostFields, inject: injection.exactOptional() }

/** As people write it: what is left out is as in a contract. */
const written = z
  .strictObject(fields)
  .transform(({ port, scheme, ...rest }): CredentialEndpoint => ({ ...rest, scheme, port: portOf(scheme, port) }))

/** As it stands in the log, with every field. */
const complete = z.strictObject({
  ...fields,
  port: hostFields.port.unwrap(),
  scheme: hostFields.scheme.unwrap(),
  methods: hostFields.methods.unwrap(),
  paths: hostFields.paths.unwrap(),
})

function listOf<Endpoint extends z.ZodType<CredentialEndpoint>>(endpoint: Endpoint) {
  return z
    .array(endpoint.refine(isPrivate, { error: 'sends a secret over http, where everybody can read it. Use https.' }))
    .max(LIMITS.listItems)
    .refine((list) => Buffer.byteLength(JSON.stringify(list)) <= LIMITS.credentialBytes, {
      error: `is larger than ${LIMITS.credentialBytes} bytes as JSON. Name fewer hosts and paths.`,
    })
}

function isPrivate({ scheme, host, inject }: CredentialEndpoint): boolean {
  return inject === undefined || scheme === 'https' || isLoopback(host)
}

/** Endpoints as people write them. */
export const writtenEndpoints = listOf(written)
/** Endpoints as the log has them. */
export const completeEndpoints = listOf(complete)
