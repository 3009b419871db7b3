/** What ended a module, as its rewritten code tells. */
export type Fault = 'memory' | 'table' | 'stack'

export const FAULT_CODES = { memory: 1, table: 2, stack: 3 } as const satisfies Record<Fault, number>

/** Names that the rewritten module exports; a module that exports such a name itself is refused. */
export const RESERVED_PREFIX = 'ifab.'
/** Mutable i64: the fuel that is left. It begins at zero, and the host sets it; below zero it is used up. */
export const FUEL_EXPORT = 'ifab.fuel'
/** Mutable i32: why the module ended itself, 0 for nothing. */
export const FAULT_EXPORT = 'ifab.fault'
/** The start function of the module. The host calls it when it has set the fuel. */
export const START_EXPORT = 'ifab.start'

/** Why an instance trapped, by its exported globals; undefined for a trap of its own code. */
export function readFault(fuel: bigint, fault: number): Fault | 'fuel' | undefined {
  if (fuel < 0n) return 'fuel'
  const kinds = Object.keys(FAULT_CODES) as Fault[]
  return kinds.find((kind) => FAULT_CODES[kind] === fault)
}
