import { type MeterLimits, roomsOf } from '../meter/limits.js'
import { meterModule, requireFreeNames } from '../meter/meter-module.js'
import { ModuleParser } from '../wasm/parse-module.js'
import type { WasmModule } from '../wasm/types.js'
import { capsOf, meterLimitsOf } from './caps.js'
import { type Profile, requireAllowedImports } from './imports.js'

/** Reads a module by our rules. Throws MODULE_REFUSED with `details.reason`. */
export function readAdmissible(bytes: Uint8Array, profile: Profile, limits: MeterLimits): WasmModule {
  const module = new ModuleParser(bytes, capsOf(profile)).parse()
  requireAdmissible(module, profile, limits)
  return module
}

/** What a module that could be read is held to before the engine sees it. */
export function requireAdmissible(module: WasmModule, profile: Profile, limits: MeterLimits): void {
  requireAllowedImports(module, profile)
  requireFreeNames(module)
  roomsOf(module, limits)
}

/** The module with its fuel and limits, when the engine has validated it. */
export function rewrite(module: WasmModule, profile: Profile, limits: MeterLimits): Uint8Array {
  return meterModule(module, meterLimitsOf(profile, limits), capsOf(profile))
}
