import { describe, expect, test } from 'vitest'
import { binary, oneFunction, section, unsigned, vector } from '../support/binary.js'
import { type Callable, engine, instantiate } from '../support/engine.js'
import { reasonOf } from '../support/refusal.js'
import { meter, runMetered } from '../support/run.js'
import { module, parse } from '../support/text.js'

const GROW = '(func (export "f") (param i32) (result i32 i32) (memory.grow (local.get 0)) (memory.size))'
const TABLE_GROW =
  '(func (export "f") (param i32) (result i32 i32) (table.grow (ref.null func) (local.get 0)) (table.size))'

describe('memory', () => {
  test.each([
    ['the limit', '(memory 1)', 10, 9, ['1', '10']],
    ['nothing beyond the limit', '(memory 1)', 10, 10, ['-1', '1']],
    ['nothing near the end of 32 bits', '(memory 1)', 10, -1, ['-1', '1']],
    ['its own maximum', '(memory 1 4)', 10, 3, ['1', '4']],
    ['nothing beyond its own maximum', '(memory 1 4)', 10, 4, ['-1', '1']],
    ['the limit, whatever its maximum', '(memory 1 60000)', 10, 10, ['-1', '1']],
  ])('grows to %s', (_, memory, memoryPages, pages, results) => {
    expect(runMetered(module(memory, GROW), 'f', [pages], { limits: { memoryPages } }).results).toEqual(results)
  })

  test('ends the module beyond the limit where that is wanted, but not at its own maximum', () => {
    const limits = { memoryPages: 10, onOverflow: 'trap' } as const
    expect(runMetered(module('(memory 1)', GROW), 'f', [10], { limits }).fault).toBe('memory')
    expect(runMetered(module('(memory 1 4)', GROW), 'f', [10], { limits }).results).toEqual(['-1', '1'])
  })

  test('has the limit as its maximum, so that the engine holds it too', () => {
    const limits = { memoryPages: 10 }
    const memories = (text: string) => parse(meter(module(text), limits)).memories
    expect(memories('(memory 1)')).toEqual([{ minimum: 1, maximum: 10 }])
    expect(memories('(memory 1 4)')).toEqual([{ minimum: 1, maximum: 4 }])
    expect(memories('(memory 2 65536)')).toEqual([{ minimum: 2, maximum: 10 }])
    const { memory } = instantiate(meter(module('(memory (export "memory") 1)'), limits)) as {
      memory: { grow(pages: number): number }
    }
    expect(() => memory.grow(10)).toThrow()
  })

  test('that begins beyond the limit is refused', () => {
    for (const text of ['(memory 11)', '(memory 11 12)', '(memory 65536)']) {
      expect(reasonOf(() => meter(module(text), { memoryPages: 10 }))).toBe('memory_refused')
    }
  })
})

describe('tables', () => {
  test.each([
    ['the limit', '(table 1 funcref)', 9, ['1', '10']],
    ['nothing beyond the limit', '(table 1 funcref)', 10, ['-1', '1']],
    ['nothing beyond its own maximum', '(table 1 4 funcref)', 4, ['-1', '1']],
    ['nothing near the end of 32 bits', '(table 1 funcref)', -1, ['-1', '1']],
  ])('grow to %s', (_, table, elements, results) => {
    const outcome = runMetered(module(table, TABLE_GROW), 'f', [elements], { limits: { tableElements: 10 } })
    expect(outcome.results).toEqual(results)
  })

  test('end the module beyond the limit where that is wanted', () => {
    const limits = { tableElements: 10, onOverflow: 'trap' } as const
    expect(runMetered(module('(table 1 funcref)', TABLE_GROW), 'f', [10], { limits }).fault).toBe('table')
  })

  test('have the limit as their maximum, each of them', () => {
    const { tables } = parse(meter(module('(table 1 funcref) (table 0 5 externref)'), { tableElements: 10 }))
    expect(tables.map(({ minimum, maximum }) => [minimum, maximum])).toEqual([
      [1, 10],
      [0, 5],
    ])
  })

  test('that begin beyond the limit are refused', () => {
    expect(reasonOf(() => meter(module('(table 11 funcref)'), { tableElements: 10 }))).toBe('table_refused')
  })
})

describe('code that grows too much with its fuel', () => {
  /** Functions of nothing but loops: three bytes each, and seven times that with their charges. */
  const functionsOf = (count: number, loops: number) => {
    const body = [0, ...Array.from({ length: 3 * loops }, (_, at) => [3, 0x40, 0x0b][at % 3] ?? 0), 0x0b]
    const item = [...unsigned(body.length), ...body]
    return binary(
      section(1, vector([0x60, 0, 0])),
      section(3, vector(...Array(count).fill([0]))),
      // With these, our own have indices of two bytes.
      section(6, vector(...Array(200).fill([0x7f, 0, 0x41, 0, 0x0b]))),
      section(10, vector(...Array(count).fill(item))),
    )
  }

  test('is refused, in one function and in all of them', () => {
    expect(engine.validate(meter(functionsOf(1, 1_000)))).toBe(true)
    expect(reasonOf(() => meter(functionsOf(1, 349_500)))).toBe('too_large')
    expect(reasonOf(() => meter(functionsOf(16, 100_000)))).toBe('too_large')
  })
})

describe('what is added', () => {
  test('comes last, and leaves every index as it was', () => {
    const bytes = module(
      '(global $g (export "g") (mut i32) (i32.const 5)) (memory 1)',
      '(func $a (export "a") (result i32) (drop (memory.grow (i32.const 0))) (global.get $g)) (func $b (export "b"))',
    )
    const before = parse(bytes)
    const after = parse(meter(bytes))
    expect(after.exports.slice(0, 3)).toEqual(before.exports)
    expect(after.exports.slice(3).map(({ name }) => name)).toEqual(['ifab.fuel', 'ifab.fault'])
    expect(after.types.slice(0, before.types.length)).toEqual(before.types)
    expect(after.functions.slice(0, 2)).toEqual(before.functions)
    expect(after.globals.slice(0, 1)).toEqual(before.globals)
    expect(after.globals).toHaveLength(4)
  })

  test('cannot be reached by the module: names of ours are refused, and so are indices beyond its own', () => {
    expect(reasonOf(() => meter(module('(func (export "ifab.fuel"))')))).toBe('reserved_name')
    expect(reasonOf(() => meter(module('(func (export "ifab.anything"))')))).toBe('reserved_name')
    // What would be our fuel after rewriting.
    const fuel = [0x42, 0xff, 0xff, 0x03, 0x24, 0x00]
    const sneaky = binary(...oneFunction(fuel))
    expect(engine.validate(sneaky)).toBe(false)
    expect(reasonOf(() => meter(sneaky))).toBe('malformed')
    const [types = [], functions = [], code = []] = oneFunction([])
    const exported = binary(types, functions, section(7, vector([1, 0x78, 3, 0])), code)
    expect(reasonOf(() => meter(exported))).toBe('malformed')
  })

  test('leaves an import of that name what it is: an import', () => {
    const bytes = module('(import "ifab" "fuel" (func $i (result i32))) (func (export "f") (result i32) (call $i))')
    const imports = { ifab: { fuel: () => 42 } }
    expect(runMetered(bytes, 'f', [], { imports }).results).toEqual(['42'])
  })

  test('gives the room for frames back, whichever way a function ends', () => {
    const text = `(func $leaf) (func $g (param i32) (result i32) (call $leaf)
        (block (br_if 0 (local.get 0)) (return (i32.const 1)))
        (block (result i32) (br 1 (i32.const 2))))
      (func (export "f") (param i32) (result i32) (local i32)
        (loop (drop (call $g (i32.and (local.get 0) (i32.const 1))))
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (call $g (i32.const 1)))`
    // Without giving it back, ten thousand calls would use up fifty frames.
    const outcome = runMetered(module(text), 'f', [10_000], { limits: { stackBytes: 1_000 } })
    expect(outcome).toMatchObject({ results: ['2'] })
    expect(outcome.trap).toBeUndefined()
  })

  test('gives it back after a host function that calls in again', () => {
    const bytes = module(
      '(import "ifab" "log" (func $host)) (func (export "outer") (call $host)) (func (export "inner") (call $host))',
    )
    let depth = 0
    const exports: Record<string, unknown> = {}
    const host = () => {
      depth += 1
      if (depth % 3 !== 0) (exports.inner as Callable)()
    }
    Object.assign(exports, instantiate(meter(bytes, { stackBytes: 500 }), { ifab: { log: host } }))
    ;(exports['ifab.fuel'] as { value: bigint }).value = 1_000_000n
    for (let call = 0; call < 100; call += 1) (exports.outer as Callable)()
    expect(depth).toBe(300)
  })
})
