import { assertInvariant } from '../../model/errors.js'
import { ByteWriter } from '../wasm/byte-writer.js'
import { OP } from '../wasm/operations.js'
import { SECTION } from '../wasm/sections.js'
import { FUNCTION_TYPE, KINDS } from '../wasm/types.js'
import type { Engine } from './engine.js'
import { type BakedPlaces, NATIVE_FUNCTIONS, NATIVE_TYPE, nativeBody, RUN_TYPE, runBody } from './guest-functions.js'

const PAGE_BYTES = 64 * 1024
const PREFIX_BYTES = 8

/** What evaluation left: the whole memory, and where in it is what a call needs. */
export interface Baked {
  readonly memory: Uint8Array
  /** Where the engine's stack begins. Below are only remains of calls that have ended. */
  readonly stackTop: number
  readonly places: BakedPlaces
}

/** Place of the first of the native functions in the table of functions. */
export function firstNative(engine: Engine): number {
  return engine.module.tables[0]?.minimum ?? 0
}

/**
 * The engine with the native functions in its table. Without `baked` it is there to evaluate a tool, and exports what the engine
 * does; with it, the module is the tool: memory and table are as evaluation left them, and it exports `memory` and `run`.
 */
export function assemble(engine: Engine, baked?: Baked): Uint8Array {
  requireKnownShape(engine)
  const { bytes } = engine.module
  const out = new ByteWriter(bytes.length * 2).append(bytes.subarray(0, PREFIX_BYTES))
  const section = (id: number, write: (content: ByteWriter) => unknown) => {
    const content = new ByteWriter()
    write(content)
    out.byte(id).sized(content.bytes)
  }
  const bodies = NATIVE_FUNCTIONS.map((name) => nativeBody(name, engine))
  if (baked !== undefined) bodies.push(runBody(engine, baked.places))
  section(SECTION.types, (content) => writeTypes(content, engine))
  section(SECTION.imports, (content) => extend(content, engine, SECTION.imports, 0))
  section(SECTION.functions, (content) => writeFunctions(content, engine, bodies.length))
  section(SECTION.tables, (content) => writeTable(content, engine))
  section(SECTION.memories, (content) => writeMemory(content, engine, baked))
  section(SECTION.globals, (content) => extend(content, engine, SECTION.globals, 0))
  section(SECTION.exports, (content) => {
    if (baked === undefined) extend(content, engine, SECTION.exports, 0)
    else writeExports(content, firstFunction(engine) + NATIVE_FUNCTIONS.length)
  })
  section(SECTION.elements, (content) => writeElements(content, engine))
  section(SECTION.code, (content) => {
    extend(content, engine, SECTION.code, bodies.length)
    for (const body of bodies) content.sized(body)
  })
  section(SECTION.data, (content) => {
    if (baked === undefined) extend(content, engine, SECTION.data, 0)
    else writeData(content, baked)
  })
  return out.bytes.slice()
}

/** The engine is one pinned file; what another one would have is not provided for. Its data count is left out: no code needs it. */
function requireKnownShape({ module }: Engine): void {
  const { start, memories, tables, globals } = module
  const isKnown = start === undefined && globals.length === 1
  assertInvariant(isKnown && memories.length === 1 && tables.length === 1, 'the engine has another shape')
}

function firstFunction({ module }: Engine): number {
  return module.functions.length
}

/** The items of a section as the engine has them, with room in their number for more. */
function extend(content: ByteWriter, { module }: Engine, id: number, more: number): void {
  const section = module.sections.get(id)
  assertInvariant(section !== undefined, `the engine has no section ${id}`)
  content.u32(section.items + more).append(module.bytes.subarray(section.start, section.end))
}

function writeTypes(content: ByteWriter, engine: Engine): void {
  extend(content, engine, SECTION.types, 2)
  for (const { parameters, results } of [NATIVE_TYPE, RUN_TYPE]) {
    content.byte(FUNCTION_TYPE).u32(parameters.length).append(parameters).u32(results.length).append(results)
  }
}

function writeFunctions(content: ByteWriter, engine: Engine, count: number): void {
  const native = engine.module.types.length
  extend(content, engine, SECTION.functions, count)
  for (let index = 0; index < count; index += 1) content.u32(index < NATIVE_FUNCTIONS.length ? native : native + 1)
}

function writeTable(content: ByteWriter, engine: Engine): void {
  const [table] = engine.module.tables
  assertInvariant(table !== undefined, 'the engine has no table')
  const size = firstNative(engine) + NATIVE_FUNCTIONS.length
  content.u32(1).byte(table.element, 1).u32(size).u32(size)
}

function writeMemory(content: ByteWriter, engine: Engine, baked: Baked | undefined): void {
  const pages = baked === undefined ? engine.module.memories[0]?.minimum : baked.memory.length / PAGE_BYTES
  content
    .u32(1)
    .byte(0)
    .u32(pages ?? 0)
}

function writeExports(content: ByteWriter, run: number): void {
  content.u32(2)
  content.name('memory').byte(KINDS.indexOf('memory')).u32(0)
  content.name('run').byte(KINDS.indexOf('function')).u32(run)
}

function writeElements(content: ByteWriter, engine: Engine): void {
  extend(content, engine, SECTION.elements, 1)
  content.byte(0, OP.i32Const).signed(firstNative(engine)).byte(OP.end).u32(NATIVE_FUNCTIONS.length)
  for (const index of NATIVE_FUNCTIONS.keys()) content.u32(firstFunction(engine) + index)
}

function writeData(content: ByteWriter, { memory, stackTop }: Baked): void {
  const runs = writtenRuns(memory, stackTop)
  content.u32(runs.length)
  for (const { start, end } of runs) {
    content.byte(0, OP.i32Const).signed(start).byte(OP.end).sized(memory.subarray(start, end))
  }
}

/** A gap shorter than this is cheaper written than left out. */
const GAP_BYTES = 32

/** Parts of a memory that are not zero, from `from` on. */
function writtenRuns(memory: Uint8Array, from: number): { readonly start: number; readonly end: number }[] {
  const runs: { start: number; end: number }[] = []
  for (let at = from; at < memory.length; at += 1) {
    if (memory[at] === 0) continue
    const last = runs.at(-1)
    if (last !== undefined && at - last.end < GAP_BYTES) last.end = at + 1
    else runs.push({ start: at, end: at + 1 })
  }
  return runs
}
