import { refuseModule } from '../refusal.js'
import type { ByteReader } from './byte-reader.js'
import { BULK_PREFIX, type Operation, operationOf, VECTOR_PREFIX } from './operations.js'
import { EMPTY_BLOCK, EXTERNREF, FUNCREF, VALUE_TYPES, type WasmModule } from './types.js'

/** What indices in code may name. */
export interface IndexSpaces
  extends Pick<
    WasmModule,
    'types' | 'functions' | 'tables' | 'memories' | 'globals' | 'elementSegments' | 'dataCount'
  > {
  /** Locals of the function, parameters included. */
  readonly locals: number
}

/** One instruction. The reader has one object for all: what is kept must be copied. */
export class Instruction {
  /** The byte or, behind a prefix, `prefix << 8 | opcode`. */
  opcode = 0
  operation: Operation = { immediate: 'none', pops: 0, pushes: 0, bound: 0 }
  /** Where it begins, and where what follows begins. */
  at = 0
  end = 0
  /** Its index: of a label, function, local, table and so on. For a block its type index, or -1. */
  index = 0
  /** Byte of the value type that a block leaves, where it has one. */
  blockResult = 0
  /** Labels of a branch table, the default last. */
  targets: number[] = []

  /** Reads the next one and checks that every index names something. */
  read(reader: ByteReader, spaces: IndexSpaces): void {
    this.at = reader.at
    const first = reader.byte()
    const hasPrefix = first === BULK_PREFIX || first === VECTOR_PREFIX
    const opcode = hasPrefix ? reader.u32() : first
    const operation = operationOf(hasPrefix ? first : 0, opcode)
    if (operation === undefined) {
      const shown = `0x${first.toString(16)}${hasPrefix ? ` ${opcode}` : ''}`
      throw refuseModule('unsupported', `it has the unknown instruction ${shown}`, { offset: this.at })
    }
    this.opcode = hasPrefix ? first * 256 + opcode : first
    this.operation = operation
    if (operation.immediate !== 'none') this.#readImmediate(reader, spaces, operation)
    this.end = reader.at
  }

  #readImmediate(reader: ByteReader, spaces: IndexSpaces, { immediate, bound }: Operation): void {
    switch (immediate) {
      case 'label':
        this.index = reader.u32()
        break
      case 'local':
        this.index = indexBelow(reader, spaces.locals, 'local')
        break
      case 'i32':
        reader.skipSigned(32)
        break
      case 'i64':
        reader.skipSigned(64)
        break
      case 'access':
        readAccess(reader, spaces, bound)
        break
      case 'accessLane':
        readAccess(reader, spaces, bound)
        readLane(reader, 16 >> bound)
        break
      case 'global':
        this.index = indexBelow(reader, spaces.globals.length, 'global')
        break
      case 'function':
        this.index = indexBelow(reader, spaces.functions.length, 'function')
        break
      case 'block':
        this.#readBlockType(reader, spaces)
        break
      case 'labels':
        this.#readTargets(reader)
        break
      case 'indirect':
        this.index = indexBelow(reader, spaces.types.length, 'type')
        indexBelow(reader, spaces.tables.length, 'table')
        break
      case 'table':
      case 'elementTable':
      case 'element':
      case 'tables':
        this.#readTableIndices(reader, spaces, immediate)
        break
      case 'memory':
      case 'memories':
      case 'dataMemory':
      case 'data':
        this.#readMemoryIndices(reader, spaces, immediate)
        break
      case 'f32':
        reader.skip(4)
        break
      case 'f64':
        reader.skip(8)
        break
      case 'v128':
        reader.skip(16)
        break
      case 'lane':
        readLane(reader, bound)
        break
      case 'lanes':
        for (let lane = 0; lane < 16; lane += 1) readLane(reader, bound)
        break
      case 'reference':
        requireReference(reader)
        break
      case 'types':
        readSelectTypes(reader)
        break
    }
  }

  #readBlockType(reader: ByteReader, { types }: IndexSpaces): void {
    const byte = reader.bytes[reader.at] ?? 0
    this.index = -1
    this.blockResult = VALUE_TYPES.has(byte) ? byte : 0
    if (byte === EMPTY_BLOCK || this.blockResult !== 0) {
      reader.skip(1)
      return
    }
    const at = reader.at
    this.index = reader.typeIndex()
    if (this.index >= types.length) throw reader.malformed(`there is no type ${this.index}`, at)
  }

  #readTargets(reader: ByteReader): void {
    const count = reader.u32()
    // Each target has at least one byte.
    if (count > reader.end - reader.at) throw reader.malformed('a branch table ends too early')
    this.targets = []
    for (let target = 0; target <= count; target += 1) this.targets.push(reader.u32())
  }

  #readTableIndices(reader: ByteReader, { tables, elementSegments }: IndexSpaces, immediate: string): void {
    const isElement = immediate === 'element' || immediate === 'elementTable'
    this.index = isElement
      ? indexBelow(reader, elementSegments, 'element segment')
      : indexBelow(reader, tables.length, 'table')
    if (immediate === 'tables' || immediate === 'elementTable') indexBelow(reader, tables.length, 'table')
  }

  #readMemoryIndices(reader: ByteReader, { memories, dataCount }: IndexSpaces, immediate: string): void {
    const isData = immediate === 'data' || immediate === 'dataMemory'
    this.index = isData
      ? indexBelow(reader, dataCount ?? 0, 'data segment')
      : indexBelow(reader, memories.length, 'memory')
    if (immediate === 'memories' || immediate === 'dataMemory') indexBelow(reader, memories.length, 'memory')
  }
}

/** An index that names one of `count` things. */
export function indexBelow(reader: ByteReader, count: number, what: string): number {
  const at = reader.at
  const index = reader.u32()
  if (index >= count) throw reader.malformed(`there is no ${what} ${index}`, at)
  return index
}

/** `funcref` or `externref`. */
export function requireReference(reader: ByteReader): void {
  const type = reader.byte()
  if (type !== FUNCREF && type !== EXTERNREF) throw reader.malformed('a reference is neither funcref nor externref')
}

function readAccess(reader: ByteReader, { memories }: IndexSpaces, bound: number): void {
  const at = reader.at
  if (memories.length === 0) throw reader.malformed('it has no memory to access', at)
  if (reader.u32() > bound) throw reader.malformed('an access is aligned to more than its size', at)
  reader.u32()
}

function readLane(reader: ByteReader, count: number): void {
  if (reader.byte() >= count) throw reader.malformed('there is no such lane', reader.at - 1)
}

function readSelectTypes(reader: ByteReader): void {
  if (reader.u32() !== 1) throw reader.malformed('a select has not one type')
  if (!VALUE_TYPES.has(reader.byte())) throw reader.malformed('a type is unknown', reader.at - 1)
}
