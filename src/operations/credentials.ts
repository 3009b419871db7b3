import * as z from 'zod'
import { type CredentialRow, isLive } from '../chassis/credential/credential.js'
import { writtenEndpoints } from '../chassis/credential/endpoint-schema.js'
import { pageById } from '../coordinator/queries.js'
import { LIMITS } from '../model/limits.js'
import { formatTimestamp, MINUTE_MS, SECOND_MS } from '../model/time.js'
import * as field from './fields.js'
import { allowedHost } from './modules.js'
import { operation } from './operation.js'
import { presentPage } from './present.js'
import { timestamp } from './views.js'

/** Rights of claims to send requests. No secret is in any of them: they name where it is. */

const TTL_MS = 5 * MINUTE_MS
/** For how long a credential that was rotated stays good. */
const GRACE_MS = 30 * SECOND_MS

const ttlMs = z.int().min(SECOND_MS).max(LIMITS.credentialTtlMs).default(TTL_MS)

const credentialView = z.strictObject({
  id: field.id,
  swarm: field.id,
  task: field.id,
  epoch: field.epoch,
  endpoints: z
    .array(
      z.strictObject({
        ...allowedHost.shape,
        inject: z
          .strictObject({ name: z.string(), header: z.string(), prefix: z.string().exactOptional() })
          .exactOptional(),
      }),
    )
    .readonly(),
  issuedAt: timestamp,
  issuedBy: z.string(),
  expiresAt: timestamp,
  /** The credential in whose place it is, after a rotation. */
  replaces: field.id.exactOptional(),
})

export const issue = operation({
  summary:
    'Issue a credential to the holder of a claim: the module that does its task may send requests to these endpoints.',
  role: 'admin',
  method: 'POST',
  path: '/v1/credentials',
  input: z.strictObject({
    swarm: field.id,
    task: field.id,
    epoch: field.epoch,
    endpoints: writtenEndpoints,
    ttlMs,
  }),
  output: credentialView,
  example: {
    swarm: 'tokenizer',
    task: 'A',
    epoch: 12,
    endpoints: [
      {
        ...{ host: 'api.example.com', port: 443, scheme: 'https' },
        methods: ['GET', 'POST'],
        paths: ['/v1/'],
        inject: { name: 'example-token', header: 'authorization', prefix: 'Bearer ' },
      },
    ],
  },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, input) =>
    presentCredential(await fabric.submit({ type: 'issue_credential', ...input }, origin)),
})

export const list = operation({
  summary: 'List the credentials that are good, in order of their ids.',
  role: 'admin',
  method: 'GET',
  path: '/v1/credentials',
  input: z.strictObject({ swarm: field.id.exactOptional(), task: field.id.exactOptional(), ...field.page }),
  output: field.pageOf(credentialView),
  example: { swarm: 'tokenizer' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { swarm, task, ...page }) =>
    presentPage(
      await fabric.read(({ chassis }, now) => {
        const isWanted = (row: CredentialRow) =>
          isLive(row, now) && (swarm ?? row.swarm) === row.swarm && (task ?? row.task) === row.task
        return pageById([...chassis.credentials.values()].filter(isWanted), page)
      }),
      presentCredential,
    ),
})

export const rotate = operation({
  summary: 'Put a new credential in the place of one; the old one stays good for half a minute.',
  role: 'admin',
  method: 'POST',
  path: '/v1/credentials/:id/rotate',
  input: z.strictObject({ id: field.id, ttlMs }),
  output: credentialView,
  example: { id: 'credential-17' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, input) => {
    const command = { type: 'rotate_credential', graceMs: GRACE_MS, ...input } as const
    return presentCredential(await fabric.submit(command, origin))
  },
})

export const revoke = operation({
  summary: 'End a credential, and what it was rotated from and to, at once.',
  role: 'admin',
  method: 'POST',
  path: '/v1/credentials/:id/revoke',
  input: z.strictObject({ id: field.id, reason: field.note.exactOptional() }),
  output: credentialView,
  example: { id: 'credential-17', reason: 'the module sends too much' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, input) =>
    presentCredential(await fabric.submit({ type: 'revoke_credential', ...input }, origin)),
})

function presentCredential({ issuedAt, expiresAt, ...row }: CredentialRow): z.output<typeof credentialView> {
  return { ...row, issuedAt: formatTimestamp(issuedAt), expiresAt: formatTimestamp(expiresAt) }
}
