import { afterAll, describe, expect, test } from 'vitest'
import { admitModule } from '../../../src/chassis/admission/admit.js'
import { Sandbox } from '../../../src/chassis/sandbox/sandbox.js'
import { admitted, call, guest, unmetered } from '../../chassis/support/sandbox.js'
import { module } from '../../chassis/support/text.js'

/**
 * What anybody asks of a sandbox first, by name. The same at the level of the process, for who broke out of WebAssembly, is in
 * test/chassis/jail/levels.test.ts.
 */
const sandbox = new Sandbox()
afterAll(() => sandbox.close())

const RUN = '(func (export "run") (result i32) (i32.const 0))'

/** Why a module that imports this function is refused at admission; and whether a process would run it that was not asked. */
async function fateOf(namespace: string, name: string, type: string) {
  const bytes = module(`(import "${namespace}" "${name}" (func ${type}))`, '(memory (export "memory") 1)', RUN)
  const reason = await admitModule(bytes).then(
    () => 'admitted',
    (error) => error.details.reason,
  )
  const { end } = await call(sandbox, unmetered(bytes))
  return { reason, end }
}

describe('a module', () => {
  test.each([
    ['path_open', '(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)'],
    ['fd_read', '(param i32 i32 i32 i32) (result i32)'],
    ['fd_write', '(param i32 i32 i32 i32) (result i32)'],
    ['fd_prestat_get', '(param i32 i32) (result i32)'],
    ['fd_readdir', '(param i32 i32 i32 i64 i32) (result i32)'],
    ['path_unlink_file', '(param i32 i32 i32) (result i32)'],
    ['environ_get', '(param i32 i32) (result i32)'],
  ])('cannot access filesystem: %s', async (name, type) => {
    expect(await fateOf('wasi_snapshot_preview1', name, type)).toEqual({ reason: 'import_refused', end: 'trap' })
  })

  test.each([
    ['wasi_snapshot_preview1', 'sock_accept', '(param i32 i32 i32) (result i32)'],
    ['wasi_snapshot_preview1', 'sock_recv', '(param i32 i32 i32 i32 i32 i32) (result i32)'],
    ['wasi_snapshot_preview1', 'sock_send', '(param i32 i32 i32 i32 i32) (result i32)'],
    ['wasi_snapshot_preview1', 'sock_open', '(param i32 i32 i32) (result i32)'],
    ['env', 'fetch', '(param i32 i32) (result i32)'],
    ['ifab', 'connect', '(param i32 i32) (result i32)'],
  ])('cannot make network calls: %s.%s', async (namespace, name, type) => {
    expect(await fateOf(namespace, name, type)).toEqual({ reason: 'import_refused', end: 'trap' })
  })

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'cannot import what every object has: %s',
    async (name) => {
      expect((await fateOf('ifab', name, '')).reason).toBe('import_refused')
      expect((await fateOf(name, 'log', '')).reason).toBe('import_refused')
      expect((await fateOf('__proto__', name, '')).reason).toBe('import_refused')
    },
  )

  test('memory limit', async () => {
    const MiB = 1024 * 1024
    const grow = '(if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (return (i32.const 7))))'
    const bytes = guest(`(loop $again ${grow} (br $again)) (i32.const 0)`, '(memory (export "memory") 16)')
    const report = await call(sandbox, await admitted(bytes, { memoryBytes: 4 * MiB }))
    // Growing is refused at the limit, and the module says so with its own number.
    expect(report).toMatchObject({ end: 'failed', code: 7, memoryBytes: 4 * MiB })
    await expect(admitted(bytes, { memoryBytes: MiB / 2 })).rejects.toMatchObject({
      details: { reason: 'memory_refused' },
    })
  })

  test('CPU limit', async () => {
    const endless = guest('(loop $again (br $again)) (i32.const 0)')
    expect((await call(sandbox, await admitted(endless, { fuel: 100_000 }))).end).toBe('fuel')
    expect((await call(sandbox, unmetered(endless, { wallMs: 20_000, cpuPercent: 1 }))).end).toBe('cpu')
    expect((await call(sandbox, unmetered(endless, { wallMs: 100, cpuPercent: 100 }))).end).toBe('deadline')
  })
})
