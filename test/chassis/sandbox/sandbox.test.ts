import { afterAll, describe, expect, test } from 'vitest'
import { Sandbox } from '../../../src/chassis/sandbox/sandbox.js'
import { LIMITS } from '../../../src/model/limits.js'
import { admitted, call, ECHO, guest, HostRecord, text, unmetered } from '../support/sandbox.js'

const sandbox = new Sandbox()
afterAll(() => sandbox.close())

const bytes = (content: string) => Buffer.from(content)
/** Room at address 0 for what the first instructions put there. */
const data = (content: string) => `(memory (export "memory") 2) (data (i32.const 0) "${content}")`

describe('a call', () => {
  test('gets its input and gives its output, with what it cost', async () => {
    const report = await call(sandbox, await admitted(ECHO), { input: bytes('hello') })
    expect(report).toMatchObject({ end: 'completed', code: 0, memoryBytes: 2 * 65_536, hostCalls: 0 })
    expect(report.message).toBeUndefined()
    expect(text(report.output)).toBe('hello')
    expect(report.fuel).toBeGreaterThan(0)
    expect(report.wallMs).toBeGreaterThan(0)
    expect(report.jail).toBe(await sandbox.level())
  })

  test('takes and gives megabytes', async () => {
    const large = guest(
      `(drop (call $read_input (i32.const 0) (i32.const 0) (call $input_length)))
       (call $write_output (i32.const 0) (call $input_length))`,
      '(memory (export "memory") 160)',
    )
    const input = Buffer.alloc(10_000_000, 'abc')
    const report = await call(sandbox, await admitted(large, { outputBytes: 16 * 1024 * 1024 }), { input })
    expect(report.end).toBe('completed')
    expect(input.equals(report.output)).toBe(true)
  })

  test('with another number than 0 has failed by its own word, and its output is kept', async () => {
    const code = '(drop (call $write_output (i32.const 0) (i32.const 3))) (i32.const -7)'
    const report = await call(sandbox, await admitted(guest(code, data('why'))))
    expect(report).toMatchObject({ end: 'failed', code: -7 })
    expect(text(report.output)).toBe('why')
  })

  test('adds up what it writes, and ends where it is more than allowed', async () => {
    const write = '(drop (call $write_output (i32.const 0) (i32.const 4)))'
    const fits = await call(
      sandbox,
      await admitted(guest(`${write}${write}(i32.const 0)`, data('abcd')), { outputBytes: 8 }),
    )
    expect([fits.end, text(fits.output)]).toEqual(['completed', 'abcdabcd'])
    const beyond = await call(
      sandbox,
      await admitted(guest(`${write}${write}(i32.const 0)`, data('abcd')), { outputBytes: 7 }),
    )
    expect([beyond.end, text(beyond.output)]).toEqual(['output', 'abcd'])
  })

  test('reads its input from where it likes', async () => {
    const code = `
      (i32.store8 (i32.const 100) (i32.add (i32.const 48) (call $read_input (i32.const 0) (i32.const 3) (i32.const 10))))
      (i32.store8 (i32.const 101) (i32.add (i32.const 48) (call $read_input (i32.const 50) (i32.const -1) (i32.const 10))))
      (drop (call $write_output (i32.const 0) (i32.const 4)))
      (call $write_output (i32.const 100) (i32.const 2))`
    const report = await call(sandbox, await admitted(guest(code)), { input: bytes('hello') })
    expect(text(report.output)).toBe('lo\0\x0020')
  })

  test('may have a start function, which runs on its fuel', async () => {
    const fields = `(memory (export "memory") 1) (func $begin (i32.store8 (i32.const 0) (i32.const 65))) (start $begin)`
    const loaded = await admitted(guest('(call $write_output (i32.const 0) (i32.const 1))', fields))
    expect(text((await call(sandbox, loaded)).output)).toBe('A')
    const poor = await admitted(guest('(i32.const 0)', fields), { fuel: 1 })
    expect(await call(sandbox, poor)).toMatchObject({ end: 'fuel', fuel: 1 })
  })

  test('must have a function run of the right type', async () => {
    const { module } = await import('../support/text.js')
    const without = await call(sandbox, await admitted(module('(func (export "walk") (result i32) (i32.const 0))')))
    expect(without).toMatchObject({ end: 'trap', message: 'it exports no function "run"' })
    const other = await call(sandbox, await admitted(module('(func (export "run") (result i64) (i64.const 0))')))
    expect(other).toMatchObject({ end: 'trap', message: 'its function "run" is not of type () -> i32' })
  })

  test('is refused more input than a module takes', async () => {
    const input = new Uint8Array(LIMITS.sandboxInputBytes + 1)
    await expect(call(sandbox, await admitted(ECHO), { input })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('the same module, input and seed', () => {
  const code = `
    (call $random (i32.const 0) (i32.const 100))
    (drop (call $read_input (i32.const 100) (i32.const 0) (i32.const 10)))
    (call $write_output (i32.const 0) (i32.add (i32.const 100) (i32.and (i32.load8_u (i32.const 0)) (i32.const 7))))`

  test('give the same output and use the same fuel, in a process that has worked and in a new one', async () => {
    const loaded = await admitted(guest(code))
    const other = new Sandbox()
    const first = await call(sandbox, loaded, { input: bytes('input') })
    const second = await call(sandbox, loaded, { input: bytes('input') })
    const elsewhere = await call(other, loaded, { input: bytes('input') })
    await other.close()
    for (const { output, fuel } of [second, elsewhere]) {
      expect(fuel).toBe(first.fuel)
      expect(Buffer.from(output).equals(first.output)).toBe(true)
    }
    const changed = await call(sandbox, loaded, { input: bytes('input'), seed: 'another' })
    expect(Buffer.from(changed.output).equals(first.output)).toBe(false)
  })
})

describe('host functions', () => {
  test('log reaches the host with its level, and is counted', async () => {
    const host = new HostRecord()
    const log = (level: number) => `(call $log (i32.const ${level}) (i32.const 0) (i32.const 5))`
    const code = `${[0, 1, 2, 3, 4, -1].map(log).join('')}(i32.const 0)`
    const report = await call(sandbox, await admitted(guest(code, data('words'))), { host })
    expect(host.lines).toEqual(['error', 'warn', 'info', 'debug', 'debug', 'debug'].map((level) => `${level} words`))
    expect(report).toMatchObject({ end: 'completed', hostCalls: 6 })
  })

  test('log leaves out lines that are more than allowed, tells so once, and the call goes on', async () => {
    const host = new HostRecord()
    const code = `(local $n i32)
      (loop $again
        (call $log (i32.const 2) (i32.const 0) (i32.const 10))
        (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100))))
      (i32.const 0)`
    // Each line costs 16 bytes besides its text.
    const report = await call(sandbox, await admitted(guest(code, data('0123456789')), { logBytes: 99 }), { host })
    expect(report.end).toBe('completed')
    expect(host.lines).toEqual(['info 0123456789', 'info 0123456789', 'info 0123456789', 'full'])
  })

  test('http_request waits for the answer, which can be read', async () => {
    const host = new HostRecord()
    host.answer = async (request) => `answer to ${request}`
    const code = `
      (if (call $http_request (i32.const 0) (i32.const 7)) (then (return (i32.const 1))))
      (drop (call $read_response (i32.const 100) (i32.const 0) (call $response_length)))
      (call $write_output (i32.const 100) (call $response_length))`
    const report = await call(sandbox, await admitted(guest(code, data('request'))), { host })
    expect(report).toMatchObject({ end: 'completed', hostCalls: 1 })
    expect(text(report.output)).toBe('answer to request')
  })

  test('http_request refuses by itself what is too long', async () => {
    const host = new HostRecord()
    const code = `(call $http_request (i32.const 0) (i32.const ${LIMITS.egressRequestBytes + 1}))`
    const report = await call(sandbox, await admitted(guest(code, '(memory (export "memory") 100)')), { host })
    expect(report).toMatchObject({ end: 'failed', code: -1, hostCalls: 0 })
    expect(host.requests).toEqual([])
  })

  test('clock_ms tells whole milliseconds of now', async () => {
    const before = Date.now()
    const code = '(i64.store (i32.const 0) (call $clock_ms)) (call $write_output (i32.const 0) (i32.const 8))'
    const { output } = await call(sandbox, await admitted(guest(code)))
    const told = Number(Buffer.from(output).readBigInt64LE())
    expect(told).toBeGreaterThanOrEqual(before)
    expect(told).toBeLessThanOrEqual(Date.now())
  })

  test('that fail by a fault of the host reject the call, and leave nothing running', async () => {
    const host = new HostRecord()
    host.answer = async () => {
      throw new Error('a fault of the host')
    }
    const loaded = await admitted(guest('(call $http_request (i32.const 0) (i32.const 1))'))
    await expect(call(sandbox, loaded, { host })).rejects.toThrow('a fault of the host')
    expect((await call(sandbox, loaded)).end).toBe('completed')
  })
})

describe('a call is ended', () => {
  const endless = guest('(loop $again (br $again)) (i32.const 0)')

  test('by its deadline', async () => {
    const report = await call(sandbox, unmetered(endless, { wallMs: 150, cpuPercent: 100 }))
    expect(report).toMatchObject({ end: 'deadline', message: 'it took longer than 150 ms', fuel: 0 })
    expect(report.wallMs).toBeGreaterThanOrEqual(149)
  })

  test('by its deadline while it waits for an answer, which is given up', async () => {
    const host = new HostRecord()
    let wasAborted = false
    host.answer = (_request, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          wasAborted = true
          resolve('too late')
        })
      })
    const loaded = await admitted(guest('(call $http_request (i32.const 0) (i32.const 1))'), { wallMs: 150 })
    expect((await call(sandbox, loaded, { host })).end).toBe('deadline')
    expect(wasAborted).toBe(true)
  })

  test('by the signal of the caller, while it runs and before it begins', async () => {
    const control = new AbortController()
    const host = new HostRecord()
    host.log = () => control.abort()
    const code = '(call $log (i32.const 0) (i32.const 0) (i32.const 0)) (loop $again (br $again)) (i32.const 0)'
    const loaded = unmetered(guest(code))
    expect((await call(sandbox, loaded, { host, signal: control.signal })).end).toBe('cancelled')
    expect((await call(sandbox, loaded, { host, signal: control.signal })).end).toBe('cancelled')
  })

  test('when the sandbox is closed', async () => {
    const closing = new Sandbox()
    const host = new HostRecord()
    const begun = new Promise<void>((resolve) => {
      host.log = () => resolve()
    })
    const code = '(call $log (i32.const 0) (i32.const 0) (i32.const 0)) (loop $again (br $again)) (i32.const 0)'
    const running = call(closing, unmetered(guest(code)), { host })
    await begun
    await closing.close()
    expect((await running).end).toBe('cancelled')
    await expect(call(closing, unmetered(endless))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
