import { coreImports, type GuestImports } from './core-imports.js'
import type { GuestHost } from './guest-host.js'
import type { GuestMemory } from './guest-memory.js'
import { GuestStop } from './guest-stop.js'
import { HOST_OPERATIONS, type HostOperation } from './host-operations.js'

/** Numbers of errors in WASI. */
const SUCCESS = 0
const BAD_DESCRIPTOR = 8
const INVALID = 28
/** Clocks of WASI that there are: of the day, and one that only goes forward. Both tell the time of the day here. */
const CLOCKS = 2
const NANOSECONDS = 1_000_000n
/** Where the engine writes what it has to say of itself, and how many pieces of it are looked at. */
const STANDARD_OUTPUT = 1
const STANDARD_ERROR = 2
const MOST_PIECES = 16
const WARN = 1
const NONE = 0

/**
 * The twelve imports of a baked TypeScript module. `env.host_call(operation, value, pointer, length, 0)` carries everything that
 * a tool asks for. Modules, interrupts, rejections and files of the engine lead nowhere, and its time zone is UTC.
 */
export function typescriptImports(host: GuestHost): GuestImports {
  const { memory } = host
  return {
    env: {
      host_call: hostCall(host),
      host_get_timezone_offset: () => 0,
      host_interrupt: () => 0,
      host_module_load: () => NONE,
      host_module_normalize: () => NONE,
      host_promise_rejection: () => undefined,
    },
    wasi_snapshot_preview1: {
      clock_time_get: (clock: number, _precision: bigint, pointer: number) => {
        if (clock >>> 0 >= CLOCKS) return INVALID
        viewOf(memory, pointer, 8).setBigUint64(0, BigInt(host.clockMs()) * NANOSECONDS, true)
        return SUCCESS
      },
      fd_close: () => BAD_DESCRIPTOR,
      fd_fdstat_get: () => BAD_DESCRIPTOR,
      fd_seek: () => BAD_DESCRIPTOR,
      fd_write: (file: number, pieces: number, count: number, written: number) => {
        if (file !== STANDARD_OUTPUT && file !== STANDARD_ERROR) return BAD_DESCRIPTOR
        viewOf(memory, written, 4).setUint32(0, logPieces(host, pieces, count), true)
        return SUCCESS
      },
      random_get: (pointer: number, length: number) => {
        host.random(memory.view(pointer, length))
        return SUCCESS
      },
    },
  }
}

type Operation = (value: number, pointer: number, length: number) => number

/** The functions of the profile `core`, behind one import. What it does not know ends the call. */
function hostCall(host: GuestHost): (...values: never[]) => unknown {
  const core = coreImports(host).ifab as Record<HostOperation, (...values: number[]) => unknown>
  const number = (result: unknown) => (typeof result === 'number' ? result : 0)
  const operations: Readonly<Record<HostOperation, Operation>> = {
    log: (level, pointer, length) => number(core.log(level, pointer, length)),
    input_length: () => number(core.input_length()),
    read_input: (offset, pointer, length) => number(core.read_input(pointer, offset, length)),
    write_output: (_value, pointer, length) => number(core.write_output(pointer, length)),
    http_request: (_value, pointer, length) => number(core.http_request(pointer, length)),
    response_length: () => number(core.response_length()),
    read_response: (offset, pointer, length) => number(core.read_response(pointer, offset, length)),
  }
  return (operation: number, value: number, pointer: number, length: number) => {
    const name = HOST_OPERATIONS[operation]
    if (name === undefined) throw new GuestStop('host_call', `it asked for operation ${operation}, which there is not`)
    return operations[name](value, pointer, length)
  }
}

/** Each piece that the engine writes is a line of the log. How many bytes they have. */
function logPieces(host: GuestHost, pieces: number, count: number): number {
  const most = Math.min(count >>> 0, MOST_PIECES)
  const list = viewOf(host.memory, pieces, most * 8)
  let written = 0
  for (let piece = 0; piece < most; piece += 1) {
    const text = host.memory.view(list.getUint32(piece * 8, true), list.getUint32(piece * 8 + 4, true))
    if (text.length > 0) host.log(WARN, text)
    written += text.length
  }
  return written
}

function viewOf(memory: GuestMemory, pointer: number, length: number): DataView {
  const bytes = memory.view(pointer, length)
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
