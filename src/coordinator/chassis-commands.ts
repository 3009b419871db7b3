import type { ServiceLevels, SignedContract } from '../chassis/contract/contract.js'
import type { CredentialEndpoint, CredentialHolder } from '../chassis/credential/credential.js'
import type { CredentialRefused, CredentialUsed, RunEnded } from '../chassis/entries.js'

/** Lets a module work for the swarm of its contract. */
export interface LoadModule extends SignedContract {
  readonly type: 'load_module'
  /** SHA-256 of the module that was admitted, and its size. */
  readonly digest: string
  readonly bytes: number
}

export interface UnloadModule {
  readonly type: 'unload_module'
  readonly swarm: string
  readonly reason?: string
}

/** Gives a live claim the right to send requests to some endpoints. */
export interface IssueCredential extends CredentialHolder {
  readonly type: 'issue_credential'
  readonly endpoints: readonly CredentialEndpoint[]
  readonly ttlMs: number
}

/** Puts a new credential in the place of one, for the same claim and endpoints. */
export interface RotateCredential {
  readonly type: 'rotate_credential'
  readonly id: string
  readonly ttlMs: number
  /** How long the old one stays good. */
  readonly graceMs: number
}

export interface RevokeCredential {
  readonly type: 'revoke_credential'
  readonly id: string
  readonly reason?: string
}

/** Writes down that a request was sent under a credential, also when that has ended meanwhile. */
export interface RecordCredentialUse extends CredentialUsed {
  readonly type: 'record_credential_use'
  readonly id: string
}

/** Writes down that requests were not sent. */
export interface RecordCredentialRefusal extends CredentialRefused {
  readonly type: 'record_credential_refusal'
  /** The credential that did not allow it, where there was one. */
  readonly id?: string
}

/** Writes down how a call of the module of a swarm ended, and what follows from it for its promises and reputation. */
export interface RecordRun extends Omit<RunEnded, 'levels'> {
  readonly type: 'record_run'
  readonly swarm: string
  /** What the contract that it ran under promises. */
  readonly levels: ServiceLevels
}
