import { FAULT_EXPORT, FUEL_EXPORT, readFault, START_EXPORT } from '../../../src/chassis/child/fault.js'
import { DEFAULT_METER_LIMITS, type MeterLimits } from '../../../src/chassis/meter/limits.js'
import { meterModule } from '../../../src/chassis/meter/meter-module.js'
import { type Callable, type Global, type Imports, instantiate } from './engine.js'
import { parse } from './text.js'

/** What came of a call, as plain values that can be compared. */
export interface Outcome {
  readonly results: readonly string[]
  readonly trap?: string
}

export interface MeteredOutcome extends Outcome {
  readonly fuel: bigint
  readonly fault?: string
}

const metered = new WeakMap<Uint8Array, Uint8Array>()

/** The rewritten module. With the default limits, the same bytes are rewritten once. */
export function meter(bytes: Uint8Array, limits?: Partial<MeterLimits>): Uint8Array {
  const known = limits === undefined ? metered.get(bytes) : undefined
  if (known !== undefined) return known
  const rewritten = meterModule(parse(bytes), { ...DEFAULT_METER_LIMITS, ...limits })
  if (limits === undefined) metered.set(bytes, rewritten)
  return rewritten
}

/** Calls an export of a module as it is. */
export function run(bytes: Uint8Array, name: string, values: readonly unknown[] = [], imports = {}): Outcome {
  return call(instantiate(bytes, imports)[name] as Callable, values)
}

export interface MeteredRun {
  readonly fuel?: bigint
  readonly limits?: Partial<MeterLimits>
  readonly imports?: Imports
}

/** Calls an export of the rewritten module, its start function first. `fuel` in the outcome is what was used. */
export function runMetered(
  bytes: Uint8Array,
  name: string,
  values: readonly unknown[] = [],
  { fuel = 100_000_000n, limits, imports = {} }: MeteredRun = {},
): MeteredOutcome {
  const exports = instantiate(meter(bytes, limits), imports)
  const left = exports[FUEL_EXPORT] as Global<bigint>
  left.value = fuel
  const start = exports[START_EXPORT] as Callable | undefined
  if (start !== undefined) start()
  const outcome = call(exports[name] as Callable, values)
  const fault = readFault(left.value, (exports[FAULT_EXPORT] as Global<number>).value)
  return { ...outcome, fuel: fuel - left.value, ...(fault !== undefined && outcome.trap !== undefined && { fault }) }
}

function call(target: Callable, values: readonly unknown[]): Outcome {
  try {
    const value = target(...values)
    const results = Array.isArray(value) ? value : value === undefined ? [] : [value]
    return { results: results.map((result) => (Object.is(result, -0) ? '-0' : String(result))) }
  } catch (error) {
    return { results: [], trap: error instanceof Error ? error.message : String(error) }
  }
}
