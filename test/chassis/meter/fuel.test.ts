import { describe, expect, test } from 'vitest'
import { countInstructions } from '../support/count.js'
import { run, runMetered } from '../support/run.js'
import { module } from '../support/text.js'

/** Fuel of a call of `f`, which is all there is. */
const fuelOf = (text: string, ...values: readonly unknown[]) => Number(runMetered(module(text), 'f', values).fuel)

describe('fuel', () => {
  test.each([
    ['nothing but its entry', '(func (export "f"))', 1],
    ['one for each instruction, none for structure', '(func (export "f") (block (nop) (drop (i32.const 1))))', 1 + 3],
    ['one for four values of its own', '(func (export "f") (local i32 i32 i32 i32 i64))', 1 + 2],
    ['five for a call, and what is called', '(func $g (nop)) (func (export "f") (call $g))', 1 + 5 + 1 + 1],
    [
      'ten for a call through a table',
      '(type $t (func)) (table funcref (elem $g)) (func $g) (func (export "f") (call_indirect (type $t) (i32.const 0)))',
      1 + 10 + 1 + 1,
    ],
    [
      'eight, and one for eight bytes, for filling memory',
      '(memory 1) (func (export "f") (memory.fill (i32.const 0) (i32.const 0) (i32.const 8000)))',
      1 + 4 + 8 + 1000,
    ],
    [
      'the same for copying it',
      '(memory 1) (func (export "f") (memory.copy (i32.const 0) (i32.const 0) (i32.const 64)))',
      1 + 4 + 8 + 8,
    ],
    [
      'the same for data',
      '(memory 1) (data $d "12345678") (func (export "f") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 8)))',
      1 + 4 + 8 + 1,
    ],
    [
      'one for each element of a table',
      '(table 50 funcref) (func (export "f") (table.fill (i32.const 0) (ref.null func) (i32.const 50)))',
      1 + 4 + 8 + 50,
    ],
    [
      'the same for copying elements',
      '(table 50 funcref) (func (export "f") (table.copy (i32.const 0) (i32.const 0) (i32.const 20)))',
      1 + 4 + 8 + 20,
    ],
    [
      '8192 for a page of memory',
      '(memory 1) (func (export "f") (drop (memory.grow (i32.const 2))))',
      1 + 3 + 8 + 2 * 8192,
    ],
    ['no pages that were refused', '(memory 1) (func (export "f") (drop (memory.grow (i32.const 60000))))', 1 + 3 + 8],
    [
      'one for each element that a table grows by',
      '(table 1 funcref) (func (export "f") (drop (table.grow (ref.null func) (i32.const 70))))',
      1 + 4 + 8 + 70,
    ],
  ])('pays %s', (_, text, expected) => {
    expect(fuelOf(text)).toBe(expected)
  })

  test('is paid for the dearest way through, whichever is taken', () => {
    const text = `(func (export "f") (param i32) (if (local.get 0) (then (nop) (nop) (nop) (nop) (nop)) (else (nop))))`
    // The entry with one parameter, local.get and if, and the five of the longer branch.
    expect([fuelOf(text, 0), fuelOf(text, 1)]).toEqual([2 + 2 + 5, 2 + 2 + 5])
  })

  test('is paid for the case of a branch table that is taken, not for the dearest of them', () => {
    const nops = (count: number) => '(nop)'.repeat(count)
    const text = `(func (export "f") (param i32) (block $join (block $two (block $one (block $zero
      (br_table $zero $one $two (local.get 0))) ${nops(100)} (br $join)) ${nops(10)} (br $join)) ${nops(1)}) ${nops(5)})`
    // The entry with one parameter, local.get and br_table; then the case with its branch, and what all have in common.
    const common = 2 + 2 + 5
    expect([fuelOf(text, 0), fuelOf(text, 1), fuelOf(text, 2)]).toEqual([common + 101, common + 11, common + 1])
  })

  test('is paid for each round of a loop, and not for the way around it again', () => {
    const text = `(func (export "f") (param i32)
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (nop))`
    // The entry and the nop; then one for the loop itself and five instructions, each time.
    expect([fuelOf(text, 1), fuelOf(text, 10)]).toEqual([2 + 1 + 6, 2 + 1 + 60])
  })

  test('is not paid for what stands behind a loop that never falls out of it', () => {
    const text = `(func (export "f") (param i32)
      (block (loop (br_if 1 (local.get 0)) (br 0)) ${'(nop)'.repeat(50)}))`
    expect(fuelOf(text, 1)).toBe(2 + 1 + 3)
  })

  test('is what was executed and the entries, where there is only one way', () => {
    const text = `(memory 1) (func $g (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
      (func (export "f") (param i32) (result i32) (local f64)
        (i32.store (i32.const 4) (call $g (local.get 0))) (block (drop (i64.const 1))) (i32.load (i32.const 4)))`
    const executed = Number(countInstructions(module(text), 'f', [5]))
    // Two entries: with two results, parameters and locals, and with three. A call is four dearer than an instruction.
    expect(fuelOf(text, 5)).toBe(executed + 2 + 2 + 4)
  })

  test('is at most the dearest way through each region that was entered', () => {
    const branches = Array.from({ length: 50 }, () => '(if (local.get 0) (then (nop) (nop)))').join('')
    const bytes = module(`(func (export "f") (param i32) ${branches})`)
    const executed = countInstructions(bytes, 'f', [0])
    const { fuel } = runMetered(bytes, 'f', [0])
    expect([executed, fuel]).toEqual([100n, 2n + 50n * 4n])
  })

  test('is paid for the start function too, which runs when the host says so', () => {
    const bytes = module(
      '(global $g (mut i32) (i32.const 1)) (start $s) (func $s (global.set $g (i32.const 7)))',
      '(func (export "f") (result i32) (global.get $g))',
    )
    expect(runMetered(bytes, 'f')).toEqual({ results: ['7'], fuel: 1n + 2n + 2n + 1n })
  })
})

/** A function that keeps a thousand vectors while it calls itself. */
const VECTORS = `(func $f (export "f") (param i32) (result i32) (local ${'v128 '.repeat(1_000)})
  ${each((local) => `(local.set ${local} (i32x4.splat (i32.add (local.get 0) (i32.const ${local}))))`)}
  (call $f (i32.add (local.get 0) (i32.const 1)))
  ${each((local) => `(i32.add (i32x4.extract_lane 0 (local.get ${local})))`)})`

function each(text: (local: number) => string): string {
  return Array.from({ length: 1_000 }, (_, index) => text(index + 1)).join(' ')
}

/** Code that never ends, each kind in its own way. */
const ENDLESS: readonly (readonly [string, string])[] = [
  ['a loop', '(func (export "f") (loop (br 0)))'],
  ['a loop in a loop', '(func (export "f") (loop (loop (br 1))))'],
  ['a loop that its condition keeps up', '(func (export "f") (loop (br_if 0 (i32.const 1))))'],
  ['a branch table', '(func (export "f") (loop (br_table 0 0 0 (i32.const 2))))'],
  ['a loop that looks as if it left', '(func (export "f") (block (loop (block (br_if 2 (i32.const 0))) (br 0))))'],
  [
    'filling memory',
    '(memory 1) (func (export "f") (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0)))',
  ],
  [
    'copying memory',
    '(memory 1) (func (export "f") (loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 60000)) (br 0)))',
  ],
  ['growing by nothing', '(memory 1) (func (export "f") (loop (drop (memory.grow (i32.const 0))) (br 0)))'],
  [
    'filling a table',
    '(table 9 funcref) (func (export "f") (loop (table.fill (i32.const 0) (ref.null func) (i32.const 9)) (br 0)))',
  ],
  ['calls in a loop', '(func $g) (func (export "f") (loop (call $g) (br 0)))'],
  [
    'calls through a table in a loop',
    '(table funcref (elem $g)) (func $g) (func (export "f") (loop (call_indirect (i32.const 0)) (br 0)))',
  ],
  ['the start function', '(start $s) (func $s (loop (br 0))) (func (export "f"))'],
  [
    'twofold recursion',
    '(func $r (param i32) (if (local.get 0) (then (call $r (i32.sub (local.get 0) (i32.const 1))) (call $r (i32.sub (local.get 0) (i32.const 1)))))) (func (export "f") (call $r (i32.const 60)))',
  ],
]

describe('without an end', () => {
  test.each(ENDLESS)('%s uses up its fuel', (_, text) => {
    const spend = () => runMetered(module(text), 'f', [], { fuel: 200_000n })
    if (text.includes('start')) return expect(spend).toThrow('unreachable')
    const { trap, fault, fuel } = spend()
    expect({ trap, fault }).toEqual({ trap: 'unreachable', fault: 'fuel' })
    // It ends at the first amount that is not there.
    expect(Number(fuel)).toBeGreaterThan(200_000)
    expect(Number(fuel)).toBeLessThan(200_000 + 10_000)
  })

  test.each([
    ['itself', '(func $f (export "f") (call $f))'],
    ['itself with many locals', `(func $f (export "f") (local ${'f64 '.repeat(1000)}) (call $f))`],
    ['itself through a table', '(table funcref (elem $f)) (func $f (export "f") (call_indirect (i32.const 0)))'],
    ['itself with many results', `(func $f (export "f") (result ${'i64 '.repeat(900)}) (call $f))`],
    ['itself with many vectors', VECTORS],
    ['another that calls it', '(func $f (export "f") (call $g)) (func $g (call $f))'],
  ])('a function that calls %s ends by fuel, or before the stack of the engine does', (_, text) => {
    const bytes = module(text)
    expect(run(bytes, 'f').trap).toContain('stack')
    expect(runMetered(bytes, 'f', [], { fuel: 300n })).toMatchObject({ trap: 'unreachable', fault: 'fuel' })
    expect(runMetered(bytes, 'f')).toMatchObject({ trap: 'unreachable', fault: 'stack' })
  })

  test('nothing runs without fuel', () => {
    expect(runMetered(module('(func (export "f"))'), 'f', [], { fuel: 0n })).toMatchObject({ fault: 'fuel' })
    expect(runMetered(module('(func (export "f"))'), 'f', [], { fuel: 1n }).fault).toBeUndefined()
  })

  test('a trap of its own is no fault of ours', () => {
    const outcome = runMetered(module('(func (export "f") (unreachable))'), 'f')
    expect(outcome).toEqual({ results: [], trap: 'unreachable', fuel: 2n })
  })
})
