import { refuseModule } from '../refusal.js'
import type { ByteReader } from './byte-reader.js'
import type { Cap, Measures } from './caps.js'
import { readConstant } from './constant.js'
import { indexBelow, requireReference } from './instruction.js'
import { readGlobalType, readKind, readMemory, readTable } from './read-types.js'
import {
  type Export,
  FUNCTION_TYPE,
  type FunctionType,
  type GlobalType,
  type Import,
  type Kind,
  type Limits,
  type Section,
  type Span,
  type TableType,
  VALUE_TYPES,
  type WasmModule,
} from './types.js'

export const SECTION = {
  types: 1,
  imports: 2,
  functions: 3,
  tables: 4,
  memories: 5,
  globals: 6,
  exports: 7,
  start: 8,
  elements: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const

/** Reads the sections of a module one after the other; each may only name what came before. */
export class ModuleSections {
  readonly types: FunctionType[] = []
  readonly imports: Import[] = []
  readonly exports: Export[] = []
  readonly tables: TableType[] = []
  readonly memories: Limits[] = []
  readonly #bytes: Uint8Array
  readonly #measures: Measures
  readonly #sections = new Map<number, Section>()
  readonly #functions: number[] = []
  readonly #globals: GlobalType[] = []
  readonly #bodies: Span[] = []
  #importedFunctions = 0
  #importedGlobals = 0
  #start: number | undefined
  #elementSegments = 0
  #dataCount: number | undefined
  #dataSegments = 0

  constructor(bytes: Uint8Array, measures: Measures) {
    this.#bytes = bytes
    this.#measures = measures
  }

  /** Reads the content of one section, all of it. */
  read(id: number, reader: ByteReader): void {
    this.#readers[id]?.(reader)
    if (!reader.isAtEnd) throw reader.malformed(`section ${id} is longer than its content`)
  }

  /** The module, when all sections were read. */
  finish(): WasmModule {
    if (this.#bodies.length !== this.#functions.length - this.#importedFunctions) {
      throw refuseModule('malformed', 'it does not have one body for each function')
    }
    if (this.#dataCount !== undefined && this.#dataCount !== this.#dataSegments) {
      throw refuseModule('malformed', 'it does not have as many data segments as it says')
    }
    return {
      bytes: this.#bytes,
      sections: this.#sections,
      types: this.types,
      imports: this.imports,
      functions: this.#functions,
      tables: this.tables,
      memories: this.memories,
      globals: this.#globals,
      exports: this.exports,
      ...(this.#start !== undefined && { start: this.#start }),
      elementSegments: this.#elementSegments,
      ...(this.#dataCount !== undefined && { dataCount: this.#dataCount }),
      bodies: this.#bodies,
    }
  }

  readonly #readers: Readonly<Record<number, (reader: ByteReader) => void>> = {
    [SECTION.types]: (reader) => this.#items(SECTION.types, reader, 'types', () => this.#readType(reader)),
    [SECTION.imports]: (reader) => this.#items(SECTION.imports, reader, 'imports', () => this.#readImport(reader)),
    [SECTION.functions]: (reader) =>
      this.#items(SECTION.functions, reader, 'functions', () => {
        this.#functions.push(indexBelow(reader, this.types.length, 'type'))
      }),
    [SECTION.tables]: (reader) =>
      this.#items(SECTION.tables, reader, 'tables', () => {
        this.tables.push(readTable(reader))
      }),
    [SECTION.memories]: (reader) =>
      this.#items(SECTION.memories, reader, 'memories', () => {
        this.memories.push(readMemory(reader))
      }),
    [SECTION.globals]: (reader) => this.#items(SECTION.globals, reader, 'globals', () => this.#readGlobal(reader)),
    [SECTION.exports]: (reader) => this.#readExports(reader),
    [SECTION.start]: (reader) => {
      this.#start = indexBelow(reader, this.#functions.length, 'function')
    },
    [SECTION.elements]: (reader) =>
      this.#items(SECTION.elements, reader, 'elementSegments', () => this.#readElements(reader)),
    [SECTION.dataCount]: (reader) => {
      this.#dataCount = this.#measures.measure('dataSegments', reader.u32(), reader.at)
    },
    [SECTION.code]: (reader) =>
      this.#items(SECTION.code, reader, 'functions', () => {
        const { at: start, end } = reader.part(reader.u32())
        this.#bodies.push({ start, end })
      }),
    [SECTION.data]: (reader) => this.#items(SECTION.data, reader, 'dataSegments', () => this.#readData(reader)),
  }

  #items(id: number, reader: ByteReader, cap: Cap, readItem: () => void): void {
    const at = reader.at
    const items = this.#measures.measure(cap, reader.u32(), at)
    this.#sections.set(id, { start: reader.at, end: reader.end, items })
    for (let item = 0; item < items; item += 1) readItem()
  }

  #readType(reader: ByteReader): void {
    const at = reader.at
    if (reader.byte() !== FUNCTION_TYPE)
      throw refuseModule('unsupported', 'it has a type of no function', { offset: at })
    this.types.push({ parameters: this.#readTypes(reader, 'parameters'), results: this.#readTypes(reader, 'results') })
  }

  #readTypes(reader: ByteReader, cap: Cap): Uint8Array {
    const at = reader.at
    const { at: start, end } = reader.part(this.#measures.measure(cap, reader.u32(), at))
    const types = this.#bytes.subarray(start, end)
    if (!types.every((type) => VALUE_TYPES.has(type))) throw reader.malformed('a function has an unknown type', at)
    return types
  }

  #readImport(reader: ByteReader): void {
    const module = reader.name()
    const name = reader.name()
    const kind = readKind(reader)
    if (kind === 'function') {
      const type = indexBelow(reader, this.types.length, 'type')
      this.#functions.push(type)
      this.#importedFunctions += 1
      this.imports.push({ module, name, kind, type })
      return
    }
    if (kind === 'table') this.tables.push(readTable(reader))
    else if (kind === 'memory') this.memories.push(readMemory(reader))
    else {
      this.#globals.push(readGlobalType(reader))
      this.#importedGlobals += 1
    }
    this.imports.push({ module, name, kind })
  }

  #readGlobal(reader: ByteReader): void {
    const type = readGlobalType(reader)
    this.#readConstant(reader)
    this.#globals.push(type)
  }

  #readConstant(reader: ByteReader): void {
    readConstant(reader, { functions: this.#functions.length, importedGlobals: this.#importedGlobals })
  }

  #readExports(reader: ByteReader): void {
    const counts: Readonly<Record<Kind, number>> = {
      function: this.#functions.length,
      table: this.tables.length,
      memory: this.memories.length,
      global: this.#globals.length,
    }
    const names = new Set<string>()
    this.#items(SECTION.exports, reader, 'exports', () => {
      const at = reader.at
      const name = reader.name()
      if (names.has(name)) throw reader.malformed('it exports one name twice', at)
      names.add(name)
      const kind = readKind(reader)
      this.exports.push({ name, kind, index: indexBelow(reader, counts[kind], kind) })
    })
  }

  /** Segments have eight forms: passive or declared, with a table, with expressions instead of functions. */
  #readElements(reader: ByteReader): void {
    const at = reader.at
    const form = reader.u32()
    if (form > 7) throw reader.malformed('an element segment has an unknown form', at)
    const isActive = (form & 1) === 0
    const hasExpressions = (form & 4) !== 0
    if (isActive) {
      if ((form & 2) !== 0) indexBelow(reader, this.tables.length, 'table')
      else if (this.tables.length === 0) throw reader.malformed('it has no table for its elements', at)
      this.#readConstant(reader)
    }
    if ((form & 3) !== 0) {
      if (hasExpressions) requireReference(reader)
      else if (reader.byte() !== 0) throw reader.malformed('an element segment has an unknown kind', at)
    }
    for (let items = reader.u32(); items > 0; items -= 1) {
      if (hasExpressions) this.#readConstant(reader)
      else indexBelow(reader, this.#functions.length, 'function')
    }
    this.#elementSegments += 1
  }

  #readData(reader: ByteReader): void {
    const at = reader.at
    const form = reader.u32()
    if (form > 2) throw reader.malformed('a data segment has an unknown form', at)
    if (form === 2) indexBelow(reader, this.memories.length, 'memory')
    if (form !== 1) {
      if (this.memories.length === 0) throw reader.malformed('it has no memory for its data', at)
      this.#readConstant(reader)
    }
    reader.skip(reader.u32())
    this.#dataSegments += 1
  }
}
