import { describe, expect, test } from 'vitest'
import { MODULE_CAPS } from '../../../src/chassis/wasm/caps.js'
import { ModuleParser } from '../../../src/chassis/wasm/parse-module.js'
import { isFabricError } from '../../../src/model/errors.js'
import { binary, HEADER, name, oneFunction, section, unsigned, vector } from '../support/binary.js'
import { refusal } from '../support/refusal.js'
import { assemble, module, parse } from '../support/text.js'

const TYPE = section(1, vector([0x60, 0, 0]))
const FUNCTION = section(3, vector([0]))
const CODE = section(10, vector([2, 0, 0x0b]))
const times = (count: number, ...bytes: readonly number[]) =>
  Array.from({ length: count * bytes.length }, (_, at) => bytes[at % bytes.length] ?? 0)

/** What the refusal of a module says it has too much of. */
function beyond(bytes: Uint8Array): unknown {
  try {
    parse(bytes)
  } catch (error) {
    if (isFabricError(error, 'MODULE_REFUSED')) return error.details.cap ?? error.details.reason
    throw error
  }
  return undefined
}

describe('what is no module', () => {
  test.each([
    ['nothing', []],
    ['half a header', HEADER.slice(0, 6)],
    ['another version', [...HEADER.slice(0, 4), 2, 0, 0, 0]],
    ['text', [...Buffer.from('(module (func))')]],
    ['a section that is longer than the file', [...HEADER, 1, 50, 0]],
    ['a section without its size', [...HEADER, 1]],
    ['a section that is longer than its content', [...HEADER, ...section(1, vector([0x60, 0, 0]), [0])]],
    ['a section that is shorter than its content', [...HEADER, 1, 3, 1, 0x60, 0, 0]],
    ['a count that is larger than the file', [...HEADER, ...section(1, unsigned(9_999))]],
    ['an overlong size', [...HEADER, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['a custom section without a name', [...HEADER, 0, 0]],
    ['a custom section whose name is longer than it', [...HEADER, 0, 2, 9, 65]],
    ['a name that is not UTF-8', [...HEADER, 0, 3, 2, 0xc3, 0x28]],
    ['sections out of order', [...HEADER, ...FUNCTION, ...TYPE]],
    ['a section given twice', [...HEADER, ...TYPE, ...TYPE]],
    ['a body without a function', [...HEADER, ...TYPE, ...CODE]],
    ['a function without a body', [...HEADER, ...TYPE, ...FUNCTION]],
    ['a function of a type that there is not', [...HEADER, ...TYPE, ...section(3, vector([7])), ...CODE]],
    ['a start function that there is not', [...HEADER, ...TYPE, ...FUNCTION, ...section(8, [1]), ...CODE]],
    [
      'a name exported twice',
      [...HEADER, ...TYPE, ...FUNCTION, ...section(7, vector([1, 65, 0, 0], [1, 65, 0, 0])), ...CODE],
    ],
    ['fewer data segments than it says', [...HEADER, ...section(12, [3])]],
    ['data without a memory', [...HEADER, ...section(11, vector([0, 0x41, 0, 0x0b, 0]))]],
    ['elements without a table', [...HEADER, ...section(9, vector([0, 0x41, 0, 0x0b, 0]))]],
    ['a constant of a global that is not imported', [...HEADER, ...section(6, vector([0x7f, 0, 0x23, 0, 0x0b]))]],
    ['a memory with less room than it begins with', [...HEADER, ...section(5, vector([1, 5, 4]))]],
  ])('%s is malformed', (_, bytes) => {
    expect(refusal(Uint8Array.from(bytes))).toBe('malformed')
  })
})

describe('code', () => {
  const code = (bytes: readonly number[], options = {}) => binary(...oneFunction(bytes, options))

  test.each([
    ['no end', binary(TYPE, FUNCTION, section(10, vector([2, 0, 0x01])))],
    ['bytes after its end', code([0x0b, 0x01])],
    ['a second end', code([0x0b])],
    ['a block that is not closed', code([0x02, 0x40])],
    ['an else in no if', code([0x02, 0x40, 0x05, 0x0b])],
    ['two times else', code([0x41, 0, 0x04, 0x40, 0x05, 0x05, 0x0b])],
    ['a label that there is not', code([0x0c, 1])],
    ['a label of a branch table that there is not', code([0x41, 0, 0x0e, 1, 0, 5])],
    ['a branch table that is longer than it', code([0x41, 0, 0x0e, ...unsigned(5_000_000), 0])],
    ['a local that there is not', code([0x20, 0, 0x1a])],
    ['a global that there is not', code([0x23, 0, 0x1a])],
    ['a function that there is not', code([0x10, 1])],
    ['a table that there is not', code([0x41, 0, 0x11, 0, 0])],
    ['a memory that there is not', code([0x3f, 0, 0x1a])],
    ['an access without a memory', code([0x41, 0, 0x28, 0, 0, 0x1a])],
    ['a data segment without a count of them', code([0xfc, 9, 0])],
    ['an element segment that there is not', code([0xfc, 13, 0])],
    ['a block of a type that there is not', code([0x02, 0x09, 0x0b])],
    ['an operand that nobody put there', code([0x1a])],
    ['an overlong number', code([0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1a])],
    ['a local of an unknown type', code([], { locals: [1, 1, 0x33] })],
    [
      'a body that reaches into the next',
      binary(TYPE, section(3, vector([0], [0])), section(10, [2, 3, 0, 0x41, 0x02, 0, 0x0b])),
    ],
  ])('with %s is malformed', (_, bytes) => {
    expect(refusal(bytes)).toBe('malformed')
  })

  test('may take operands that are not there where it is never reached', () => {
    expect(refusal(code([0x00, 0x1a, 0x1a]))).toBeUndefined()
    expect(refusal(code([0x00, 0x02, 0x40, 0x1a, 0x0b]))).toBe('malformed')
  })
})

describe('what is not in WebAssembly 2.0', () => {
  test.each([
    ['tail calls', assemble('(module (func $f (return_call $f)))'), 'unsupported'],
    ['exceptions', assemble('(module (tag))'), 'unsupported'],
    [
      'atomic instructions',
      assemble('(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))'),
      'unsupported',
    ],
    ['shared memory', assemble('(module (memory 1 2 shared))'), 'memory_refused'],
    ['64-bit memory', binary(section(5, vector([4, 1]))), 'memory_refused'],
    [
      'imported memory that is shared',
      binary(section(2, vector([...name('a'), ...name('b'), 2, 3, 1, 2]))),
      'memory_refused',
    ],
    ['64-bit tables', binary(section(4, vector([0x70, 4, 1]))), 'table_refused'],
    ['two memories', binary(section(5, vector([0, 1], [0, 1]))), 'too_large'],
    ['a type of the garbage collector', binary(section(1, vector([0x5f, 0]))), 'unsupported'],
    [
      'a constant expression that computes',
      binary(section(6, vector([0x7f, 0, 0x41, 1, 0x41, 1, 0x6a, 0x0b]))),
      'unsupported',
    ],
    ['relaxed vectors', binary(...oneFunction([0x00, 0xfd, 0x80, 0x02])), 'unsupported'],
    ['an unknown section', binary(section(14)), 'unsupported'],
    ['a component', Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]), 'unsupported'],
    ['an imported tag', binary(section(2, vector([...name('a'), ...name('b'), 4, 0, 0]))), 'unsupported'],
  ])('is refused: %s', (_, bytes, reason) => {
    expect(refusal(bytes)).toBe(reason)
  })
})

describe('too much', () => {
  const code = (bytes: readonly number[], options = {}) => binary(...oneFunction(bytes, options))
  const nested = (depth: number) => code([...times(depth, 0x02, 0x40), ...times(depth, 0x0b)])
  const branches = (...counts: readonly number[]) =>
    code(counts.flatMap((count) => [0x02, 0x40, 0x41, 0, 0x0e, ...unsigned(count), ...times(count + 1, 0), 0x0b]))
  const locals = (count: number) => code([], { locals: [2, ...unsigned(count - 1), 0x7f, 1, 0x7e] })
  const bodyOf = (size: number) => {
    const content = [1, ...unsigned(size)]
    const start = [...HEADER, ...TYPE, ...FUNCTION, 10, ...unsigned(content.length + size), ...content]
    const bytes = new Uint8Array(start.length + size).fill(0x01)
    bytes.set(start)
    // No locals, and the end.
    bytes[start.length] = 0
    bytes[bytes.length - 1] = 0x0b
    return bytes
  }
  const operands = (count: number) => code([...times(count, 0x41, 0), ...times(count, 0x1a)])
  const exportsOf = (count: number) => Array.from({ length: count }, (_, index) => [...name(`e${index}`), 0, 0])

  test.each([
    ['nesting', MODULE_CAPS.nesting, nested],
    ['branchTargets', MODULE_CAPS.branchTargets, branches],
    ['locals', MODULE_CAPS.locals, locals],
    ['bodyBytes', MODULE_CAPS.bodyBytes, bodyOf],
    ['operands', MODULE_CAPS.operands, operands],
    [
      'globals',
      MODULE_CAPS.globals,
      (count: number) => binary(section(6, vector(...Array(count).fill([0x7f, 0, 0x41, 0, 0x0b])))),
    ],
    ['tables', MODULE_CAPS.tables, (count: number) => binary(section(4, vector(...Array(count).fill([0x70, 0, 0]))))],
    ['types', MODULE_CAPS.types, (count: number) => binary(section(1, vector(...Array(count).fill([0x60, 0, 0]))))],
    [
      'parameters',
      MODULE_CAPS.parameters,
      (count: number) => binary(section(1, vector([0x60, ...unsigned(count), ...times(count, 0x7f), 0]))),
    ],
    [
      'results',
      MODULE_CAPS.results,
      (count: number) => binary(section(1, vector([0x60, 0, ...unsigned(count), ...times(count, 0x7f)]))),
    ],
    [
      'functions',
      MODULE_CAPS.functions,
      (count: number) =>
        binary(
          TYPE,
          section(3, vector(...Array(count).fill([0]))),
          section(10, vector(...Array(count).fill([2, 0, 0x0b]))),
        ),
    ],
    [
      'imports',
      MODULE_CAPS.imports,
      (count: number) => binary(TYPE, section(2, vector(...Array(count).fill([1, 97, 1, 98, 0, 0])))),
    ],
    [
      'exports',
      MODULE_CAPS.exports,
      (count: number) => binary(TYPE, FUNCTION, section(7, vector(...exportsOf(count))), CODE),
    ],
    [
      'elementSegments',
      MODULE_CAPS.elementSegments,
      (count: number) => binary(section(9, vector(...Array(count).fill([1, 0, 0])))),
    ],
    [
      'dataSegments',
      MODULE_CAPS.dataSegments,
      (count: number) => binary(section(11, vector(...Array(count).fill([1, 0])))),
    ],
    ['customSections', MODULE_CAPS.customSections, (count: number) => binary(times(count, 0, 1, 0))],
  ])('of %s: the cap itself is taken, one more is refused', (cap, limit, build) => {
    expect(beyond(build(limit))).toBeUndefined()
    expect(beyond(build(limit + 1))).toBe(cap)
  })

  test('of bytes: the cap itself is taken, one more is refused', () => {
    const ofSize = (size: number) => {
      const bytes = new Uint8Array(size)
      bytes.set([...HEADER, 0, ...unsigned(size - HEADER.length - 5)])
      return bytes
    }
    expect(beyond(ofSize(MODULE_CAPS.bytes))).toBeUndefined()
    expect(beyond(ofSize(MODULE_CAPS.bytes + 1))).toBe('bytes')
  })

  test('of branch targets counts all tables of a function together', () => {
    expect(beyond(branches(10_000, 10_000))).toBeUndefined()
    expect(beyond(branches(10_000, 10_001))).toBe('branchTargets')
  })

  test('of locals is found before any room is made for them', () => {
    expect(beyond(code([], { locals: [1, ...unsigned(0xffff_ffff), 0x7f] }))).toBe('locals')
  })

  test('is found in what a module says, before it is read', () => {
    for (const [id, cap] of [
      [1, 'types'],
      [3, 'functions'],
      [6, 'globals'],
      [7, 'exports'],
      [10, 'functions'],
    ] as const) {
      expect(beyond(binary(section(id, unsigned(0xffff_ffff))))).toBe(cap)
    }
  })

  test('leaves what was read before to be looked at', () => {
    const parser = new ModuleParser(module('(import "a" "b" (func))', ...Array(17).fill('(table 1 funcref)')))
    expect(() => parser.parse()).toThrow('it has 17 tables, and 16 are allowed')
    expect(parser.sections.imports).toMatchObject([{ module: 'a', name: 'b' }])
    expect(parser.measures.found).toMatchObject({ imports: 1, tables: 17, functions: 0 })
  })
})
