import { ByteWriter } from '../../../src/chassis/wasm/byte-writer.js'
import { Measures, MODULE_CAPS } from '../../../src/chassis/wasm/caps.js'
import { readBody } from '../../../src/chassis/wasm/function-body.js'
import { OP } from '../../../src/chassis/wasm/operations.js'
import type { WasmModule } from '../../../src/chassis/wasm/types.js'
import { name as nameBytes, section, unsigned } from './binary.js'
import { type Callable, type Global, instantiate } from './engine.js'
import { parse } from './text.js'

const COUNTER = 'counted'

const counted = new WeakMap<Uint8Array, Uint8Array>()

/** Instructions that a call executes, counted one by one: structure does not count, nor does what is not reached. */
export function countInstructions(bytes: Uint8Array, name: string, values: readonly unknown[]): bigint {
  const rewritten = counted.get(bytes) ?? counting(parse(bytes))
  counted.set(bytes, rewritten)
  const exports = instantiate(rewritten)
  const counter = exports[COUNTER] as Global<bigint>
  try {
    ;(exports[name] as Callable)(...values)
  } catch {
    // What came before a trap was counted.
  }
  return counter.value
}

/** The module with one more global, which every instruction adds to before it runs. The start function is not counted. */
function counting(module: WasmModule): Uint8Array {
  const counter = module.globals.length
  const bodies = module.bodies.map((_, index) => countingBody(module, index, counter))
  const extended = (id: number, ...more: readonly number[][]) => {
    const { items = 0, start = 0, end = 0 } = module.sections.get(id) ?? {}
    const same = [...module.bytes.subarray(start, end)]
    return items + more.length === 0 ? [] : section(id, unsigned(items + more.length), same, ...more)
  }
  return Uint8Array.from([
    ...module.bytes.subarray(0, 8),
    ...[1, 2, 3, 4, 5].flatMap((id) => extended(id)),
    ...extended(6, [0x7e, 1, 0x42, 0, 0x0b]),
    ...extended(7, [...nameBytes(COUNTER), 3, ...unsigned(counter)]),
    ...(module.start === undefined ? [] : section(8, unsigned(module.start))),
    ...extended(9),
    ...(module.dataCount === undefined ? [] : section(12, unsigned(module.dataCount))),
    ...section(10, unsigned(bodies.length), ...bodies),
    ...extended(11),
  ])
}

const STRUCTURE: readonly number[] = [OP.block, OP.loop, OP.else, OP.end]

function countingBody(module: WasmModule, index: number, counter: number): number[] {
  const span = module.bodies[index]
  const type = module.types[module.functions[module.functions.length - module.bodies.length + index] ?? -1]
  if (span === undefined || type === undefined) throw new Error(`no function ${index}`)
  const out = new ByteWriter()
  let done = span.start
  readBody(module, type, span, new Measures(MODULE_CAPS), ({ opcode, at }) => {
    if (STRUCTURE.includes(opcode)) return
    out.append(module.bytes.subarray(done, at))
    out.byte(OP.globalGet).u32(counter).byte(OP.i64Const, 1, OP.i64Add, OP.globalSet).u32(counter)
    done = at
  })
  out.append(module.bytes.subarray(done, span.end))
  return [...unsigned(out.length), ...out.bytes]
}
