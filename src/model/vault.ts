/** Secrets are variables of the process that hosts the fabric. */
export interface EnvironmentVaultConfig {
  readonly kind: 'environment'
  /** What the names of the variables begin with. */
  readonly prefix: string
}

/** Secrets stand in a file that only the user of the process can read. */
export interface FileVaultConfig {
  readonly kind: 'file'
  readonly path: string
}

/** Secrets are in HashiCorp Vault, or what speaks its API, in an engine of kind KV version 2. */
export interface HashicorpVaultConfig {
  readonly kind: 'hashicorp'
  /** Origin, such as `https://vault.example.com:8200`. */
  readonly address: string
  /** Where the engine is mounted. */
  readonly mount: string
  /** Directory of the secrets below the mount; absent: the mount itself. */
  readonly path?: string
  /** Key of each secret that holds its value. */
  readonly field: string
  readonly namespace?: string
  /** Exactly one of the two: a variable, or a file that only the user of the process can read. */
  readonly tokenEnv?: string
  readonly tokenFile?: string
  readonly timeoutMs: number
  /** How long a value that was read is used; 0 reads it each time. */
  readonly cacheMs: number
}

/** Where the secrets are that the fabric puts into requests of modules. */
export type VaultConfig = EnvironmentVaultConfig | FileVaultConfig | HashicorpVaultConfig
