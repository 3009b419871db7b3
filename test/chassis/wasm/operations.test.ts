import { describe, expect, test } from 'vitest'
import {
  BULK_PREFIX,
  type Immediate,
  type Operation,
  operationOf,
  VECTOR_PREFIX,
} from '../../../src/chassis/wasm/operations.js'
import { binary, section, unsigned, vector } from '../support/binary.js'
import { engine } from '../support/engine.js'
import { refusal } from '../support/refusal.js'

/**
 * The table of operations against the engine: the same opcodes are known, with immediates of the same length and the same
 * number of operands.
 */

const VALUES = [0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f] as const
/** One constant of each type. */
const CONSTANTS = new Map<number, readonly number[]>([
  [0x7f, [0x41, 0]],
  [0x7e, [0x42, 0]],
  [0x7d, [0x43, 0, 0, 0, 0]],
  [0x7c, [0x44, 0, 0, 0, 0, 0, 0, 0, 0]],
  [0x7b, [0xfd, 12, ...new Array(16).fill(0)]],
  [0x70, [0xd0, 0x70]],
  [0x6f, [0xd0, 0x6f]],
])

const IMMEDIATES: Readonly<Record<Immediate, readonly number[]>> = {
  none: [],
  block: [0x40],
  label: [0],
  labels: [0, 0],
  function: [0],
  indirect: [0, 0],
  types: [1, 0x7f],
  local: [0],
  global: [0],
  table: [0],
  tables: [0, 0],
  access: [0, 0],
  memory: [0],
  memories: [0, 0],
  i32: [0],
  i64: [0],
  f32: [0, 0, 0, 0],
  f64: [0, 0, 0, 0, 0, 0, 0, 0],
  v128: new Array(16).fill(0),
  reference: [0x70],
  elementTable: [0, 0],
  element: [0],
  dataMemory: [0, 0],
  data: [0],
  lanes: new Array(16).fill(0),
  lane: [0],
  accessLane: [0, 0, 0],
}

/** One module with one of everything that an instruction may name; its function has this code. */
function holding(code: readonly number[]): Uint8Array {
  const body = [1, 1, 0x7f, ...code, 0x0b]
  return binary(
    section(1, vector([0x60, 0, 0])),
    section(3, vector([0])),
    section(4, vector([0x70, 0, 1])),
    section(5, vector([0, 1])),
    section(6, vector([0x7f, 1, 0x41, 0, 0x0b])),
    section(9, vector([3, 0, 1, 0])),
    section(12, [1]),
    section(10, vector([...unsigned(body.length), ...body])),
    section(11, vector([1, 0])),
  )
}

const CODES = [
  ...Array.from({ length: 256 }, (_, opcode) => ({ prefix: 0, opcode })),
  ...Array.from({ length: 32 }, (_, opcode) => ({ prefix: BULK_PREFIX, opcode })),
  ...Array.from({ length: 300 }, (_, opcode) => ({ prefix: VECTOR_PREFIX, opcode })),
].filter(({ prefix, opcode }) => prefix !== 0 || (opcode !== BULK_PREFIX && opcode !== VECTOR_PREFIX))

const bytesOf = ({ prefix, opcode }: (typeof CODES)[number]) =>
  prefix === 0 ? [opcode] : [prefix, ...unsigned(opcode)]

/** Blocks are closed, and what stands only inside of others has them around it. */
function inPlace(code: readonly number[], opcode: number): readonly number[] {
  if (opcode === 0x05) return [0x41, 0, 0x04, 0x40, ...code, 0x0b]
  if (opcode === 0x0b) return [0x02, 0x40, ...code]
  return [0x02, 0x03, 0x04].includes(opcode) ? [...code, 0x0b] : code
}

/** Lists of so many types. */
function* combinations(count: number): Generator<readonly number[]> {
  if (count === 0) return yield []
  for (const rest of combinations(count - 1)) for (const value of VALUES) yield [...rest, value]
}

/** Whether the engine takes the instruction with exactly so many operands, of some types, and drops as many as it leaves. */
function balances(code: readonly number[], { pops, pushes }: Operation, opcode: number): boolean {
  for (const types of combinations(pops)) {
    const operands = types.flatMap((type) => CONSTANTS.get(type) ?? [])
    const drops = new Array<number>(pushes).fill(0x1a)
    if (engine.validate(holding([...operands, ...inPlace(code, opcode), ...drops]))) return true
  }
  return false
}

describe('the table of operations', () => {
  const known = CODES.filter(({ prefix, opcode }) => operationOf(prefix, opcode) !== undefined)

  test('has as many as the specification: 183 of one byte, 18 and 236 behind the prefixes', () => {
    const count = (wanted: number) => known.filter(({ prefix }) => prefix === wanted).length
    expect([count(0), count(BULK_PREFIX), count(VECTOR_PREFIX)]).toEqual([183, 18, 236])
  })

  test('takes and leaves what the engine says', () => {
    const wrong = known.filter((code) => {
      const operation = operationOf(code.prefix, code.opcode)
      if (operation === undefined) return true
      const bytes = [...bytesOf(code), ...IMMEDIATES[operation.immediate]]
      return !balances(bytes, operation, code.prefix === 0 ? code.opcode : -1)
    })
    expect(wrong).toEqual([])
  })

  test('has alignments and lanes as the engine has them', () => {
    const bounded = known.filter(({ prefix, opcode }) => (operationOf(prefix, opcode)?.bound ?? 0) > 0)
    expect(bounded.length).toBeGreaterThan(50)
    for (const code of bounded) {
      const { immediate = 'none', bound = 0 } = operationOf(code.prefix, code.opcode) ?? {}
      const last = immediate === 'access' || immediate === 'accessLane' ? bound : bound - 1
      for (const value of [last, last + 1]) {
        const bytes = [...bytesOf(code), value, ...IMMEDIATES[immediate].slice(1)]
        const module = holding([0x00, ...bytes, 0x00])
        const ours = refusal(module) === undefined
        expect({ ...code, value, ours }).toEqual({ ...code, value, ours: engine.validate(module) })
        expect(ours).toBe(value === last)
      }
    }
  })

  test('refuses what is not in it, whatever follows', () => {
    const unknown = CODES.filter((code) => operationOf(code.prefix, code.opcode) === undefined)
    expect(unknown.length).toBeGreaterThan(60)
    for (const code of unknown) expect(refusal(holding([0x00, ...bytesOf(code), 0, 0, 0, 0x00]))).toBe('unsupported')
  })

  test('refuses code that takes what is not there, and only where it can be reached', () => {
    for (const code of known) {
      const { pops = 0, immediate = 'none' } = operationOf(code.prefix, code.opcode) ?? {}
      if (pops === 0) continue
      const bytes = inPlace([...bytesOf(code), ...IMMEDIATES[immediate]], code.prefix === 0 ? code.opcode : -1)
      expect(refusal(holding([...bytes, 0x00]))).toBe('malformed')
      expect(refusal(holding([0x00, ...bytes, 0x00]))).toBeUndefined()
    }
  })
})
