import type { Entry } from '../model/entry.js'
import type { ServiceLevels, SignedContract } from './contract/contract.js'
import type { CredentialEndpoint, CredentialHolder } from './credential/credential.js'
import type { JailLevel } from './jail/levels.js'
import type { RunEnd } from './sandbox/run.js'
import type { LevelChange } from './service-level/service-level.js'

/** A module works for a swarm from now on. Subject: the swarm. */
export interface ModuleLoaded extends SignedContract {
  readonly bytes: number
  /** Name and id of the trusted key that signed the contract. */
  readonly signedBy?: string
  /** SHA-256 of the module in whose place it is. */
  readonly replaces?: string
}

/** No module works for the swarm any more. Subject: the swarm. */
export interface ModuleUnloaded {
  readonly sha256: string
  readonly reason?: string
}

/** A claim may send requests to some endpoints. Subject: the credential. */
export interface CredentialIssued extends CredentialHolder {
  readonly endpoints: readonly CredentialEndpoint[]
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
  /** The credential in whose place it is, and when that one ends. */
  readonly replaces?: { readonly id: string; readonly expiresAt: number }
}

/** It allows nothing any more. One whose claim or time is over has no entry for that. */
export interface CredentialRevoked extends CredentialHolder {
  readonly reason?: string
}

/** A request was sent under a credential. Subject: the credential. */
export interface CredentialUsed extends CredentialHolder {
  readonly host: string
  readonly port: number
  readonly method: string
  /** `failed`: there was no answer that the guest was given. */
  readonly outcome: 'answered' | 'failed'
  /** HTTP status of the answer. */
  readonly status?: number
  /** Why it failed, one word such as `timeout`. */
  readonly reason?: string
}

/** Requests that were not sent. Subject: the credential, or the task where none of the claim's allowed it. */
export interface CredentialRefused extends CredentialHolder {
  /** As the guest wrote it, cut. */
  readonly host?: string
  readonly port?: number
  readonly method?: string
  /** One word, such as `expired` or `endpoint`. */
  readonly reason: string
  /** The same refusals that this entry stands for. */
  readonly count: number
}

/** The module of a swarm ran. Subject: the swarm. Whole numbers, 0 where nobody knows. */
export interface RunEnded {
  /** The claim that it ran for, where it was one. */
  readonly task?: string
  readonly epoch?: number
  /** SHA-256 of the module as it is, hexadecimal. */
  readonly digest: string
  readonly version: string
  readonly end: RunEnd
  readonly fuel: number
  readonly memoryBytes: number
  readonly wallMs: number
  readonly cpuMs: number
  readonly hostCalls: number
  /** Requests of it that were not let through. */
  readonly refusedCalls?: number
  readonly jail: JailLevel
  /** What its contract promises, where that is not what was promised at the run before. */
  readonly levels?: ServiceLevels
}

/** Its newest runs do not keep a promise any more. Subject: the swarm. */
export type ServiceLevelViolated = Required<Omit<LevelChange, 'violated'>>

/** They keep it again, or it is not promised any more. */
export type ServiceLevelRestored = Omit<LevelChange, 'violated'>

/** Failures weigh less after a day without a run. Subject: the swarm. */
export interface ReputationAged {
  readonly reputation: number
  readonly before: number
}

/** Everything the chassis writes. The stored type is `infrafabric.chassis.<name>.v1`. */
export type ChassisEntry =
  | Entry<'module_loaded', ModuleLoaded>
  | Entry<'module_unloaded', ModuleUnloaded>
  | Entry<'credential_issued', CredentialIssued>
  | Entry<'credential_revoked', CredentialRevoked>
  | Entry<'credential_used', CredentialUsed>
  | Entry<'credential_refused', CredentialRefused>
  | Entry<'run_ended', RunEnded>
  | Entry<'service_level_violated', ServiceLevelViolated>
  | Entry<'service_level_restored', ServiceLevelRestored>
  | Entry<'reputation_aged', ReputationAged>

export type ChassisEntryType = ChassisEntry['type']

const CHASSIS_ENTRIES: Readonly<Record<ChassisEntryType, true>> = {
  module_loaded: true,
  module_unloaded: true,
  credential_issued: true,
  credential_revoked: true,
  credential_used: true,
  credential_refused: true,
  run_ended: true,
  service_level_violated: true,
  service_level_restored: true,
  reputation_aged: true,
}

export function isChassisEntryType(type: string): type is ChassisEntryType {
  return Object.hasOwn(CHASSIS_ENTRIES, type)
}
