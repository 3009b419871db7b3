import { ByteWriter } from '../wasm/byte-writer.js'
import type { Measures } from '../wasm/caps.js'
import { type BodyShape, readBody } from '../wasm/function-body.js'
import type { Instruction } from '../wasm/instruction.js'
import { OP } from '../wasm/operations.js'
import { EMPTY_BLOCK, type FunctionType, type Span, type WasmModule } from '../wasm/types.js'
import type { Additions } from './additions.js'
import { ChargePoints } from './charge-points.js'
import { entryCost } from './cost.js'
import {
  BYTES,
  ELEMENTS,
  emitEnterFrame,
  emitGrowMemory,
  emitGrowTable,
  emitLeaveFrame,
  emitPayForSize,
} from './emit.js'
import type { MeterLimits, Rooms } from './limits.js'

/** Bytes of a frame beside its values: return address, saved registers, what the engine keeps. */
const FRAME_BASE_BYTES = 128
const VALUE_BYTES = 8
const VECTOR_BYTES = 16

/** Instructions that pay by the count on top of the operand stack. */
const SIZED = new Map<number, { readonly name: string; readonly unitsLog2: number }>([
  [OP.memoryInit, { name: 'pay for bytes', unitsLog2: BYTES }],
  [OP.memoryCopy, { name: 'pay for bytes', unitsLog2: BYTES }],
  [OP.memoryFill, { name: 'pay for bytes', unitsLog2: BYTES }],
  [OP.tableInit, { name: 'pay for elements', unitsLog2: ELEMENTS }],
  [OP.tableCopy, { name: 'pay for elements', unitsLog2: ELEMENTS }],
  [OP.tableFill, { name: 'pay for elements', unitsLog2: ELEMENTS }],
])

/** Bytes from `at` to `end` of the original are replaced; nothing is when they are the same. */
interface Edit {
  readonly at: number
  readonly end: number
  readonly bytes: Uint8Array
}

export interface BodyContext {
  readonly module: WasmModule
  readonly additions: Additions
  readonly measures: Measures
  readonly limits: MeterLimits
  readonly rooms: Rooms
}

/** The body of a function with its charges, as it stands in the code section without its size. */
export function rewriteBody(context: BodyContext, type: FunctionType, span: Span): Uint8Array {
  // Whether it calls, and how large its frame is, has to be known before its first instruction.
  const shape = readBody(context.module, type, span, context.measures)
  const edits = new Edits(context, type, shape)
  const charges = new ChargePoints(
    shape.codeStart,
    entryCost(shape.locals + type.parameters.length + type.results.length),
  )
  readBody(context.module, type, span, context.measures, (instruction, depth) => {
    charges.visit(instruction)
    edits.visit(instruction, depth)
  })
  const all = [...charges.points.map(({ at, cost }) => edits.charge(at, cost)), ...edits.list]
  // Of edits at one place the charge comes first: sorting keeps the order.
  return apply(
    context.module.bytes,
    span,
    all.sort((one, other) => one.at - other.at),
  )
}

function apply(bytes: Uint8Array, { start, end }: Span, edits: readonly Edit[]): Uint8Array {
  const out = new ByteWriter(end - start + 32 * edits.length)
  let at = start
  for (const edit of edits) {
    out.append(bytes.subarray(at, edit.at)).append(edit.bytes)
    at = edit.end
  }
  return out.append(bytes.subarray(at, end)).bytes
}

class Edits {
  readonly list: Edit[] = []
  readonly #context: BodyContext
  readonly #shape: BodyShape
  readonly #frameBytes: number

  constructor(context: BodyContext, type: FunctionType, shape: BodyShape) {
    this.#context = context
    this.#shape = shape
    const values = type.parameters.length + shape.locals + shape.operands + shape.callValues
    this.#frameBytes = FRAME_BASE_BYTES + values * (shape.hasVectors ? VECTOR_BYTES : VALUE_BYTES)
    // A function that calls nothing cannot recurse: the host keeps room for one frame of the largest kind.
    if (shape.hasCalls) this.#insert(shape.codeStart, (out) => this.#enter(out, type.results))
  }

  charge(at: number, cost: number): Edit {
    return { at, end: at, bytes: this.#context.additions.charge(cost) }
  }

  visit({ opcode, at, end, index }: Instruction, depth: number): void {
    const { additions } = this.#context
    const sized = SIZED.get(opcode)
    if (sized !== undefined) {
      const pay = additions.sizeFunction(sized.name, (out) => emitPayForSize(out, additions, sized.unitsLog2))
      this.#insert(at, (out) => out.byte(OP.call).u32(pay))
    } else if (opcode === OP.memoryGrow) {
      this.#replace(at, end, (out) => out.byte(OP.call).u32(this.#growMemory()))
    } else if (opcode === OP.tableGrow) {
      this.#replace(at, end, (out) => out.byte(OP.call).u32(this.#growTable(index)))
    } else if (this.#shape.hasCalls && opcode === OP.return) {
      this.#replace(at, end, (out) => out.byte(OP.branch).u32(depth))
    } else if (this.#shape.hasCalls && opcode === OP.end && depth === 0) {
      this.#insert(at, (out) => {
        out.byte(OP.end)
        emitLeaveFrame(out, additions, this.#frameBytes)
      })
    }
  }

  /** All of the function goes into a block, so that each of its ways out comes by its end. */
  #enter(out: ByteWriter, results: Uint8Array): void {
    const { additions } = this.#context
    emitEnterFrame(out, additions, this.#frameBytes)
    out.byte(OP.block)
    const [only = EMPTY_BLOCK, ...others] = results
    if (others.length === 0) out.byte(only)
    else out.signed(additions.type([], results))
  }

  #growMemory(): number {
    const { additions, rooms } = this.#context
    return additions.sizeFunction('grow memory', (out) => {
      const room = rooms.memories[0]
      if (room !== undefined) emitGrowMemory(out, additions, room)
    })
  }

  #growTable(table: number): number {
    const { additions, rooms, module } = this.#context
    const element = module.tables[table]?.element ?? 0
    return additions.tableFunction(`grow table ${table}`, element, (out) => {
      const room = rooms.tables[table]
      if (room !== undefined) emitGrowTable(out, additions, table, room)
    })
  }

  #insert(at: number, emit: (out: ByteWriter) => void): void {
    this.#replace(at, at, emit)
  }

  #replace(at: number, end: number, emit: (out: ByteWriter) => void): void {
    const out = new ByteWriter(8)
    emit(out)
    this.list.push({ at, end, bytes: out.bytes })
  }
}
