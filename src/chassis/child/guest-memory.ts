import { GuestStop } from './guest-stop.js'

/** The part of WebAssembly's JavaScript API that the child uses; the types of Node.js do not have it. */
interface Engine {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: Exports }
  readonly Memory: new (...values: never[]) => { readonly buffer: ArrayBuffer }
  readonly RuntimeError: new (...values: never[]) => Error
}
export type Exports = Readonly<Record<string, unknown>>
export const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly

/**
 * The memory of a guest, as host functions may touch it. Pointers and lengths come as the signed numbers that i32 is for
 * JavaScript, and are taken as unsigned. What is not all within the memory ends the call with `host_call`.
 */
export class GuestMemory {
  #memory: { readonly buffer: ArrayBuffer } | undefined

  /** The memory that the instance exports. Nothing is read from an export of this name that is another thing. */
  attach(exported: unknown): void {
    this.#memory = exported instanceof engine.Memory ? exported : undefined
  }

  get bytes(): number {
    return this.#memory?.buffer.byteLength ?? 0
  }

  /** These bytes, in place: they are as the guest has them until it grows. */
  view(pointer: number, length: number): Uint8Array {
    const from = pointer >>> 0
    const size = length >>> 0
    if (this.#memory === undefined) throw new GuestStop('host_call', 'it exports no memory of its own as "memory"')
    // Both are below 2^32, so that the sum is exact.
    if (from + size > this.bytes) {
      const what = `it gave ${size} bytes at ${from} to a host function, and its memory has ${this.bytes}`
      throw new GuestStop('host_call', what)
    }
    return new Uint8Array(this.#memory.buffer, from, size)
  }

  copy(pointer: number, length: number): Uint8Array {
    return this.view(pointer, length).slice()
  }

  /**
   * Copies what there is from `offset` on to the pointer, at most `length` bytes, and says how many. All of `length` must be
   * within the memory, also where there is less.
   */
  put(source: Uint8Array, offset: number, pointer: number, length: number): number {
    const target = this.view(pointer, length)
    const part = source.subarray(offset >>> 0, (offset >>> 0) + target.length)
    target.set(part)
    return part.length
  }
}
