import type { SignedContract } from './contract.js'

/** The module that works for a swarm, as it was loaded. Its bytes are a blob whose name is the digest of the contract. */
export interface ModuleRow extends SignedContract {
  /** Size of the module as it is. */
  readonly bytes: number
  /** Name and id of the trusted key that had signed it when it was loaded. */
  readonly signedBy?: string
  readonly loadedAt: number
  /** Actor that loaded it. */
  readonly loadedBy: string
}
