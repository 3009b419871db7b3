import { HOST_OPERATIONS, type HostOperation } from '../../child/host-operations.js'
import { NATIVE_GLOBAL, type Native } from './interface.js'

const globals = globalThis as Record<string, unknown>
const native = globals[NATIVE_GLOBAL] as Native
delete globals[NATIVE_GLOBAL]

const NOTHING = new Uint8Array(0)

export function ask(operation: HostOperation, value = 0, bytes: Uint8Array = NOTHING): number {
  return native.call(HOST_OPERATIONS.indexOf(operation), value, bytes)
}

/** Bytes that the host holds for the module: as many as one operation says, read by the other. */
export function readAll(length: HostOperation, read: HostOperation): Uint8Array {
  const bytes = new Uint8Array(ask(length))
  if (bytes.length > 0) ask(read, 0, bytes)
  return bytes
}

/** Of strings in ECMAScript 2024: the engine has it, the types do not. */
type WellFormed = string & { toWellFormed(): string }

export function encode(text: string): Uint8Array {
  return native.encode((text as WellFormed).toWellFormed())
}

export function decode(bytes: Uint8Array): string {
  return native.decode(bytes)
}
