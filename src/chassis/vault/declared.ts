import { LIMITS } from '../../model/limits.js'
import type { Vault } from './vault.js'

/** Keeps a secret out of texts, such as those of a log, until it is taken back. */
export type Declare = (secret: string) => () => void

/** Names each secret that a vault gives, before anybody has it, to those who keep secrets out of what they write. */
export class DeclaredVault implements Vault {
  readonly #vault: Vault
  readonly #declare: readonly Declare[]
  /** Value -> what takes it back; the one that was used last is the last. */
  readonly #declared = new Map<string, readonly (() => void)[]>()

  constructor(vault: Vault, declare: readonly Declare[]) {
    this.#vault = vault
    this.#declare = declare
  }

  async secret(name: string, signal?: AbortSignal): Promise<string> {
    const value = await this.#vault.secret(name, signal)
    const before = this.#declared.get(value) ?? this.#declare.map((declare) => declare(value))
    this.#declared.delete(value)
    this.#declared.set(value, before)
    if (this.#declared.size > LIMITS.vaultSecrets) this.#takeOldestBack()
    return value
  }

  forget(name: string): void {
    this.#vault.forget(name)
  }

  /** What was rotated away so often is not used any more. */
  #takeOldestBack(): void {
    for (const [value, withdrawals] of this.#declared) {
      for (const withdraw of withdrawals) withdraw()
      this.#declared.delete(value)
      return
    }
  }
}
