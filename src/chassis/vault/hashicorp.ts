import { LIMITS } from '../../model/limits.js'
import type { HashicorpVaultConfig } from '../../model/vault.js'
import type { Environment } from './environment.js'
import { readPrivateFile } from './private-file.js'
import { requireSecretName, requireSecretValue, type Vault, vaultError } from './vault.js'

/**
 * Secrets in HashiCorp Vault: each is a secret of a KV engine, version 2, and one field of it is the value. A request is
 * `GET /v1/<mount>/data/<path>/<name>` (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version).
 */
export class HashicorpVault implements Vault {
  readonly #config: HashicorpVaultConfig
  readonly #env: Environment

  constructor(config: HashicorpVaultConfig, env: Environment) {
    this.#config = config
    this.#env = env
  }

  async secret(name: string, signal?: AbortSignal): Promise<string> {
    requireSecretName(name)
    const token = await this.#token()
    const timeout = AbortSignal.timeout(this.#config.timeoutMs)
    const ends = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    try {
      const response = await this.#get(name, token, ends)
      return requireSecretValue(name, this.#valueOf(name, await readAnswer(response)))
    } catch (error) {
      if (timeout.aborted) throw unavailable('timeout', `it did not answer in ${this.#config.timeoutMs} ms`)
      if (ends.aborted) throw unavailable('timeout', 'the request for the secret was given up')
      throw error
    }
  }

  forget(): void {}

  /** Read each time: whatever renews it may put another in its place. */
  async #token(): Promise<string> {
    const { tokenEnv, tokenFile } = this.#config
    if (tokenFile !== undefined) return requireToken((await readPrivateFile(tokenFile, LIMITS.secretFileBytes)).trim())
    const token = this.#env[tokenEnv ?? '']
    if (token !== undefined && token !== '') return requireToken(token)
    const message = `The variable ${tokenEnv} is not set for the process of the fabric. It holds the token for the vault.`
    throw vaultError('INVALID_ARGUMENT', 'missing', message)
  }

  async #get(name: string, token: string, signal: AbortSignal): Promise<Response> {
    const { address, mount, path, namespace } = this.#config
    const segments = [...mount.split('/'), 'data', ...(path?.split('/') ?? []), name]
    const url = new URL(`/v1/${segments.map(encodeURIComponent).join('/')}`, address)
    const headers = {
      'x-vault-token': token,
      // Asks an agent in between to take no request that a browser was tricked into.
      'x-vault-request': 'true',
      ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
    }
    const response = await fetch(url, { headers, redirect: 'manual', signal }).catch((error) => {
      const cause = error instanceof Error ? error.cause : undefined
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no connection'
      throw unavailable('unreachable', `it cannot be reached (${code})`)
    })
    if (response.status === 200) return response
    response.body?.cancel().catch(() => {})
    throw refusal(name, response.status)
  }

  #valueOf(name: string, text: string): string {
    const { field } = this.#config
    const fields = fieldsOf(fieldsOf(fieldsOf(parseJson(text)).data).data)
    const value = Object.hasOwn(fields, field) ? fields[field] : undefined
    if (typeof value === 'string') return value
    const message = `The secret ${name} of the vault has no text in the field ${field}. Store it there, or name another field.`
    throw vaultError('NOT_FOUND', 'missing', message)
  }
}

/** What an answer of the vault means. Its own words are left out: they may say more than a caller should know. */
function refusal(name: string, status: number): Error {
  if (status === 404) {
    const message = `The vault has no secret ${name}, or its newest version is deleted.`
    return vaultError('NOT_FOUND', 'missing', message)
  }
  if (status === 401 || status === 403) {
    const message = `The vault does not give the secret ${name} to the token of this fabric. Check its policy and its end.`
    return vaultError('FORBIDDEN', 'denied', message)
  }
  if (status === 503) return unavailable('sealed', 'it is sealed or in maintenance. Unseal it')
  if (status >= 300 && status < 400) {
    return unavailable('redirect', `it answers ${status}, a redirect, which is not followed. Name the active node`)
  }
  return unavailable('answer', `it answers ${status}`)
}

function unavailable(reason: 'timeout' | 'unreachable' | 'sealed' | 'redirect' | 'answer', what: string): Error {
  return vaultError('UNAVAILABLE', reason, `The vault does not help: ${what}.`)
}

function requireToken(token: string): string {
  if (/^[!-~]{1,4096}$/.test(token)) return token
  throw vaultError('INVALID_ARGUMENT', 'value', 'The token for the vault is none: it has spaces or line breaks in it.')
}

async function readAnswer(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > LIMITS.vaultAnswerBytes) {
      throw unavailable('answer', `its answer has more than ${LIMITS.vaultAnswerBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unavailable('answer', 'its answer is no JSON')
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
