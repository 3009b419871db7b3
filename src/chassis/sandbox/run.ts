import type { LogLevel } from '../../model/log-level.js'
import type { Profile } from '../admission/imports.js'
import type { ContractLimits } from '../contract/contract.js'
import type { JailLevel } from '../jail/levels.js'

/** How a call of a module ended. */
export const RUN_ENDS = [
  /** `run` gave 0. */
  'completed',
  /** `run` gave another number: the module's own word that it failed. */
  'failed',
  'fuel',
  /** It ended itself at the limit of its memory, or the process was killed beyond its own. */
  'memory',
  'table',
  'stack',
  /** Its code trapped: `unreachable`, an access out of bounds, a division by zero. */
  'trap',
  /** Killed at the end of its wall time. */
  'deadline',
  /** Killed at the end of its processor time. */
  'cpu',
  /** It wrote more output than allowed. */
  'output',
  /** It gave a host function a pointer or length outside of its memory. */
  'host_call',
  /** Killed: the process said what it may not. */
  'protocol',
  /** The process died by itself. */
  'crashed',
  /** The caller's signal ended it. */
  'cancelled',
] as const
export type RunEnd = (typeof RUN_ENDS)[number]

/** A module that was admitted, with what its contract says. */
export interface LoadedModule {
  /** SHA-256 of the original, hexadecimal. */
  readonly digest: string
  /** The rewritten module, with fuel and limits in its code. */
  readonly metered: Uint8Array
  readonly profile: Profile
  readonly limits: ContractLimits
}

/** What a module reaches outside of its process. It runs in the parent. */
export interface HostCalls {
  /** One line of the guest; bytes as they are. */
  log(level: LogLevel, text: Uint8Array): void
  /** The guest logs more than its process passes on. Once, at the first line that is left out. */
  logFull(): void
  /** Request and answer are JSON in UTF-8. Never rejects: a refusal is an answer. */
  httpRequest(request: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
}

/** One call of a module. */
export interface RunRequest {
  /** Whose work it is: no process works for two swarms. */
  readonly swarm: string
  readonly module: LoadedModule
  readonly input: Uint8Array
  /** What the guest's random bytes come from: the same seed gives the same bytes. */
  readonly seed: string
  readonly host: HostCalls
  readonly signal?: AbortSignal
}

/** What came of a call. */
export interface RunReport {
  readonly end: RunEnd
  /** What is known of a bad end, printable ASCII. It can hold words of the guest. */
  readonly message?: string
  /** What `run` gave. */
  readonly code?: number
  /** What the guest wrote before its end, also of a bad one. */
  readonly output: Uint8Array
  /** Fuel that was used. 0 where the process was killed and nobody knows. */
  readonly fuel: number
  /** Linear memory at the end; 0 where nobody knows. */
  readonly memoryBytes: number
  readonly wallMs: number
  /** Processor time of the process during the call; the kernel counts it in steps of 10 ms. */
  readonly cpuMs: number
  /** Requests to the parent: log lines and HTTP. */
  readonly hostCalls: number
  readonly jail: JailLevel
}
