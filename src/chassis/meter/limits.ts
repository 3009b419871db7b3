import { refuseModule } from '../refusal.js'
import type { Limits, WasmModule } from '../wasm/types.js'
import type { Room } from './emit.js'

/** What the rewritten module keeps to by itself. Fuel is not among them: the host sets it for each call. */
export interface MeterLimits {
  /** Pages of 64 KiB that its memory may have. */
  readonly memoryPages: number
  /** Elements that each of its tables may have. */
  readonly tableElements: number
  /** Estimated bytes of the frames of functions that are being called; below the stack of the engine. */
  readonly stackBytes: number
  /** Whether growing beyond a limit gives -1, as the language has it, or ends the module. */
  readonly onOverflow: 'refuse' | 'trap'
}

export const DEFAULT_METER_LIMITS: MeterLimits = {
  memoryPages: 4_096,
  tableElements: 100_000,
  // V8 has 984 KiB of stack unless told otherwise.
  stackBytes: 512 * 1024,
  onOverflow: 'refuse',
}

/** Room of each memory and table of the module. */
export interface Rooms {
  readonly memories: readonly Room[]
  readonly tables: readonly Room[]
}

/** Throws MODULE_REFUSED for a memory or table that begins beyond its limit. */
export function roomsOf(module: Pick<WasmModule, 'memories' | 'tables'>, limits: MeterLimits): Rooms {
  const { memoryPages, tableElements, onOverflow } = limits
  for (const { minimum } of module.memories) {
    if (minimum <= memoryPages) continue
    const what = `its memory begins with ${minimum} pages, and ${memoryPages} are allowed`
    throw refuseModule('memory_refused', what, { cap: 'memoryPages', found: minimum, limit: memoryPages })
  }
  for (const { minimum } of module.tables) {
    if (minimum <= tableElements) continue
    const what = `a table begins with ${minimum} elements, and ${tableElements} are allowed`
    throw refuseModule('table_refused', what, { cap: 'tableElements', found: minimum, limit: tableElements })
  }
  return {
    memories: module.memories.map((memory) => roomOf(memory, memoryPages, onOverflow)),
    tables: module.tables.map((table) => roomOf(table, tableElements, onOverflow)),
  }
}

/** A maximum of the module's own is no limit of ours: growing beyond it gives -1, as it asked for. */
function roomOf({ maximum }: Limits, limit: number, onOverflow: Room['onOverflow']): Room {
  if (maximum !== undefined && maximum < limit) return { maximum, onOverflow: 'refuse' }
  return { maximum: limit, onOverflow }
}
