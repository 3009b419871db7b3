import { assertInvariant } from '../../model/errors.js'
import { FAULT_EXPORT, FUEL_EXPORT, RESERVED_PREFIX, START_EXPORT } from '../child/fault.js'
import { refuseModule } from '../refusal.js'
import { ByteWriter } from '../wasm/byte-writer.js'
import { type Caps, Measures, MODULE_CAPS } from '../wasm/caps.js'
import { OP } from '../wasm/operations.js'
import { SECTION } from '../wasm/sections.js'
import { type FunctionType, I32, I64, KINDS, type WasmModule } from '../wasm/types.js'
import { Additions } from './additions.js'
import { type MeterLimits, type Rooms, roomsOf } from './limits.js'
import { type BodyContext, rewriteBody } from './rewrite-body.js'

/** What the engine takes as one function. */
const ENGINE_BODY_BYTES = 7_654_321
/** All functions with their charges. Code that people write grows by a fifth; nothing but loops, by six times. */
const METERED_CODE_BYTES = 32 * 1024 * 1024

/**
 * The module with fuel, limits and a bound on its stack in its own code. What is added comes last in its index space, so that
 * every index of the original means what it meant. The start function is exported instead of run: see `child/fault.ts`. Custom
 * sections are left out.
 *
 * The module must have been parsed, found valid by an engine, and import functions only. Throws MODULE_REFUSED for what does
 * not fit the limits.
 */
export function meterModule(module: WasmModule, limits: MeterLimits, caps: Caps = MODULE_CAPS): Uint8Array {
  assertInvariant(
    module.imports.every(({ kind }) => kind === 'function'),
    'a module is metered that imports more than functions',
  )
  requireFreeNames(module)
  const rooms = roomsOf(module, limits)
  const additions = new Additions(module)
  const bodies = rewriteBodies({ module, additions, measures: new Measures(caps), limits, rooms })
  return new Assembly(module, additions, limits, rooms).bytes(bodies)
}

/** Throws MODULE_REFUSED when the module exports a name of ours. */
export function requireFreeNames({ exports }: Pick<WasmModule, 'exports'>): void {
  const reserved = exports.find(({ name }) => name.startsWith(RESERVED_PREFIX))
  if (reserved !== undefined) throw refuseModule('reserved_name', `it exports ${JSON.stringify(reserved.name)}`)
}

function rewriteBodies(context: BodyContext): Uint8Array[] {
  const { module } = context
  const imported = module.functions.length - module.bodies.length
  let total = 0
  return module.bodies.map((span, index) => {
    const body = rewriteBody(context, typeOf(module, imported + index), span)
    total += body.length
    requireFit(body.length, ENGINE_BODY_BYTES, `function ${imported + index}`)
    requireFit(total, METERED_CODE_BYTES, 'its code')
    return body
  })
}

function requireFit(found: number, limit: number, subject: string): void {
  if (found <= limit) return
  const what = `${subject} has ${found} bytes with its fuel, and ${limit} are allowed`
  throw refuseModule('too_large', what, { cap: 'meteredBytes', found, limit })
}

function typeOf({ types, functions }: WasmModule, index: number): FunctionType {
  const type = types[functions[index] ?? -1]
  assertInvariant(type !== undefined, 'a function of a parsed module has no type')
  return type
}

class Assembly {
  readonly #module: WasmModule
  readonly #additions: Additions
  readonly #limits: MeterLimits
  readonly #rooms: Rooms
  readonly #out: ByteWriter

  constructor(module: WasmModule, additions: Additions, limits: MeterLimits, rooms: Rooms) {
    this.#module = module
    this.#additions = additions
    this.#limits = limits
    this.#rooms = rooms
    this.#out = new ByteWriter(module.bytes.length * 2)
  }

  bytes(bodies: readonly Uint8Array[]): Uint8Array {
    const { functionTypes, bodies: added, types, typeCount } = this.#additions
    this.#out.append(this.#module.bytes.subarray(0, 8))
    this.#extend(SECTION.types, typeCount, (out) => out.append(types.bytes))
    this.#extend(SECTION.imports, 0)
    this.#extend(SECTION.functions, functionTypes.length, (out) => {
      for (const type of functionTypes) out.u32(type)
    })
    this.#tables()
    this.#memories()
    this.#extend(SECTION.globals, 3, (out) => this.#globals(out))
    this.#exports()
    this.#extend(SECTION.elements, 0)
    if (this.#module.dataCount !== undefined) {
      this.#section(SECTION.dataCount, new ByteWriter().u32(this.#module.dataCount))
    }
    const code = new ByteWriter(this.#module.bytes.length * 2).u32(bodies.length + added.length)
    for (const body of [...bodies, ...added]) code.sized(body)
    if (bodies.length + added.length > 0) this.#section(SECTION.code, code)
    this.#extend(SECTION.data, 0)
    return this.#out.bytes.slice()
  }

  #section(id: number, content: ByteWriter): void {
    this.#out.byte(id).sized(content.bytes)
  }

  /** The items of a section as they are, and more at the end. */
  #extend(id: number, more: number, write: (out: ByteWriter) => unknown = () => undefined): void {
    const section = this.#module.sections.get(id)
    const items = (section?.items ?? 0) + more
    if (items === 0) return
    const content = new ByteWriter(64).u32(items)
    if (section !== undefined) content.append(this.#module.bytes.subarray(section.start, section.end))
    write(content)
    this.#section(id, content)
  }

  #tables(): void {
    const { tables } = this.#module
    if (tables.length === 0) return
    const content = new ByteWriter().u32(tables.length)
    for (const [index, { element, minimum }] of tables.entries()) {
      content.byte(element, 1).u32(minimum)
      content.u32(this.#rooms.tables[index]?.maximum ?? minimum)
    }
    this.#section(SECTION.tables, content)
  }

  #memories(): void {
    const { memories } = this.#module
    if (memories.length === 0) return
    const content = new ByteWriter().u32(memories.length)
    for (const [index, { minimum }] of memories.entries()) {
      content.byte(1).u32(minimum)
      content.u32(this.#rooms.memories[index]?.maximum ?? minimum)
    }
    this.#section(SECTION.memories, content)
  }

  /** Fuel, fault and stack, in the order of their indices. */
  #globals(out: ByteWriter): void {
    out.byte(I64, 1, OP.i64Const, 0, OP.end)
    out.byte(I32, 1, OP.i32Const, 0, OP.end)
    out.byte(I32, 1, OP.i32Const).signed(this.#limits.stackBytes).byte(OP.end)
  }

  #exports(): void {
    const { fuel, fault } = this.#additions
    const { start } = this.#module
    this.#extend(SECTION.exports, start === undefined ? 2 : 3, (out) => {
      out.name(FUEL_EXPORT).byte(KINDS.indexOf('global')).u32(fuel)
      out.name(FAULT_EXPORT).byte(KINDS.indexOf('global')).u32(fault)
      if (start !== undefined) out.name(START_EXPORT).byte(KINDS.indexOf('function')).u32(start)
    })
  }
}
