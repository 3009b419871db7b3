import type { Profile } from '../admission/imports.js'

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type Method = (typeof METHODS)[number]

/** What a module may use. */
export interface ContractLimits {
  readonly memoryBytes: number
  /** Elements of each of its tables. */
  readonly tableElements: number
  /** Percent of one core. */
  readonly cpuPercent: number
  /** From the beginning of a call to its end. */
  readonly wallMs: number
  /** For each call. */
  readonly fuel: number
  readonly hostCallsPerSecond: number
  readonly outputBytes: number
  readonly logBytes: number
}

/** What its owner promises. What is absent is not promised. */
export interface ServiceLevels {
  readonly p99LatencyMs?: number
  /** 0 to 1. */
  readonly successRate?: number
  readonly availability?: number
}

/** A place that the module may send requests to. */
export interface AllowedHost {
  /** Lower case, without port. */
  readonly host: string
  readonly port: number
  readonly scheme: 'https' | 'http'
  readonly methods: readonly Method[]
  /** A request's path must begin with one of them. */
  readonly paths: readonly string[]
}

/** What a sandboxed module declares, with every default in its place. The signature stands beside it. */
export interface Contract {
  readonly swarm: string
  readonly version: string
  readonly module: {
    /** Where the file is: in the directory of the contract, or below it. */
    readonly path: string
    /** Of the file as it is, hexadecimal. */
    readonly sha256: string
  }
  readonly profile: Profile
  readonly capabilities: readonly string[]
  readonly limits: ContractLimits
  readonly slo: ServiceLevels
  readonly hosts: readonly AllowedHost[]
}

/** A signature as the file has it. */
export interface ContractSignature {
  /** Name and id of the key: `release+1a2b3c4d`. */
  readonly key: string
  /** Ed25519, 64 bytes in base64. */
  readonly value: string
}

export interface SignedContract {
  readonly contract: Contract
  readonly signature?: ContractSignature
}

/** A script in an engine that is itself a module takes many instructions for each of its own. */
export const DEFAULT_FUEL: Readonly<Record<Profile, number>> = { core: 1_000_000_000, typescript: 10_000_000_000 }

/** What a contract of the profile `core` has that does not say otherwise; others differ in their fuel. */
export const DEFAULT_CONTRACT_LIMITS: ContractLimits = {
  memoryBytes: 256 * 1024 * 1024,
  tableElements: 100_000,
  cpuPercent: 25,
  wallMs: 30_000,
  fuel: DEFAULT_FUEL.core,
  hostCallsPerSecond: 10,
  outputBytes: 1024 * 1024,
  logBytes: 64 * 1024,
}

/** Exact versions as semver.org has them, such as 1.2.3 or 2.0.0-rc.1+build.5; a range or `latest` is none. */
export const EXACT_VERSION =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/
