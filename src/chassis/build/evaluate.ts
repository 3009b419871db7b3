import { assertInvariant } from '../../model/errors.js'
import { assemble, type Baked, firstNative } from './assemble.js'
import type { Engine } from './engine.js'
import { NATIVE_GLOBAL } from './guest/interface.js'
import { NATIVE_FUNCTIONS } from './guest-functions.js'
import { type Imports, instantiate } from './web-assembly.js'

/** Name of the bundle in positions of errors. */
export const BUNDLE_NAME = 'tool.js'

/** Something that was thrown while the bundle was evaluated. */
export interface Thrown {
  readonly name: string
  readonly message: string
  /** As the engine writes it, with positions in the bundle. */
  readonly stack: string
}

export type Evaluation =
  | { readonly end: 'baked'; readonly baked: Baked; readonly readsClock: boolean; readonly readsRandom: boolean }
  | { readonly end: 'thrown'; readonly thrown: Thrown }
  /** It gave no program: the tool has no default export that is a function. */
  | { readonly end: 'no_program' }
  /** It did not come to an end. */
  | { readonly end: 'endless' }

/** How often the engine asks at most whether it should stop, which takes it some seconds, and how many jobs it may leave. */
const MOST_POLLS = 5_000
const MOST_JOBS = 100_000
/** Memory of the engine while it evaluates: what is left must fit a module. */
const MOST_BYTES = 128 * 1024 * 1024
/** Stack of the engine for calls of JavaScript, which throw a RangeError beyond. */
const STACK_BYTES = 256 * 1024

/** Evaluates a bundle once and keeps what it left in memory. Clock and randomness stand still: 1970, and one fixed sequence. */
export function evaluate(engine: Engine, bundle: string): Evaluation {
  const session = new Session(engine)
  return session.evaluate(bundle)
}

type Function = (...values: readonly (number | bigint)[]) => number & bigint

class Session {
  readonly #engine: Engine
  readonly #exports: Record<string, unknown>
  #polls = 0
  #clockReads = 0

  constructor(engine: Engine) {
    this.#engine = engine
    this.#exports = instantiate(assemble(engine), this.#imports())
    this.#call('_initialize')
    assertInvariant(this.#call('qjs_init') === 0, 'the engine does not start')
    this.#call('qjs_set_max_stack_size', STACK_BYTES)
    this.#installNatives()
  }

  evaluate(bundle: string): Evaluation {
    const random = this.#findRandom()
    const seed = this.#view().getBigUint64(random, true)
    this.#clockReads = 0
    this.#call('qjs_set_memory_limit', MOST_BYTES)
    this.#call('qjs_set_interrupt_handler', 1)
    const value = this.#run(bundle)
    let jobs = 0
    while (jobs < MOST_JOBS && this.#call('qjs_execute_pending_job') !== 0) jobs += 1
    if (jobs === MOST_JOBS || this.#polls > MOST_POLLS) return { end: 'endless' }
    if (this.#call('qjs_is_exception', value) !== 0) return { end: 'thrown', thrown: this.#thrown() }
    const start = this.#property(value, 'start')
    if (this.#call('qjs_is_function', start) === 0) return { end: 'no_program' }
    this.#call('qjs_set_interrupt_handler', 0)
    this.#call('qjs_set_memory_limit', -1)
    const finish = this.#property(value, 'finish')
    const places = { random, start, finish, undefined: this.#call('qjs_get_undefined') }
    this.#call('qjs_run_gc')
    const readsRandom = this.#view().getBigUint64(random, true) !== seed
    return { end: 'baked', baked: this.#baked(places), readsClock: this.#clockReads > 0, readsRandom }
  }

  #baked(places: Baked['places']): Baked {
    const stackTop = (this.#exports.__stack_pointer as { readonly value: number }).value
    return { memory: this.#memory(), stackTop, places }
  }

  /** Evaluates text, and leaves none of it behind. The box with its value. */
  #run(text: string): number {
    const code = this.#text(text)
    const name = this.#text(BUNDLE_NAME)
    const value = this.#call('qjs_eval', code.pointer, code.length, name.pointer, 0)
    for (const { pointer, length } of [code, name]) {
      this.#memory().fill(0, pointer, pointer + length)
      this.#call('wasm_free', pointer)
    }
    return value
  }

  #installNatives(): void {
    const context = this.#call('qjs_get_context_ptr')
    const natives = this.#call('qjs_new_object')
    for (const [index, name] of NATIVE_FUNCTIONS.entries()) {
      const { pointer } = this.#text(name)
      const callee = firstNative(this.#engine) + index
      const value = this.#function('JS_NewCFunction2')(context, callee, pointer, 3, 0, 0)
      this.#function('JS_SetPropertyStr')(context, this.#view().getBigInt64(natives, true), pointer, value)
      this.#call('wasm_free', pointer)
    }
    const { pointer } = this.#text(NATIVE_GLOBAL)
    this.#call('qjs_set_prop_string', this.#call('qjs_get_global'), pointer, natives)
    this.#call('wasm_free', pointer)
  }

  /**
   * Where the state of `Math.random` is, 64 bits. The engine seeds it by the clock, once, and has no function for it, so it is
   * looked for: it is what a call has taken one step further.
   */
  #findRandom(): number {
    const before = new DataView(this.#memory().slice().buffer)
    this.#run('Math.random()')
    const after = this.#view()
    const found: number[] = []
    for (let at = 0; at + 8 <= before.byteLength; at += 8) {
      const state = before.getBigUint64(at, true)
      if (state !== 0n && after.getBigUint64(at, true) === nextRandom(state)) found.push(at)
    }
    const [place] = found
    assertInvariant(place !== undefined && found.length === 1, 'the engine keeps its randomness elsewhere')
    return place
  }

  #thrown(): Thrown {
    const error = this.#call('qjs_get_exception')
    const text = (name: string) => this.#string(this.#property(error, name))
    if (this.#call('qjs_is_error', error) === 0) return { name: '', message: this.#string(error), stack: '' }
    return { name: text('name'), message: text('message'), stack: text('stack') }
  }

  #property(box: number, name: string): number {
    const { pointer } = this.#text(name)
    const value = this.#call('qjs_get_prop_string', box, pointer)
    this.#call('wasm_free', pointer)
    return value
  }

  #string(box: number): string {
    const size = this.#call('wasm_malloc', 4)
    const pointer = this.#call('qjs_get_string_len', box, size)
    if (pointer === 0) return ''
    const length = this.#view().getUint32(size, true)
    return new TextDecoder().decode(this.#memory().slice(pointer, pointer + length))
  }

  /** Text with a zero behind it, as the engine takes it. */
  #text(text: string): { readonly pointer: number; readonly length: number } {
    const bytes = new TextEncoder().encode(text)
    const pointer = this.#call('wasm_malloc', bytes.length + 1)
    const memory = this.#memory()
    memory.set(bytes, pointer)
    memory[pointer + bytes.length] = 0
    return { pointer, length: bytes.length }
  }

  #call(name: string, ...values: readonly number[]): number {
    return this.#function(name)(...values)
  }

  #function(name: string): Function {
    return this.#exports[name] as Function
  }

  #memory(): Uint8Array {
    return new Uint8Array((this.#exports.memory as { readonly buffer: ArrayBuffer }).buffer)
  }

  #view(): DataView {
    return new DataView(this.#memory().buffer)
  }

  #imports(): Imports {
    const BAD_DESCRIPTOR = 8
    return {
      env: {
        host_call: () => 0,
        host_get_timezone_offset: () => 0,
        host_interrupt: () => {
          this.#polls += 1
          return this.#polls > MOST_POLLS ? 1 : 0
        },
        host_module_load: () => 0,
        host_module_normalize: () => 0,
        host_promise_rejection: () => undefined,
      },
      wasi_snapshot_preview1: {
        clock_time_get: (_clock: number, _precision: bigint, pointer: number) => {
          this.#clockReads += 1
          this.#view().setBigUint64(pointer, 0n, true)
          return 0
        },
        fd_close: () => BAD_DESCRIPTOR,
        fd_fdstat_get: () => BAD_DESCRIPTOR,
        fd_seek: () => BAD_DESCRIPTOR,
        fd_write: () => BAD_DESCRIPTOR,
        random_get: (pointer: number, length: number) => {
          this.#memory().fill(0, pointer, pointer + length)
          return 0
        },
      },
    }
  }
}

/** One step of its generator, xorshift64*. */
function nextRandom(state: bigint): bigint {
  let next = state
  next ^= next >> 12n
  next = BigInt.asUintN(64, next ^ (next << 25n))
  return next ^ (next >> 27n)
}
