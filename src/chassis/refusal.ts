import { FabricError } from '../model/errors.js'

/** Why a module is not let into the sandbox. */
export type RefusalReason =
  /** The bytes are no WebAssembly module. */
  | 'malformed'
  /** It uses what is not in WebAssembly 2.0. */
  | 'unsupported'
  /** It is beyond one of the caps. */
  | 'too_large'
  | 'import_refused'
  | 'memory_refused'
  | 'table_refused'
  /** It exports a name that is ours. */
  | 'reserved_name'
  /** It is well-formed, but the engine finds it invalid. */
  | 'invalid'
  /** The engine did not come to an end in the time and memory that it has for this. */
  | 'not_validated'

const FIXES: Readonly<Record<RefusalReason, string>> = {
  malformed: 'Build the module again; check that the file is a core module and is complete.',
  unsupported: 'Build it for WebAssembly 2.0, without threads, exceptions, tail calls, GC and 64-bit memory.',
  too_large: 'Split the code up, or build it for size.',
  import_refused: 'Build it without that import: a module may only import what the chassis reference lists.',
  memory_refused: 'Declare one memory of the module itself, with at most the pages of the memory limit.',
  table_refused: 'Declare tables of the module itself that fit the limit.',
  reserved_name: 'Name that export otherwise: names that begin with "ifab." belong to the sandbox.',
  invalid: 'Build the module again with a current compiler.',
  not_validated: 'Build it smaller; it takes the engine too long, or too much memory, to check it.',
}

export const REFUSAL_REASONS = Object.keys(FIXES) as readonly RefusalReason[]

export interface RefusalDetails {
  /** Position in the file, in bytes from 0. */
  readonly offset?: number
  /** Name of the cap, what was found, and what is allowed. */
  readonly cap?: string
  readonly found?: number
  readonly limit?: number
}

/** MODULE_REFUSED with `details.reason`. `what` is a clause such as `it has 17 tables, and 16 are allowed`. */
export function refuseModule(reason: RefusalReason, what: string, details: RefusalDetails = {}): FabricError {
  const at = details.offset === undefined ? '' : ` (at byte ${details.offset})`
  const fix = FIXES[reason]
  return new FabricError('MODULE_REFUSED', `The module is refused: ${what}${at}. ${fix}`, {
    reason,
    what,
    fix,
    ...details,
  })
}
