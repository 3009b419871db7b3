import { type Caps, MODULE_CAPS } from '../wasm/caps.js'
import type { Profile } from './imports.js'

/** The interpreter inside a baked TypeScript module has functions with more locals than anybody writes. */
const TYPESCRIPT_LOCALS = 5_000

export function capsOf(profile: Profile): Caps {
  return profile === 'typescript' ? { ...MODULE_CAPS, locals: TYPESCRIPT_LOCALS } : MODULE_CAPS
}
