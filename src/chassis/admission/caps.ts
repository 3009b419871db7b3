import type { MeterLimits } from '../meter/limits.js'
import { type Caps, MODULE_CAPS } from '../wasm/caps.js'
import type { Profile } from './imports.js'

/** The interpreter inside a baked TypeScript module has functions with more locals than anybody writes. */
const TYPESCRIPT_LOCALS = 5_000

export function capsOf(profile: Profile): Caps {
  return profile === 'typescript' ? { ...MODULE_CAPS, locals: TYPESCRIPT_LOCALS } : MODULE_CAPS
}

/** A call in a script is several calls of large functions in its interpreter. The engine has as much more in the sandbox. */
const TYPESCRIPT_STACK_BYTES = 2 * 1024 * 1024

export function meterLimitsOf(profile: Profile, limits: MeterLimits): MeterLimits {
  return profile === 'typescript' ? { ...limits, stackBytes: TYPESCRIPT_STACK_BYTES } : limits
}
