import { createHash } from 'node:crypto'
import { DEFAULT_METER_LIMITS, type MeterLimits } from '../meter/limits.js'
import type { ProcessBounds } from './admission-process.js'
import { readAdmissible, rewrite } from './admit-here.js'
import { checkWithEngine, ENGINE_BOUNDS } from './engine-check.js'
import type { Profile } from './imports.js'

export interface AdmissionOptions {
  readonly profile?: Profile
  readonly limits?: MeterLimits
  /** Of the engine that validates it. */
  readonly bounds?: ProcessBounds
}

/** A module that may run. */
export interface AdmittedModule {
  /** SHA-256 of the original, hexadecimal. */
  readonly digest: string
  /** The rewritten module: with fuel, limits and a bound on its stack. */
  readonly metered: Uint8Array
}

/** SHA-256 of the bytes of a module, hexadecimal: what a contract names. */
export function moduleDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Lets a module in, and rewrites it, in this process; only the engine has one of its own. Throws MODULE_REFUSED with `details.reason`. */
export async function admitModule(bytes: Uint8Array, options: AdmissionOptions = {}): Promise<AdmittedModule> {
  const { profile = 'core', limits = DEFAULT_METER_LIMITS, bounds = ENGINE_BOUNDS } = options
  const module = readAdmissible(bytes, profile, limits)
  await checkWithEngine(bytes, bounds)
  return { digest: moduleDigest(bytes), metered: rewrite(module, profile, limits) }
}
