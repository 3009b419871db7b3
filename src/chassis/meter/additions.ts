import { ByteWriter } from '../wasm/byte-writer.js'
import { EXTERNREF, FUNCREF, FUNCTION_TYPE, I32, type WasmModule } from '../wasm/types.js'
import { emitCharge } from './emit.js'

/** What the rewritten module has beyond the original: types, functions and globals at the end of their index spaces. */
export class Additions {
  readonly fuel: number
  readonly fault: number
  readonly stack: number
  readonly types = new ByteWriter()
  /** Type indices of the functions, and their bodies. */
  readonly functionTypes: number[] = []
  readonly bodies: Uint8Array[] = []
  readonly #firstType: number
  readonly #firstFunction: number
  readonly #typeIndices = new Map<string, number>()
  readonly #charges = new Map<number, Uint8Array>()
  readonly #functionIndices = new Map<string, number>()

  constructor({ globals, types, functions }: WasmModule) {
    this.fuel = globals.length
    this.fault = globals.length + 1
    this.stack = globals.length + 2
    this.#firstType = types.length
    this.#firstFunction = functions.length
  }

  /** Code that pays so much; most loops cost the same few amounts. */
  charge(cost: number): Uint8Array {
    const known = this.#charges.get(cost)
    if (known !== undefined) return known
    const out = new ByteWriter(32)
    emitCharge(out, this, cost)
    this.#charges.set(cost, out.bytes)
    return out.bytes
  }

  get typeCount(): number {
    return this.#typeIndices.size
  }

  /** Index of a type, which is added when it is wanted for the first time. */
  type(parameters: ArrayLike<number>, results: ArrayLike<number>): number {
    const key = `${Array.from(parameters)} ${Array.from(results)}`
    const known = this.#typeIndices.get(key)
    if (known !== undefined) return known
    const index = this.#firstType + this.#typeIndices.size
    this.#typeIndices.set(key, index)
    this.types.byte(FUNCTION_TYPE).u32(parameters.length).append(parameters).u32(results.length).append(results)
    return index
  }

  /** Index of `(i32) -> i32`, added with its body when it is wanted for the first time. */
  sizeFunction(name: string, emit: (out: ByteWriter) => void): number {
    return this.#function(name, [I32], emit)
  }

  /** Index of `(reference, i32) -> i32`. */
  tableFunction(name: string, element: number, emit: (out: ByteWriter) => void): number {
    return this.#function(name, [element === FUNCREF ? FUNCREF : EXTERNREF, I32], emit)
  }

  #function(name: string, parameters: readonly number[], emit: (out: ByteWriter) => void): number {
    const known = this.#functionIndices.get(name)
    if (known !== undefined) return known
    const index = this.#firstFunction + this.#functionIndices.size
    this.#functionIndices.set(name, index)
    const body = new ByteWriter()
    emit(body)
    this.functionTypes.push(this.type(parameters, [I32]))
    this.bodies.push(body.bytes)
    return index
  }
}
