import { coreImports, type GuestImports } from './core-imports.js'
import type { GuestProfile } from './frames.js'
import type { GuestHost } from './guest-host.js'
import { typescriptImports } from './typescript-imports.js'

/** The host functions of each profile, made anew for each call. */
export const PROFILE_IMPORTS: Readonly<Record<GuestProfile, (host: GuestHost) => GuestImports>> = {
  core: coreImports,
  typescript: typescriptImports,
}
