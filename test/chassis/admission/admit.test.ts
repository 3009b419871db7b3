import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { admitModule } from '../../../src/chassis/admission/admit.js'
import { checkWithEngine } from '../../../src/chassis/admission/engine-check.js'
import { HOST_FUNCTIONS, PROFILES } from '../../../src/chassis/admission/imports.js'
import { inspectModule } from '../../../src/chassis/admission/inspect.js'
import { DEFAULT_METER_LIMITS } from '../../../src/chassis/meter/limits.js'
import { isFabricError } from '../../../src/model/errors.js'
import { binary, oneFunction, unsigned } from '../support/binary.js'
import { type Callable, instantiate } from '../support/engine.js'
import { module, parse } from '../support/text.js'

async function reasonOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error) => {
      if (isFabricError(error, 'MODULE_REFUSED')) return error.details.reason
      throw error
    },
  )
}

/** A module that imports a function of this signature, such as `(i32, i64) -> i32`. */
function importing(name: string, signature: string): Uint8Array {
  const [, parameters = '', results = ''] = /^\((.*)\) -> \(?(.*?)\)?$/.exec(signature) ?? []
  const list = (kind: string, types: string) => (types === '' ? '' : `(${kind} ${types.replaceAll(',', '')})`)
  const [namespace, field] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)]
  return module(`(import "${namespace}" "${field}" (func ${list('param', parameters)} ${list('result', results)}))`)
}

/** The module with 8 MiB that say nothing: nobody has read them within a millisecond, or without memory. */
function large(bytes: Uint8Array): Uint8Array {
  const content = Buffer.alloc(8 * 1024 * 1024)
  return Buffer.concat([bytes, Uint8Array.of(0, ...unsigned(content.length)), content])
}

describe('imports', () => {
  test.each(PROFILES)('of the profile %s are taken, each with its signature and no other', async (profile) => {
    const allowed = Object.entries(HOST_FUNCTIONS[profile])
    expect(allowed.length).toBeGreaterThanOrEqual(9)
    for (const [name, signature] of allowed) {
      // What the engine says is looked at elsewhere: here it would start a process for each.
      const { verdict } = await inspectModule(
        importing(name, `${signature.replace('(', '(f64, ').replace(', )', ')')}`),
        { profile },
      )
      expect(verdict).toMatchObject({ admitted: false, reason: 'import_refused' })
      expect(verdict.message).toContain(`and it is ${signature}`)
    }
  })

  test('of one profile are none of the other', async () => {
    const clock = importing('wasi_snapshot_preview1.clock_time_get', '(i32, i64, i32) -> i32')
    expect(await reasonOf(admitModule(clock))).toBe('import_refused')
    expect(await reasonOf(admitModule(clock, { profile: 'typescript' }))).toBeUndefined()
    const log = importing('ifab.log', '(i32, i32, i32) -> ()')
    expect(await reasonOf(admitModule(log))).toBeUndefined()
    expect(await reasonOf(admitModule(log, { profile: 'typescript' }))).toBe('import_refused')
  })

  test.each([
    ['another module', '(import "wasi_snapshot_preview1" "fd_write" (func))', 'import_refused'],
    ['another name', '(import "ifab" "exec" (func))', 'import_refused'],
    ['a name that every object has', '(import "ifab" "toString" (func))', 'import_refused'],
    ['a memory', '(import "ifab" "memory" (memory 1))', 'memory_refused'],
    ['a table', '(import "ifab" "table" (table 1 funcref))', 'table_refused'],
    ['a global of the name of our fuel', '(import "ifab" "fuel" (global (mut i64)))', 'import_refused'],
    ['a global under an allowed name', '(import "ifab" "log" (global i32))', 'import_refused'],
  ])('are refused: %s', async (_, text, reason) => {
    expect(await reasonOf(admitModule(module(text)))).toBe(reason)
  })
})

describe('admission', () => {
  test('takes a good module, names it by its digest, and gives it back with fuel', async () => {
    const bytes = module('(func (export "answer") (result i32) (i32.const 42))')
    const { digest, metered } = await admitModule(bytes)
    expect(digest).toBe(createHash('sha256').update(bytes).digest('hex'))
    const exports = instantiate(metered)
    expect(() => (exports.answer as Callable)()).toThrow('unreachable')
    ;(exports['ifab.fuel'] as { value: bigint }).value = 10n
    expect((exports.answer as Callable)()).toBe(42)
  })

  test('asks the engine about what is well-formed, and refuses what it finds invalid', async () => {
    // The function gives an i64 where it promises an i32.
    const bytes = binary(...oneFunction([0x42, 0], { type: [0x60, 0, 1, 0x7f] }))
    expect(parse(bytes).bodies).toHaveLength(1)
    const refused = admitModule(bytes)
    await expect(refused).rejects.toThrow('the engine finds it invalid: Compiling function #0 failed: type error')
    expect(await reasonOf(refused)).toBe('invalid')
  })

  test('refuses names of ours, and memories and tables beyond their limits, before a process is started', async () => {
    const limits = { ...DEFAULT_METER_LIMITS, memoryPages: 5, tableElements: 5 }
    const bounds = { wallMs: 20_000, dataBytes: 0 }
    const reason = (text: string) => reasonOf(admitModule(large(module(text)), { limits, bounds }))
    expect(await reason('(func (export "ifab.fuel"))')).toBe('reserved_name')
    expect(await reason('(memory (export "ifab.memory") 1)')).toBe('reserved_name')
    expect(await reason('(memory 6)')).toBe('memory_refused')
    expect(await reason('(memory 65536)')).toBe('memory_refused')
    expect(await reason('(table 6 funcref)')).toBe('table_refused')
    expect(await reason('(memory 5)')).toBe('not_validated')
  })

  test('has more room for locals in the TypeScript profile', async () => {
    const withLocals = (count: number) => binary(...oneFunction([], { locals: [1, ...unsigned(count), 0x7f] }))
    const typescript = { profile: 'typescript' } as const
    expect(await reasonOf(admitModule(withLocals(2_001)))).toBe('too_large')
    expect(await reasonOf(admitModule(withLocals(5_000), typescript))).toBeUndefined()
    expect(await reasonOf(admitModule(withLocals(5_001), typescript))).toBe('too_large')
  })
})

describe('the process that validates', () => {
  const good = module('(func)')

  test('takes a module for what it is', async () => {
    await checkWithEngine(good)
    expect(await reasonOf(checkWithEngine(Uint8Array.of(1, 2, 3)))).toBe('invalid')
  })

  test('is ended when it takes too long', async () => {
    const refused = checkWithEngine(large(good), { wallMs: 1, dataBytes: 2 ** 30 })
    await expect(refused).rejects.toThrow('it took longer than 1 ms')
    expect(await reasonOf(refused)).toBe('not_validated')
  })

  test('does not run with less memory than it needs', async () => {
    expect(await reasonOf(checkWithEngine(large(good), { wallMs: 20_000, dataBytes: 0 }))).toBe('not_validated')
  })

  test('sees nothing of the environment', async () => {
    process.env.NODE_OPTIONS = '--no-such-option'
    try {
      await checkWithEngine(good)
    } finally {
      delete process.env.NODE_OPTIONS
    }
  })
})

describe('an inspection', () => {
  test('tells what a module is, against what it may be', async () => {
    const bytes = module(
      '(import "ifab" "log" (func (param i32 i32 i32)))',
      '(memory (export "memory") 2 9) (table 1 funcref) (global i32 (i32.const 1))',
      '(func (export "run") (param i32) (result i32) (local i64 i64) (block (block)) (local.get 0))',
    )
    const found = await inspectModule(bytes)
    expect(found).toMatchObject({
      bytes: bytes.length,
      profile: 'core',
      imports: [{ name: 'ifab.log', kind: 'function', signature: '(i32, i32, i32) -> ()' }],
      exports: [
        { name: 'memory', kind: 'memory' },
        { name: 'run', kind: 'function' },
      ],
      memories: [{ minimum: 2, maximum: 9 }],
      tables: [{ minimum: 1, element: 'funcref' }],
      verdict: { admitted: true },
    })
    const counts = Object.fromEntries(found.counts.map(({ cap, found: amount }) => [cap, amount]))
    expect(counts).toMatchObject({ bytes: bytes.length, functions: 1, locals: 2, nesting: 2, globals: 1, operands: 1 })
    expect(found.meteredBytes).toBeGreaterThan(bytes.length)
  })

  test('of a refused module has the reason, the fix, and what was read until then', async () => {
    const found = await inspectModule(module('(import "ifab" "log" (func))', ...Array(17).fill('(table 1 funcref)')))
    expect(found.verdict).toEqual({
      admitted: false,
      reason: 'too_large',
      message: expect.stringMatching(
        /^The module is refused: it has 17 tables, and 16 are allowed .* Split the code up/,
      ),
      fix: 'Split the code up, or build it for size.',
    })
    expect(found.imports).toHaveLength(1)
    expect(found.counts).toContainEqual({ cap: 'tables', name: 'tables', found: 17, limit: 16 })
    expect(found.meteredBytes).toBeUndefined()
  })
})
