import type { EnvironmentVaultConfig } from '../../model/vault.js'
import { requireSecretName, requireSecretValue, type Vault, vaultError } from './vault.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** Secrets in variables of this process: `github-token` is `IFAB_SECRET_GITHUB_TOKEN`. No child ever gets them. */
export class EnvironmentVault implements Vault {
  readonly #prefix: string
  readonly #env: Environment

  constructor({ prefix }: EnvironmentVaultConfig, env: Environment) {
    this.#prefix = prefix
    this.#env = env
  }

  async secret(name: string): Promise<string> {
    const variable = this.#prefix + requireSecretName(name).toUpperCase().replaceAll('-', '_')
    const value = this.#env[variable]
    if (value !== undefined && value !== '') return requireSecretValue(name, value)
    const message = `There is no secret ${name}: the variable ${variable} is not set for the process of the fabric.`
    throw vaultError('NOT_FOUND', 'missing', message)
  }

  forget(): void {}
}
