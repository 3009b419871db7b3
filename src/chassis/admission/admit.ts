import { createHash } from 'node:crypto'
import { DEFAULT_METER_LIMITS, type MeterLimits, roomsOf } from '../meter/limits.js'
import { meterModule, requireFreeNames } from '../meter/meter-module.js'
import { ModuleParser } from '../wasm/parse-module.js'
import type { WasmModule } from '../wasm/types.js'
import type { EngineBounds } from './bounded-process.js'
import { capsOf, meterLimitsOf } from './caps.js'
import { checkWithEngine, ENGINE_BOUNDS } from './engine-check.js'
import { type Profile, requireAllowedImports } from './imports.js'

export interface AdmissionOptions {
  readonly profile?: Profile
  readonly limits?: MeterLimits
  readonly bounds?: EngineBounds
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

/** Lets a module in, and rewrites it. Throws MODULE_REFUSED with `details.reason`. */
export async function admitModule(bytes: Uint8Array, options: AdmissionOptions = {}): Promise<AdmittedModule> {
  const { profile = 'core', limits = DEFAULT_METER_LIMITS, bounds = ENGINE_BOUNDS } = options
  const module = new ModuleParser(bytes, capsOf(profile)).parse()
  const metered = await admitParsed(module, profile, limits, bounds)
  return { digest: moduleDigest(bytes), metered }
}

/** The steps after reading: our rules, then the engine's on the original, then rewriting. */
export async function admitParsed(
  module: WasmModule,
  profile: Profile,
  limits: MeterLimits,
  bounds: EngineBounds,
): Promise<Uint8Array> {
  requireAllowedImports(module, profile)
  requireFreeNames(module)
  roomsOf(module, limits)
  await checkWithEngine(module.bytes, bounds)
  return meterModule(module, meterLimitsOf(profile, limits), capsOf(profile))
}
