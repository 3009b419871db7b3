import type { CredentialEndpoint } from '../credential/credential.js'
import type { JailLevel } from '../jail/levels.js'

/** What an operator decides about modules. */
export interface ChassisPolicy {
  /** Whether the contract of a module must be signed by a trusted key. */
  readonly requireSignature: boolean
  /** Whether it must name an exact version. */
  readonly requirePinnedVersion: boolean
  /** Verifier keys (C2SP signed notes, Ed25519). */
  readonly trustedKeys: readonly string[]
  /** The one version that may run, by swarm. */
  readonly pinnedVersions: Readonly<Record<string, string>>
  /** Weakest jail in which a module may run; absent: any. */
  readonly minimumJail?: JailLevel
  /** What the fabric gives the module of a swarm a credential for, when it runs it for a claim. */
  readonly grants: Readonly<Record<string, readonly CredentialEndpoint[]>>
}

/** Of a policy that says nothing about modules. */
export const DEFAULT_CHASSIS_POLICY: ChassisPolicy = {
  requireSignature: false,
  requirePinnedVersion: false,
  trustedKeys: [],
  pinnedVersions: {},
  grants: {},
}
