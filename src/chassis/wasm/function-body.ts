import { ByteReader } from './byte-reader.js'
import type { Measures } from './caps.js'
import { Instruction } from './instruction.js'
import { OP, VECTOR_PREFIX } from './operations.js'
import { type FunctionType, type Span, V128, VALUE_TYPES, type WasmModule } from './types.js'

/** What one function needs, and what it does that others have to know. */
export interface BodyShape {
  /** Where the declarations of locals end and instructions begin. */
  readonly codeStart: number
  readonly locals: number
  /** Most values on its operand stack at a time. */
  readonly operands: number
  readonly hasCalls: boolean
  /** Most parameters and results, together, of what it calls. */
  readonly callValues: number
  readonly hasVectors: boolean
}

/** Sees each instruction as it is read, with the number of blocks that are open around it. */
export type Visitor = (instruction: Instruction, depth: number) => void

interface Frame {
  readonly opcode: number
  /** Values that a branch to it takes along. */
  readonly branchArity: number
  readonly parameters: number
  readonly results: number
  /** Height of the operand stack below its parameters. */
  readonly base: number
  isUnreachable: boolean
}

/** Reads one function from end to end. Throws MODULE_REFUSED for what is malformed, unknown or beyond the caps. */
export function readBody(
  module: Omit<WasmModule, 'bodies'>,
  type: FunctionType,
  span: Span,
  measures: Measures,
  visit?: Visitor,
): BodyShape {
  measures.measure('bodyBytes', span.end - span.start, span.start)
  return new BodyReader(module, type, span, measures).read(visit)
}

class BodyReader {
  readonly #module: Omit<WasmModule, 'bodies'>
  readonly #type: FunctionType
  readonly #reader: ByteReader
  readonly #measures: Measures
  readonly #instruction = new Instruction()
  readonly #frames: Frame[] = []
  #height = 0
  #highest = 0
  #branchTargets = 0
  #hasCalls = false
  #callValues = 0
  #hasVectors: boolean

  constructor(module: Omit<WasmModule, 'bodies'>, type: FunctionType, { start, end }: Span, measures: Measures) {
    this.#module = module
    this.#type = type
    this.#reader = new ByteReader(module.bytes, start, end)
    this.#measures = measures
    this.#hasVectors = type.parameters.includes(V128)
  }

  read(visit: Visitor | undefined): BodyShape {
    const locals = this.#readLocals()
    const codeStart = this.#reader.at
    const spaces = { ...this.#module, locals: locals + this.#type.parameters.length }
    this.#open(OP.block, 0, this.#type.results.length)
    while (this.#frames.length > 0) {
      this.#instruction.read(this.#reader, spaces)
      visit?.(this.#instruction, this.#frames.length - 1)
      this.#apply()
    }
    if (!this.#reader.isAtEnd) throw this.#reader.malformed('a function goes on after its end')
    this.#measures.measure('operands', this.#highest, codeStart)
    return {
      codeStart,
      locals,
      operands: this.#highest,
      hasCalls: this.#hasCalls,
      callValues: this.#callValues,
      hasVectors: this.#hasVectors,
    }
  }

  #readLocals(): number {
    let locals = 0
    for (let groups = this.#reader.u32(); groups > 0; groups -= 1) {
      const at = this.#reader.at
      locals = this.#measures.measure('locals', locals + this.#reader.u32(), at)
      const type = this.#reader.byte()
      if (!VALUE_TYPES.has(type)) throw this.#reader.malformed('a local has an unknown type', at)
      if (type === V128) this.#hasVectors = true
    }
    return locals
  }

  #apply(): void {
    const { opcode, operation, index } = this.#instruction
    if (opcode >> 8 === VECTOR_PREFIX) this.#hasVectors = true
    this.#pop(operation.pops)
    switch (opcode) {
      case OP.block:
      case OP.loop:
      case OP.if:
        this.#openBlock()
        break
      case OP.else:
        this.#else()
        break
      case OP.end:
        this.#close()
        break
      case OP.branch:
        this.#pop(this.#labelArity(index))
        this.#endPath()
        break
      case OP.branchIf: {
        const arity = this.#labelArity(index)
        this.#pop(arity)
        this.#push(arity)
        break
      }
      case OP.branchTable:
        this.#branchTable()
        break
      case OP.return:
        this.#pop(this.#type.results.length)
        this.#endPath()
        break
      case OP.unreachable:
        this.#endPath()
        break
      case OP.call:
        this.#call(this.#module.functions[index])
        break
      case OP.callIndirect:
        this.#call(index)
        break
      default:
        this.#push(operation.pushes)
    }
  }

  #call(typeIndex = -1): void {
    const type = this.#module.types[typeIndex]
    if (type === undefined) throw this.#reader.malformed('it calls a function without a type')
    this.#hasCalls = true
    this.#callValues = Math.max(this.#callValues, type.parameters.length + type.results.length)
    this.#pop(type.parameters.length)
    this.#push(type.results.length)
  }

  #openBlock(): void {
    const { opcode, index, blockResult } = this.#instruction
    const type = this.#module.types[index]
    this.#pop(type?.parameters.length ?? 0)
    this.#open(opcode, type?.parameters.length ?? 0, type?.results.length ?? (blockResult === 0 ? 0 : 1))
  }

  #open(opcode: number, parameters: number, results: number): void {
    const branchArity = opcode === OP.loop ? parameters : results
    this.#frames.push({ opcode, branchArity, parameters, results, base: this.#height, isUnreachable: false })
    // The function itself is no block.
    this.#measures.measure('nesting', this.#frames.length - 1, this.#reader.at)
    this.#push(parameters)
  }

  #else(): void {
    const frame = this.#frames.at(-1)
    if (frame?.opcode !== OP.if) throw this.#reader.malformed('an else stands in no if')
    this.#pop(frame.results)
    this.#height = frame.base
    this.#frames[this.#frames.length - 1] = { ...frame, opcode: OP.else, isUnreachable: false }
    this.#push(frame.parameters)
  }

  #close(): void {
    const frame = this.#frames.at(-1)
    if (frame === undefined) throw this.#reader.malformed('an end closes nothing')
    this.#pop(frame.results)
    this.#frames.pop()
    this.#height = frame.base
    if (this.#frames.length > 0) this.#push(frame.results)
  }

  #branchTable(): void {
    const { targets, at } = this.#instruction
    this.#branchTargets += targets.length - 1
    this.#measures.measure('branchTargets', this.#branchTargets, at)
    for (const target of targets) this.#labelArity(target)
    this.#pop(this.#labelArity(targets.at(-1) ?? 0))
    this.#endPath()
  }

  #labelArity(label: number): number {
    const frame = this.#frames[this.#frames.length - 1 - label]
    if (frame === undefined) throw this.#reader.malformed(`there is no label ${label}`, this.#instruction.at)
    return frame.branchArity
  }

  #endPath(): void {
    const frame = this.#frames.at(-1)
    if (frame === undefined) return
    this.#height = frame.base
    frame.isUnreachable = true
  }

  #push(count: number): void {
    this.#height += count
    if (this.#height > this.#highest) this.#highest = this.#height
  }

  /** Code that is never reached may take operands that nobody put there. */
  #pop(count: number): void {
    const { base = 0, isUnreachable = false } = this.#frames.at(-1) ?? {}
    this.#height -= count
    if (this.#height >= base) return
    if (!isUnreachable) throw this.#reader.malformed('an instruction takes more operands than there are')
    this.#height = base
  }
}
