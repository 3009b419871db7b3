import * as z from 'zod'
import { LIMITS } from '../../model/limits.js'
import { isLoopback } from '../../model/loopback.js'
import type { VaultConfig } from '../../model/vault.js'
import * as field from '../../user-file/file-fields.js'
import { variable } from './config-channels.js'

const path = (description: string) => field.line(description)

const environment = z.strictObject({
  kind: z.literal('environment').describe('Reads secrets from variables of the process that hosts the fabric.'),
  prefix: variable('What the names of the variables begin with.').default('IFAB_SECRET_'),
})

const file = z.strictObject({
  kind: z.literal('file').describe('Reads secrets from a file that nobody else can read.'),
  path: path('YAML or JSON file of names and secrets, from the directory of this file; its mode is 0600.'),
})

/** Names between slashes; what would lead elsewhere is refused. */
const PLACE = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,15}$/

function place(description: string) {
  return z
    .string()
    .max(LIMITS.titleChars)
    .regex(PLACE, { error: 'is no path. Write names with slashes between them, such as team/infrafabric.' })
    .describe(description)
}

const hashicorp = z
  .strictObject({
    kind: z.literal('hashicorp').describe('Reads secrets from HashiCorp Vault, engine KV version 2.'),
    address: z
      .string()
      .max(LIMITS.titleChars)
      .regex(/^https?:\/\/[^\s/@?#\\]+$/, { error: 'is no origin. Write https://HOST:PORT.', abort: true })
      .refine(isPrivate, { error: 'is http, so everybody on the way could read it. Use https beyond this machine.' })
      .describe('Origin of the server, such as https://vault.example.com:8200.'),
    mount: place('Where the engine is mounted.').default('secret'),
    path: place('Directory of the secrets below the mount.').exactOptional(),
    field: field.id('Field of each secret that holds its value.').default('value'),
    namespace: place('Namespace, where the server has several.').exactOptional(),
    token_env: variable('Environment variable that holds the token.').exactOptional(),
    token_file: path('File with the token, from the directory of this file; its mode is 0600.').exactOptional(),
    timeout: field.duration([1, 60_000], 'How long an answer may take.').prefault('5s'),
    cache: field.duration([0, 3_600_000], 'How long a value is used before it is read again.').prefault('30s'),
  })
  .refine(({ token_env, token_file }) => (token_env === undefined) !== (token_file === undefined), {
    error: 'needs exactly one of token_env and token_file.',
  })
  .transform(({ token_env, token_file, timeout, cache, ...rest }): VaultConfig => {
    return {
      ...rest,
      ...(token_env !== undefined && { tokenEnv: token_env }),
      ...(token_file !== undefined && { tokenFile: token_file }),
      timeoutMs: timeout,
      cacheMs: cache,
    }
  })

/** An address that is no URL after all is for the request to refuse. */
function isPrivate(address: string): boolean {
  return !URL.canParse(address) || new URL(address).protocol === 'https:' || isLoopback(new URL(address).hostname)
}

/** `vault`: where the secrets are that requests of modules carry. */
export const vaultSection = z
  .discriminatedUnion('kind', [environment, file, hashicorp], {
    error: 'is no kind of vault. Write kind: environment, file or hashicorp.',
  })
  .transform((vault): VaultConfig => vault)
  .describe('Where the secrets are that the fabric puts into requests of modules. They are never in this file.')

/** `private_hosts`: services inside that modules may be allowed to reach. */
export const privateHostsField = z
  .array(
    z.string().regex(/^(?=.{1,259}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?:[1-9]\d{0,4}$/, {
      error: 'is no HOST:PORT in small letters. Write one such as wiki.internal:443.',
    }),
  )
  .max(LIMITS.listItems)
  .describe('HOST:PORT of services inside to which modules may send requests, where contract and credential allow it.')
