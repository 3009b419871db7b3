import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { meter } from '../support/run.js'
import { module } from '../support/text.js'

const CHILD = fileURLToPath(new URL('./children/measure.mjs', import.meta.url))

/** Ways in which the engine may run the same module. It goes from one to another as it likes, in the middle of a call. */
const ENGINES = [
  [],
  ['--liftoff', '--no-wasm-tier-up'],
  ['--no-liftoff'],
  ['--single-threaded', '--stack-size=2000'],
  ['--max-old-space-size=64'],
] as const

function measure(options: readonly string[], bytes: Uint8Array, calls: readonly (readonly unknown[])[]): unknown {
  const input = JSON.stringify({ bytes: Buffer.from(bytes).toString('base64'), calls, fuel: '3000000' })
  const { stdout, stderr, status } = spawnSync(process.execPath, [...options, CHILD], { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${options.join(' ')}: ${stderr}`)
  return JSON.parse(stdout)
}

describe('the same module and input use the same fuel', () => {
  const deep = (locals: number, operands: number) => {
    const held = '(i32.const 1)'.repeat(operands)
    const sums = '(i32.add)'.repeat(operands)
    return `(param i32) (result i32) (local ${'i64 '.repeat(locals)}) ${held} (call $SELF (i32.add (local.get 0) (i32.const 1))) ${sums}`
  }
  const bytes = meter(
    module(
      `(func $hot (export "hot") (param i32) (result i32) (local i32)
        (loop (local.set 1 (i32.add (local.get 1) (i32.mul (local.get 0) (local.get 0))))
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))`,
      '(func $small (export "small") (param i32) (result i32) (call $small (i32.add (local.get 0) (i32.const 1))))',
      `(func $wide (export "wide") ${deep(500, 0).replace('$SELF', '$wide')})`,
      `(func $high (export "high") ${deep(0, 400).replace('$SELF', '$high')})`,
      `(func $twice (export "twice") (param i32) (result i32) (if (result i32) (local.get 0)
        (then (i32.add (call $twice (i32.sub (local.get 0) (i32.const 1))) (call $twice (i32.sub (local.get 0) (i32.const 1)))))
        (else (i32.const 1))))`,
      '(memory 1) (func (export "fill") (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0)))',
    ),
  )
  const calls = [
    ['hot', 100_000],
    ['hot', 2_000_000],
    ['small', 0],
    ['wide', 0],
    ['high', 0],
    ['twice', 12],
    ['twice', 40],
    ['fill'],
  ]
  let first: unknown
  let others: readonly unknown[]
  beforeAll(() => {
    ;[first, ...others] = ENGINES.map((options) => measure(options, bytes, calls))
  })

  test('in every process, however the engine compiles it', () => {
    expect(others).toHaveLength(ENGINES.length - 1)
    for (const other of others) expect(other).toEqual(first)
  })

  test('also where the fuel or the stack comes to an end', () => {
    const faults = (first as readonly (readonly [string, string, number])[]).map(([result, fuel, fault]) => {
      return fault === 3 ? 'stack' : fuel.startsWith('-') ? 'fuel' : result === 'unreachable' ? 'trap' : 'done'
    })
    expect(faults).toEqual(['done', 'fuel', 'stack', 'stack', 'stack', 'done', 'fuel', 'fuel'])
  })
})
