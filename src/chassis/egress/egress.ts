import type { AllowedHost } from '../contract/contract.js'
import type { CredentialEndpoint } from '../credential/credential.js'
import type { Vault } from '../vault/vault.js'
import type { EgressCode } from './refusal.js'

/** Sends requests of modules out of the sandbox, where a contract and a credential allow it. */
export interface Egress {
  /**
   * `request` is JSON in UTF-8 as a module wrote it: `{"method","url","headers":{},"body":"<base64>"}`. Never rejects: a
   * refusal is an answer. Ends soon after `signal` aborts.
   */
  request(request: Uint8Array, context: EgressContext, signal: AbortSignal): Promise<EgressAnswer>
}

/** On whose behalf a request is sent. */
export interface EgressContext {
  /** What the contract of the module allows. */
  readonly hosts: readonly AllowedHost[]
  /** What its live credentials allow. Asked before each hop, so that one that ended in between does not count. */
  rights(): readonly Right[]
  /** Called once for each hop whose URL could be read, when it is over. Must not throw. */
  onUse(use: EgressUse): void
}

/** One endpoint of a live credential. */
export interface Right {
  /** Id of the credential. */
  readonly credential: string
  readonly endpoint: CredentialEndpoint
}

/** Where secrets come from on the way out: a vault. */
export type SecretSource = Pick<Vault, 'secret'> & Partial<Pick<Vault, 'forget'>>

/** What became of one hop: nothing that the other side wrote, and no address. */
export interface EgressUse {
  /** The credential that allowed it; absent where none did. */
  readonly credential?: string
  /** As the URL has it, in lower case and without port. */
  readonly host: string
  readonly port: number
  readonly method: string
  /** `refused`: nothing was sent to the host. `failed`: it was allowed, and there is no answer for the module. */
  readonly outcome: 'allowed' | 'refused' | 'failed'
  /** HTTP status of the answer, of one that is allowed. */
  readonly status?: number
  /** Why not. */
  readonly reason?: EgressCode
}

/** What the module gets. */
export type EgressAnswer = EgressResponse | EgressError

export interface EgressResponse {
  readonly status: number
  /** Names in lower case. What came several times is joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface EgressError {
  readonly error: {
    readonly code: EgressCode
    /** For the author of the module: no address, no secret, nothing that the other side wrote. */
    readonly message: string
  }
}
