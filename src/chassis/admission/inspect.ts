import { isFabricError } from '../../model/errors.js'
import { DEFAULT_METER_LIMITS } from '../meter/limits.js'
import type { RefusalReason } from '../refusal.js'
import { type Cap, capName } from '../wasm/caps.js'
import { ModuleParser } from '../wasm/parse-module.js'
import { type Limits, VALUE_TYPES } from '../wasm/types.js'
import { type AdmissionOptions, moduleDigest } from './admit.js'
import { requireAdmissible, rewrite } from './admit-here.js'
import { capsOf } from './caps.js'
import { checkWithEngine, ENGINE_BOUNDS } from './engine-check.js'
import { type ImportView, importViews, type Profile } from './imports.js'

export interface Verdict {
  readonly admitted: boolean
  readonly reason?: RefusalReason
  /** What is wrong, and what to do. */
  readonly message?: string
  readonly fix?: string
}

export interface CountView {
  readonly cap: Cap
  /** What is counted, in words. */
  readonly name: string
  readonly found: number
  readonly limit: number
}

export interface LimitsView extends Limits {
  /** Type of the elements of a table. */
  readonly element?: string
}

/** What there is to say of a module before it runs. Of one that is refused it has what was read until then. */
export interface Inspection {
  /** SHA-256, hexadecimal. */
  readonly digest: string
  readonly bytes: number
  readonly profile: Profile
  readonly imports: readonly ImportView[]
  readonly exports: readonly { readonly name: string; readonly kind: string }[]
  /** In pages of 64 KiB. */
  readonly memories: readonly LimitsView[]
  readonly tables: readonly LimitsView[]
  readonly counts: readonly CountView[]
  readonly verdict: Verdict
  /** Size of the module with its fuel; of one that is admitted. */
  readonly meteredBytes?: number
}

/** Does all that admission does, and tells what it found instead of throwing. */
export async function inspectModule(bytes: Uint8Array, options: AdmissionOptions = {}): Promise<Inspection> {
  const { profile = 'core', limits = DEFAULT_METER_LIMITS, bounds = ENGINE_BOUNDS } = options
  const parser = new ModuleParser(bytes, capsOf(profile))
  const view = (verdict: Verdict) => ({ ...describe(parser, bytes, profile), verdict })
  try {
    const module = parser.parse()
    requireAdmissible(module, profile, limits)
    await checkWithEngine(bytes, bounds)
    const metered = rewrite(module, profile, limits)
    return { ...view({ admitted: true }), meteredBytes: metered.length }
  } catch (error) {
    if (!isFabricError(error, 'MODULE_REFUSED')) throw error
    const { reason, fix } = error.details as { reason: RefusalReason; fix: string }
    return view({ admitted: false, reason, message: error.message, fix })
  }
}

function describe({ sections, measures }: ModuleParser, bytes: Uint8Array, profile: Profile) {
  const { imports, exports, memories, tables, types } = sections
  return {
    digest: moduleDigest(bytes),
    bytes: bytes.length,
    profile,
    imports: importViews({ imports, types }),
    exports: exports.map(({ name, kind }) => ({ name, kind })),
    memories,
    tables: tables.map(({ element, ...limits }) => ({ ...limits, element: VALUE_TYPES.get(element) ?? 'unknown' })),
    counts: (Object.keys(measures.caps) as Cap[]).map((cap) => {
      return { cap, name: capName(cap), found: measures.found[cap], limit: measures.caps[cap] }
    }),
  }
}
