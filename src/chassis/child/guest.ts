import { FAULT_EXPORT, FUEL_EXPORT, readFault, START_EXPORT } from './fault.js'
import type { Call, ChildEnd, Ended, GuestProfile } from './frames.js'
import { GuestHost } from './guest-host.js'
import { type Exports, engine } from './guest-memory.js'
import { GuestStop } from './guest-stop.js'
import { PROFILE_IMPORTS } from './profiles.js'

/** A module that is compiled; it gets a new instance for each call. */
export interface Guest {
  readonly module: object
  readonly profile: GuestProfile
}

interface Global<Value> {
  value: Value
}

/** A new instance that waits for its call, or why there is none. */
export interface PreparedGuest {
  readonly host: GuestHost
  readonly exports: Exports
  readonly fault?: unknown
}

/** Makes a new instance. Its start function does not run yet: it is an export like others. */
export function prepareGuest({ module, profile }: Guest): PreparedGuest {
  const host = new GuestHost()
  try {
    const { exports } = new engine.Instance(module, PROFILE_IMPORTS[profile](host))
    host.memory.attach(exports.memory)
    return { host, exports }
  } catch (fault) {
    return { host, exports: {}, fault }
  }
}

/** Calls the start function and `run`, and says how that ended. Throws nothing of the guest's. An instance has one call. */
export function runGuest({ host, exports, fault }: PreparedGuest, call: Call): Ended {
  let outcome: Pick<Ended, 'end' | 'code' | 'message'>
  try {
    if (fault !== undefined) throw fault
    host.begin(call)
    const fuel = exports[FUEL_EXPORT] as Global<bigint> | undefined
    if (fuel !== undefined) fuel.value = BigInt(call.fuel)
    invoke(exports[START_EXPORT])
    outcome = outcomeOf(invoke(exports.run ?? missingRun))
  } catch (error) {
    outcome = { code: 0, ...badEnd(error, exports) }
  }
  const { memory, output } = host
  return { ...outcome, output, fuelUsed: fuelUsed(exports, call.fuel), memoryBytes: memory.bytes }
}

/** Of a module that the engine does not take. One that was admitted is taken, unless there is no memory for its code. */
export function compileFailed(error: unknown): Ended {
  return { code: 0, fuelUsed: 0, memoryBytes: 0, output: new Uint8Array(0), ...badEnd(error, {}) }
}

function invoke(exported: unknown): unknown {
  return typeof exported === 'function' ? exported() : undefined
}

function missingRun(): never {
  throw new GuestStop('trap', 'it exports no function "run"')
}

function outcomeOf(code: unknown): Pick<Ended, 'end' | 'code' | 'message'> {
  if (code === 0) return { end: 'completed', code, message: '' }
  if (typeof code === 'number' && Number.isInteger(code)) return { end: 'failed', code, message: `run gave ${code}` }
  return { end: 'trap', code: 0, message: 'its function "run" is not of type () -> i32' }
}

function badEnd(error: unknown, exports: Exports): { readonly end: ChildEnd; readonly message: string } {
  if (error instanceof GuestStop) return { end: error.end, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  const fault = faultOf(exports)
  if (fault !== undefined) return { end: fault, message: `it used up its ${fault}` }
  if (!(error instanceof RangeError)) return { end: 'trap', message }
  // The engine's own stack, of a module without our bound on it; or memory that the machine does not have.
  return { end: /stack/.test(message) ? 'stack' : 'memory', message }
}

function faultOf(exports: Exports) {
  const fuel = exports[FUEL_EXPORT] as Global<bigint> | undefined
  const fault = exports[FAULT_EXPORT] as Global<number> | undefined
  return fuel && fault && readFault(fuel.value, fault.value)
}

/** 0 for a module without fuel. What was paid for and not executed when it ran out is not counted. */
function fuelUsed(exports: Exports, given: number): number {
  const left = (exports[FUEL_EXPORT] as Global<bigint> | undefined)?.value
  if (left === undefined) return 0
  return left < 0n ? given : given - Number(left)
}
