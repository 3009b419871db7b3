import { refuseModule } from '../refusal.js'
import { ByteReader } from './byte-reader.js'
import { type Caps, Measures, MODULE_CAPS } from './caps.js'
import { readBody } from './function-body.js'
import { ModuleSections } from './sections.js'
import type { WasmModule } from './types.js'

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

/** Place of each section in the order of a module. Custom sections may stand anywhere. */
const ORDER = new Map([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11].map((id, place) => [id, place]))
const CUSTOM = 0
const TAGS = 13

/**
 * Reads modules of WebAssembly 2.0, fail closed: what is not known is refused. What was read before a refusal stays to be
 * looked at.
 */
export class ModuleParser {
  readonly measures: Measures
  readonly sections: ModuleSections
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array, caps: Caps = MODULE_CAPS) {
    this.#bytes = bytes
    this.measures = new Measures(caps)
    this.sections = new ModuleSections(bytes, this.measures)
  }

  /** Time and memory are in proportion to the size of the file. Throws MODULE_REFUSED. */
  parse(): WasmModule {
    this.measures.measure('bytes', this.#bytes.length)
    const reader = new ByteReader(this.#bytes)
    this.#readHeader(reader)
    let last = -1
    let customSections = 0
    while (!reader.isAtEnd) {
      const at = reader.at
      const id = reader.byte()
      const part = reader.part(reader.u32())
      if (id === CUSTOM) {
        customSections = this.measures.measure('customSections', customSections + 1, at)
        part.name()
        continue
      }
      const place = ORDER.get(id)
      if (place === undefined) throw unknownSection(id, at)
      if (place <= last) throw reader.malformed(`section ${id} is given twice, or too late`, at)
      last = place
      this.sections.read(id, part)
    }
    const module = this.sections.finish()
    this.#readBodies(module)
    return module
  }

  #readHeader(reader: ByteReader): void {
    const found = reader.bytes.subarray(0, HEADER.length)
    const isModule = found.length === HEADER.length && HEADER.every((byte, at) => found[at] === byte)
    reader.skip(found.length)
    if (isModule) return
    const isComponent = HEADER.slice(0, 4).every((byte, at) => found[at] === byte) && found[6] === 1
    if (isComponent) throw refuseModule('unsupported', 'it is a component, not a core module', { offset: 4 })
    throw reader.malformed('it does not begin as a WebAssembly module of version 1', 0)
  }

  #readBodies(module: WasmModule): void {
    const imported = module.functions.length - module.bodies.length
    for (const [index, span] of module.bodies.entries()) {
      const type = module.types[module.functions[imported + index] ?? -1]
      if (type === undefined) throw refuseModule('malformed', `function ${imported + index} has no type`)
      readBody(module, type, span, this.measures)
    }
  }
}

function unknownSection(id: number, offset: number) {
  if (id === TAGS) return refuseModule('unsupported', 'it has exceptions', { offset })
  return refuseModule('unsupported', `it has the unknown section ${id}`, { offset })
}
