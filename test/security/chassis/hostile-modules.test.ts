import { afterAll, describe, expect, test } from 'vitest'
import { admitInChild } from '../../../src/chassis/admission/admit-in-child.js'
import type { RunReport } from '../../../src/chassis/sandbox/run.js'
import { Sandbox } from '../../../src/chassis/sandbox/sandbox.js'
import {
  admitted,
  call,
  ECHO,
  guest,
  HOST_IMPORTS,
  HostRecord,
  type Limits,
  text,
  unmetered,
} from '../../chassis/support/sandbox.js'
import { module } from '../../chassis/support/text.js'

const sandbox = new Sandbox()
afterAll(() => sandbox.close())

const KILLED: Limits = { wallMs: 200, cpuPercent: 100 }

/** Runs a module as admission lets it in, and then a good one: the host and the tenant's next call are well. */
async function run(bytes: Uint8Array, limits: Limits = {}): Promise<RunReport> {
  const report = await call(sandbox, await admitted(bytes, limits))
  await expectGoodCall()
  return report
}

/** The same without admission, so that only the process holds it. */
async function runUnmetered(bytes: Uint8Array, limits: Limits = {}): Promise<RunReport> {
  const report = await call(sandbox, unmetered(bytes, limits))
  await expectGoodCall()
  return report
}

const echo = admitted(ECHO)

async function expectGoodCall(): Promise<void> {
  const report = await call(sandbox, await echo, { input: Buffer.from('well') })
  expect([report.end, text(report.output)]).toEqual(['completed', 'well'])
}

describe('without end', () => {
  const LOOP = '(loop $again (br $again))'
  const FILL = '(loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 131072)) (br $again))'
  const SPIN = '(loop $again (br_if $again (i64.gt_s (call $clock_ms) (i64.const 0))))'
  const CASES: readonly [string, Uint8Array][] = [
    ['a loop', guest(`${LOOP} (i32.const 0)`)],
    ['a loop of memory.fill', guest(`${FILL} (i32.const 0)`)],
    ['a loop that looks at the clock', guest(`${SPIN} (i32.const 0)`)],
    ['a loop in start', guest('(i32.const 0)', `(memory (export "memory") 2) (func $begin ${LOOP}) (start $begin)`)],
  ]

  test.each(CASES)('%s ends by its fuel, which is all used', async (_name, bytes) => {
    expect(await run(bytes, { fuel: 1_000_000 })).toMatchObject({ end: 'fuel', fuel: 1_000_000 })
  })

  test.each(CASES)('%s is killed at the deadline where nothing counts fuel', async (_name, bytes) => {
    expect(await runUnmetered(bytes, KILLED)).toMatchObject({ end: 'deadline', fuel: 0 })
  })

  test('a loop is killed at the end of its processor time, long before the deadline', async () => {
    const report = await runUnmetered(guest(`${LOOP} (i32.const 0)`), { wallMs: 20_000, cpuPercent: 1 })
    expect(report.end).toBe('cpu')
    expect(report.cpuMs).toBeGreaterThan(200)
    expect(report.wallMs).toBeLessThan(20_000)
  })

  test('a recursion ends at its stack, after the same fuel each time', async () => {
    const recursion = module('(func $again (export "run") (result i32) (i32.add (call $again) (i32.const 1)))')
    const first = await run(recursion)
    expect(first).toMatchObject({ end: 'stack', message: 'it used up its stack' })
    expect((await run(recursion)).fuel).toBe(first.fuel)
    expect((await runUnmetered(recursion)).end).toBe('stack')
  })
})

describe('memory', () => {
  const MiB = 1024 * 1024
  /** Grows by 14 pages at a time, and fills them, until it is refused; gives the pages that it has then. */
  const GREEDY = `(local $page i32)
    (loop $again
      (local.set $page (memory.grow (i32.const 14)))
      (if (i32.ne (local.get $page) (i32.const -1)) (then
        (memory.fill (i32.mul (local.get $page) (i32.const 65536)) (i32.const 7) (i32.const 917504))
        (br $again))))
    (memory.size)`

  test('that grows ends at the limit of the contract, each time', async () => {
    const greedy = guest(GREEDY)
    for (const pages of [128, 128, 1_024]) {
      const report = await run(greedy, { memoryBytes: pages * 65_536 })
      expect(report).toMatchObject({ end: 'failed', code: pages, memoryBytes: pages * 65_536 })
    }
  })

  test('is there in full for each call, also after many that used all of it', async () => {
    const loaded = await admitted(guest(GREEDY), { memoryBytes: 64 * MiB })
    for (let round = 0; round < 12; round++) expect((await call(sandbox, loaded)).code).toBe(1_024)
  })

  test('of a process is bounded where the module has no limit of its own', async () => {
    // It logs as many bytes as it has pages: its end would have more memory than its contract, which no child may say.
    const telling = guest(`${GREEDY} (call $log (i32.const 2) (i32.const 0) (memory.size))`)
    const host = new HostRecord()
    const loaded = unmetered(telling, { memoryBytes: 8 * MiB, cpuPercent: 100 })
    const report = await call(sandbox, loaded, { host })
    await expectGoodCall()
    // It is refused more, or V8 itself has none left and ends.
    expect(['protocol', 'memory']).toContain(report.end)
    const pages = (host.lines[0] ?? 'info ').length - 'info '.length
    // What the process may have besides counts too. The machine has more.
    if (report.end === 'protocol') expect(pages * 65_536).toBeGreaterThan(8 * MiB)
    expect(pages * 65_536).toBeLessThan(512 * MiB)
  })

  test('that is asked for and never touched counts as well', async () => {
    const large = guest('(i32.const 0)', '(memory (export "memory") 12000)')
    expect((await runUnmetered(large, { memoryBytes: 8 * MiB })).end).toBe('memory')
    expect((await runUnmetered(large, { memoryBytes: 1024 * MiB })).end).toBe('completed')
  })

  test('of 65,536 pages at the start is refused at admission, and there is none for it anyway', async () => {
    const huge = guest('(i32.const 0)', '(memory (export "memory") 65536)')
    await expect(admitted(huge)).rejects.toMatchObject({ details: { reason: 'memory_refused' } })
    expect((await runUnmetered(huge)).end).toBe('memory')
  })
})

describe('tables', () => {
  test('that grow end at the limit of the contract', async () => {
    const code = `(loop $again (br_if $again (i32.ne (table.grow $t (ref.null func) (i32.const 100)) (i32.const -1))))
      (table.size $t)`
    const bytes = guest(code, '(table $t 1 funcref)')
    expect(await run(bytes, { tableElements: 5_000 })).toMatchObject({ end: 'failed', code: 4_901 })
    expect(await runUnmetered(bytes)).toMatchObject({ end: 'failed', code: 999_901 })
  })

  test('a hundred, and each of them huge, are refused at admission, and kill no more than their process', async () => {
    const hundred = guest('(i32.const 0)', '(table 900000 funcref)'.repeat(100))
    await expect(admitted(hundred)).rejects.toMatchObject({ details: { reason: 'too_large' } })
    const one = guest('(i32.const 0)', '(table 10000000 funcref)')
    await expect(admitted(one)).rejects.toMatchObject({ details: { reason: 'table_refused' } })
    expect((await runUnmetered(hundred)).end).toBe('memory')
    expect((await runUnmetered(one)).end).toBe('memory')
  })
})

describe('code that traps', () => {
  test.each([
    ['unreachable', 'unreachable'],
    ['a load out of bounds', '(i32.load (i32.const 131069))'],
    ['a store far out of bounds', '(i32.store offset=4294967295 (i32.const -1) (i32.const 0)) (i32.const 0)'],
    ['memory.fill out of bounds', '(memory.fill (i32.const 131072) (i32.const 0) (i32.const 1)) (i32.const 0)'],
    ['a division by zero', '(i32.div_s (i32.const 1) (i32.const 0))'],
    ['a division that overflows', '(i32.div_s (i32.const -2147483648) (i32.const -1))'],
    ['a conversion that overflows', '(i32.trunc_f64_s (f64.const 1e300))'],
  ])('%s: the call ends, and the next one is well', async (_name, code) => {
    const report = await run(guest(code))
    expect(report.end).toBe('trap')
    expect(report.message).toMatch(/^[ -~]+$/)
    expect(report.fuel).toBeGreaterThan(0)
  })

  test('a segment out of bounds: the call ends while its instance is made', async () => {
    expect((await run(guest('(i32.const 0)', '(memory (export "memory") 1) (data (i32.const 65535) "ab")'))).end).toBe(
      'trap',
    )
  })

  test('what it wrote before is told', async () => {
    const report = await run(guest('(drop (call $write_output (i32.const 0) (i32.const 2))) unreachable'))
    expect(report.output).toHaveLength(2)
  })
})

describe('pointers', () => {
  const END = 131_072
  const CALLS: readonly [string, (pointer: number, length: number) => string][] = [
    ['log', (pointer, length) => `(call $log (i32.const 0) (i32.const ${pointer}) (i32.const ${length}))`],
    [
      'read_input',
      (pointer, length) => `(drop (call $read_input (i32.const ${pointer}) (i32.const 0) (i32.const ${length})))`,
    ],
    ['write_output', (pointer, length) => `(drop (call $write_output (i32.const ${pointer}) (i32.const ${length})))`],
    ['http_request', (pointer, length) => `(drop (call $http_request (i32.const ${pointer}) (i32.const ${length})))`],
    [
      'read_response',
      (pointer, length) => `(drop (call $read_response (i32.const ${pointer}) (i32.const 0) (i32.const ${length})))`,
    ],
    ['random', (pointer, length) => `(call $random (i32.const ${pointer}) (i32.const ${length}))`],
  ]
  const OUTSIDE = [
    [END - 1, 2],
    // Their sum is in the memory for who adds 32 bits.
    [-1, 2],
  ] as const

  test.each(CALLS)('outside of the memory end a call of %s, and reach nothing', async (_name, code) => {
    for (const [pointer, length] of OUTSIDE) {
      const host = new HostRecord()
      const report = await call(sandbox, unmetered(guest(`${code(pointer, length)} (i32.const 0)`)), { host })
      expect(report).toMatchObject({
        end: 'host_call',
        message: expect.stringContaining('to a host function'),
        hostCalls: 0,
      })
      expect([...host.lines, ...host.requests]).toEqual([])
      expect(report.output).toHaveLength(0)
    }
    await expectGoodCall()
  })

  test('up to the last byte of the memory are taken', async () => {
    for (const [, code] of CALLS) {
      const inside = `${code(END - 1, 1)} ${code(END, 0)} (i32.const 0)`
      expect((await call(sandbox, unmetered(guest(inside)))).end).toBe('completed')
    }
  })

  test('need a memory that is exported as memory', async () => {
    const code = '(func (export "run") (result i32) (call $write_output (i32.const 0) (i32.const 0)))'
    for (const memory of [
      '',
      '(memory 1)',
      '(global (export "memory") i32 (i32.const 0))',
      '(func (export "memory"))',
    ]) {
      expect((await run(module(HOST_IMPORTS, memory, code))).end).toBe('host_call')
    }
  })
})

describe('state', () => {
  test('of one call is not there in the next', async () => {
    const fields = `(memory (export "memory") 2) (global $seen (mut i32) (i32.const 0)) (table $t 1 funcref) (elem declare func $f) (func $f)`
    const code = `(local $before i32)
      (local.set $before (i32.add (i32.load (i32.const 500)) (i32.add (global.get $seen)
        (i32.eqz (ref.is_null (table.get $t (i32.const 0)))))))
      (i32.store (i32.const 500) (i32.const 1))
      (global.set $seen (i32.const 1))
      (table.set $t (i32.const 0) (ref.func $f))
      (drop (call $http_request (i32.const 0) (i32.const 0)))
      (local.get $before)`
    const loaded = await admitted(guest(code, fields))
    for (let round = 0; round < 3; round++)
      expect(await call(sandbox, loaded)).toMatchObject({ end: 'completed', code: 0 })
  })

  test('the answer to a request of the last call is not there either', async () => {
    const host = new HostRecord()
    host.answer = async () => 'for your eyes only'
    const code =
      '(if (i32.eqz (call $input_length)) (then (drop (call $http_request (i32.const 0) (i32.const 0))))) (call $response_length)'
    const loaded = await admitted(guest(code))
    expect((await call(sandbox, loaded, { host })).code).toBe('for your eyes only'.length)
    expect((await call(sandbox, loaded, { host, input: Buffer.from('x') })).code).toBe(0)
  })
})

test('many swarms work at one time, each in a process of its own', async () => {
  const loaded = await echo
  const swarms = Array.from({ length: 8 }, (_, index) => `swarm-${index}`)
  const reports = await Promise.all(swarms.map((swarm) => call(sandbox, loaded, { swarm, input: Buffer.from(swarm) })))
  expect(reports.map(({ output }) => text(output))).toEqual(swarms)
  expect(reports.every(({ end }) => end === 'completed')).toBe(true)
})

describe('admission in a process of its own', () => {
  test('admits what admission does, with the same result', async () => {
    const { digest, metered } = await admitted(ECHO)
    const inChild = await admitInChild(ECHO)
    expect(inChild.digest).toBe(digest)
    expect(Buffer.from(metered).equals(inChild.metered)).toBe(true)
  })
})
