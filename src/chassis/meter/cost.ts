import type { Instruction } from '../wasm/instruction.js'
import { OP } from '../wasm/operations.js'

/** Fuel of a call beyond the one of every instruction: its frame is made and taken down. */
const CALL = 4
/** The same of a call through a table, whose type is checked. */
const CALL_INDIRECT = 9
/** Values that are set to zero, or copied, for one unit when a function begins. */
const VALUES_PER_UNIT = 4

/** Bytes that a bulk operation writes, and elements of a table, for one unit; and its cost whatever its size. */
export const BYTES_PER_UNIT_LOG2 = 3
export const BULK_BASE = 8
/** Pages are given as zeros, so that growing costs what filling them costs. */
export const FUEL_PER_PAGE = 65_536 >> BYTES_PER_UNIT_LOG2

/** What one instruction costs before its size at run time is known. Structure alone costs nothing: it is no work. */
export function costOf({ opcode }: Instruction): number {
  switch (opcode) {
    case OP.block:
    case OP.loop:
    case OP.else:
    case OP.end:
      return 0
    case OP.call:
      return 1 + CALL
    case OP.callIndirect:
      return 1 + CALL_INDIRECT
    default:
      return 1
  }
}

/** What it costs to begin a function with so many parameters, locals and results together. */
export function entryCost(values: number): number {
  return 1 + Math.ceil(values / VALUES_PER_UNIT)
}
