import { ByteWriter } from '../wasm/byte-writer.js'
import { OP } from '../wasm/operations.js'
import { EMPTY_BLOCK, I32, I64 } from '../wasm/types.js'
import type { Engine } from './engine.js'
import { RUN_CODES } from './guest/interface.js'

/**
 * Functions that a baked module has besides those of its engine. The first three are functions of JavaScript, with the
 * signature of QuickJS: `(context: i32, this: i64, arguments: i32, first argument: i32) -> i64`. A value is 64 bits: its tag
 * above, and below it an integer or a pointer.
 */
export const NATIVE_FUNCTIONS = ['call', 'encode', 'decode'] as const
export type NativeFunction = (typeof NATIVE_FUNCTIONS)[number]

export const NATIVE_TYPE = { parameters: [I32, I64, I32, I32], results: [I64] }
export const RUN_TYPE = { parameters: [], results: [I32] }

/** Places in the memory of a baked module. */
export interface BakedPlaces {
  /** State of `Math.random`, 8 bytes. */
  readonly random: number
  /** Boxes with the functions that begin and end a call, and with `undefined`. */
  readonly start: number
  readonly finish: number
  readonly undefined: number
}

const CONTEXT = 0
const FIRST_ARGUMENT = 3
/** The value that says that something was thrown: tag 6. */
const EXCEPTION = 6 * 2 ** 32
const TAG_BITS = 32
/** The engine's own stack pointer, and the room that a function takes from it: for one length. */
const STACK_POINTER = 0
const FRAME_BYTES = 16
/** Alignment, as memory instructions have it. */
const WORD = 2
const LONG = 3

export function nativeBody(name: NativeFunction, engine: Engine): Uint8Array {
  const out = new ByteWriter()
  // Two locals: the frame, and a pointer.
  out.u32(1).u32(2).byte(I32)
  out.byte(OP.globalGet, STACK_POINTER, OP.i32Const, FRAME_BYTES, OP.i32Sub, OP.localTee, FRAME)
  out.byte(OP.globalSet, STACK_POINTER)
  BODIES[name](out, engine)
  out.byte(OP.localGet, FRAME, OP.i32Const, FRAME_BYTES, OP.i32Add, OP.globalSet, STACK_POINTER, OP.end)
  return out.bytes
}

const FRAME = 4
const POINTER = 5

const BODIES: Readonly<Record<NativeFunction, (out: ByteWriter, engine: Engine) => void>> = {
  /** `(operation: integer, value: integer, bytes: Uint8Array) => integer`: asks the host. */
  call(out, engine) {
    emitBytes(out, engine, 2)
    argument(out.byte(OP.localGet, FIRST_ARGUMENT, OP.i32Load), WORD, 0)
    argument(out.byte(OP.localGet, FIRST_ARGUMENT, OP.i32Load), WORD, 1)
    emitSpan(out)
    out.byte(OP.i32Const, 0, OP.call).u32(engine.function('env.host_call'))
    out.byte(OP.i64ExtendU, OP.end)
  },
  /** `(text: string) => Uint8Array`, in UTF-8. */
  encode(out, engine) {
    out.byte(OP.localGet, CONTEXT, OP.localGet, FRAME)
    argument(out.byte(OP.localGet, FIRST_ARGUMENT, OP.i64Load), LONG, 0)
    out.byte(OP.i32Const, 0, OP.call).u32(engine.function('JS_ToCStringLen2'))
    emitUnlessThrown(out)
    emitContextAndSpan(out)
    out.byte(OP.call).u32(engine.function('JS_NewUint8ArrayCopy'))
    out.byte(OP.localGet, CONTEXT, OP.localGet, POINTER, OP.call).u32(engine.function('JS_FreeCString'))
    out.byte(OP.end)
  },
  /** `(bytes: Uint8Array) => string`, from UTF-8. What is not UTF-8 becomes U+FFFD. */
  decode(out, engine) {
    emitBytes(out, engine, 0)
    emitContextAndSpan(out)
    out.byte(OP.call).u32(engine.function('JS_NewStringLen'))
    out.byte(OP.end)
  },
}

/** Begins a block for the case that the argument is a Uint8Array, whose bytes are where the pointer says. */
function emitBytes(out: ByteWriter, engine: Engine, index: number): void {
  out.byte(OP.localGet, CONTEXT, OP.localGet, FRAME)
  argument(out.byte(OP.localGet, FIRST_ARGUMENT, OP.i64Load), LONG, index)
  out.byte(OP.call).u32(engine.function('JS_GetUint8Array'))
  emitUnlessThrown(out)
}

/** From the pointer on the operand stack: nothing was found, so something was thrown; else the block that begins goes on. */
function emitUnlessThrown(out: ByteWriter): void {
  out.byte(OP.localTee, POINTER, OP.i32Eqz, OP.if, I64, OP.i64Const).signed(EXCEPTION)
  out.byte(OP.else)
}

function argument(out: ByteWriter, alignment: number, index: number): void {
  out.byte(alignment).u32(index * 8)
}

function emitSpan(out: ByteWriter): void {
  out.byte(OP.localGet, POINTER, OP.localGet, FRAME, OP.i32Load, WORD, 0)
}

function emitContextAndSpan(out: ByteWriter): void {
  out.byte(OP.localGet, CONTEXT)
  emitSpan(out)
}

/**
 * `run: () -> i32`. New randomness, the call, and all jobs that it leaves; what came of it is an integer in JavaScript. A
 * promise that nothing can settle any more is left when there are no jobs.
 */
export function runBody(engine: Engine, places: BakedPlaces): Uint8Array {
  const out = new ByteWriter()
  out.u32(1).u32(1).byte(I64)
  out.byte(OP.i32Const).signed(places.random)
  out.byte(OP.i32Const, 8, OP.call).u32(engine.function('wasi_snapshot_preview1.random_get'))
  out.byte(OP.drop)
  // The generator would stay at zero.
  out.byte(OP.i32Const).signed(places.random)
  out.byte(OP.i32Const).signed(places.random)
  out.byte(OP.i64Load, LONG, 0, OP.i64Const, 1, OP.i64Or, OP.i64Store, LONG, 0)
  emitCall(out, engine, places.start, places.undefined)
  out.byte(OP.drop, OP.loop, EMPTY_BLOCK, OP.call).u32(engine.function('qjs_execute_pending_job'))
  out.byte(OP.branchIf, 0, OP.end)
  emitCall(out, engine, places.finish, places.undefined)
  out.byte(OP.i64Load, LONG, 0, OP.localTee, 0, OP.i64Const, TAG_BITS, OP.i64ShrU, OP.i32WrapI64, OP.if, I32)
  out.byte(OP.i32Const, RUN_CODES.engine, OP.else, OP.localGet, 0, OP.i32WrapI64, OP.end, OP.end)
  return out.bytes
}

/** Calls a function of JavaScript without arguments; the box with what it returned is on the operand stack. */
function emitCall(out: ByteWriter, engine: Engine, callee: number, receiver: number): void {
  out.byte(OP.i32Const).signed(callee)
  out.byte(OP.i32Const).signed(receiver)
  out.byte(OP.i32Const, 0, OP.i32Const, 0, OP.call).u32(engine.function('qjs_call'))
}
