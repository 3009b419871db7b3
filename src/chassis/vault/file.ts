import * as z from 'zod'
import { isFabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { FileVaultConfig } from '../../model/vault.js'
import { readUserFile } from '../../user-file/user-file.js'
import { SECRET_NAME } from '../credential/endpoint-schema.js'
import { readPrivateFile } from './private-file.js'
import { requireSecretName, requireSecretValue, type Vault, vaultError } from './vault.js'

const schema = z.record(z.string().regex(SECRET_NAME), z.string())

/** Secrets in a YAML or JSON file, `name: value`, that is read each time, so that a change counts at once. */
export class FileVault implements Vault {
  readonly #path: string

  constructor({ path }: FileVaultConfig) {
    this.#path = path
  }

  async secret(name: string): Promise<string> {
    requireSecretName(name)
    const secrets = this.#parse(await readPrivateFile(this.#path, LIMITS.secretFileBytes))
    const value = Object.hasOwn(secrets, name) ? secrets[name] : undefined
    if (value !== undefined) return requireSecretValue(name, value)
    throw vaultError('NOT_FOUND', 'missing', `There is no secret ${name} in ${this.#path}.`)
  }

  forget(): void {}

  /** What is wrong with a line is not said in the parser's words: they could quote a secret. */
  #parse(source: string): Readonly<Record<string, string>> {
    const options = { file: this.#path, source, maxBytes: LIMITS.secretFileBytes, schemaFor: () => schema }
    try {
      return readUserFile(options).value
    } catch (error) {
      if (!isFabricError(error, 'INVALID_ARGUMENT')) throw error
      const [first] = (error.details.problems ?? [error.details]) as readonly { readonly line?: number }[]
      const line = first?.line === undefined ? '' : `:${first.line}`
      const message = `${this.#path}${line}: This is no map of names and secrets. Write each as name: "value", in quotes.`
      throw vaultError('INVALID_ARGUMENT', 'unreadable', message)
    }
  }
}
