import { LIMITS } from '../../model/limits.js'
import type { Clock } from '../../model/time.js'
import type { Vault } from './vault.js'

interface Known {
  readonly value: Promise<string>
  /** Infinity while it is being read. */
  until: number
}

/** Keeps what a vault said for a moment, and asks once for what several want at the same time. Failures are not kept. */
export class CachedVault implements Vault {
  readonly #vault: Vault
  readonly #cacheMs: number
  readonly #clock: Clock
  readonly #known = new Map<string, Known>()

  constructor(vault: Vault, cacheMs: number, clock: Clock) {
    this.#vault = vault
    this.#cacheMs = cacheMs
    this.#clock = clock
  }

  secret(name: string): Promise<string> {
    const known = this.#known.get(name)
    if (known !== undefined && known.until > this.#clock.now()) return known.value
    return this.#read(name)
  }

  forget(name: string): void {
    this.#known.delete(name)
  }

  /** Without the signal of a caller: others may wait for the same answer, which has a time limit of its own. */
  #read(name: string): Promise<string> {
    const known: Known = { value: this.#vault.secret(name), until: Number.POSITIVE_INFINITY }
    this.#known.delete(name)
    this.#known.set(name, known)
    if (this.#known.size > LIMITS.vaultSecrets) this.#forgetOldest()
    known.value.then(
      () => {
        known.until = this.#clock.now() + this.#cacheMs
      },
      () => {
        if (this.#known.get(name) === known) this.#known.delete(name)
      },
    )
    return known.value
  }

  #forgetOldest(): void {
    for (const name of this.#known.keys()) {
      this.#known.delete(name)
      return
    }
  }
}
