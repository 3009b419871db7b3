import type { Clock } from '../../model/time.js'
import type { VaultConfig } from '../../model/vault.js'
import { CachedVault } from './cached.js'
import { type Declare, DeclaredVault } from './declared.js'
import { type Environment, EnvironmentVault } from './environment.js'
import { FileVault } from './file.js'
import { HashicorpVault } from './hashicorp.js'
import type { Vault } from './vault.js'

export interface VaultOptions {
  readonly clock: Clock
  /** Those who must never write a secret down: the log of the process, and the fabric. */
  readonly declare: readonly Declare[]
}

/** The vault that a configuration names. Nothing is read yet: a request that needs a secret says what is wrong. */
export function openVault(config: VaultConfig, env: Environment, { clock, declare }: VaultOptions): Vault {
  return new DeclaredVault(driverOf(config, env, clock), declare)
}

function driverOf(config: VaultConfig, env: Environment, clock: Clock): Vault {
  switch (config.kind) {
    case 'environment':
      return new EnvironmentVault(config, env)
    case 'file':
      return new FileVault(config)
    case 'hashicorp':
      return new CachedVault(new HashicorpVault(config, env), config.cacheMs, clock)
  }
}
