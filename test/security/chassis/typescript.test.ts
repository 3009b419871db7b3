import { beforeAll, describe, expect, test } from 'vitest'
import { GuestStop } from '../../../src/chassis/child/guest-stop.js'
import { typescriptImports } from '../../../src/chassis/child/typescript-imports.js'
import { built, callBaked, RecordingHost } from '../../chassis/support/baked.js'

/** Each tries to reach something that is not of its own. What it returns would be in the output. */
const ATTEMPTS: Readonly<Record<string, string>> = {
  'a function made from text': `Function('return process')()`,
  'the constructor of a host function': `ifab.log.info.constructor('return process.env')()`,
  'the constructor of a request': `ifab.http.request.constructor('return require("fs")')()`,
  'an indirect eval': `(0, eval)('require')("node:fs")`,
  'a global require': `(globalThis as any).require('node:fs')`,
  'a global process': `(globalThis as any).process.env.HOME`,
  'a global fetch': `(globalThis as any).fetch('http://169.254.169.254/')`,
  'WebAssembly of the host': `new (globalThis as any).WebAssembly.Memory({ initial: 1 })`,
  'a binding of the engine': `(globalThis as any).std.open('/etc/passwd', 'r')`,
  'files of the engine': `(globalThis as any).os.open('/etc/passwd', 0)`,
  'the natives below JavaScript': `(globalThis as any)['ifab native'].call(0, 0, new Uint8Array(1))`,
  'a shared buffer to time with': `(globalThis as any).Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1e9)`,
}

const TOOL = `
import type { Ifab } from 'infrafabric/tool'
const attempts: Record<string, (ifab: Ifab) => unknown> = {
  ${Object.entries(ATTEMPTS)
    .map(([name, code]) => `${JSON.stringify(name)}: (ifab) => ${code},`)
    .join('\n  ')}
  'a module of Node.js': () => (0, eval)('import("node:fs")'),
  'a module of the engine': () => (0, eval)('import("std")'),
  'a file': () => (0, eval)('import("/etc/passwd")'),
}
const tamper: Record<string, () => unknown> = {
  prototype: () => { (Object.prototype as any).toJSON = () => 'mine'; (Array.prototype as any).push = () => { throw 1 }; return { a: 1 } },
  json: () => { JSON.stringify = () => { throw new Error('no') }; return 1 },
  promise: () => { Promise.prototype.then = (() => 0) as any; return 1 },
  proto: () => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
}
export default (input: string, ifab: Ifab) => (attempts[input] ?? tamper[input])!(ifab)
`

let bytes: Uint8Array
beforeAll(async () => {
  bytes = (await built(TOOL)).bytes
})

describe('a baked tool does not reach', () => {
  const all = [...Object.keys(ATTEMPTS), 'a module of Node.js', 'a module of the engine', 'a file']
  test.each(all)('%s', (name) => {
    const { code, output, log } = callBaked(bytes, name)
    expect({ code, output }).toEqual({ code: 1, output: '' })
    expect(log).toHaveLength(1)
    expect(log[0]).toMatch(/^0 (ReferenceError|TypeError): /)
  })
})

describe('what a baked tool does to its own language', () => {
  test.each(['prototype', 'json', 'promise', 'proto'])('stays in that call: %s', (name) => {
    const before = Object.getOwnPropertyNames(Object.prototype)
    expect([0, 1, 2, 3, 4]).toContain(callBaked(bytes, name).code)
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
    expect(callBaked(bytes, 'a global process')).toMatchObject({ code: 1, log: [expect.stringContaining('TypeError')] })
  })
})

describe('the imports of a baked module', () => {
  const MEMORY_BYTES = 65_536
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: new (size: object) => object } }).WebAssembly
  const ready = () => {
    const host = new RecordingHost(new Uint8Array([1, 2, 3]), { answer: () => ({}) })
    host.memory.attach(new Memory({ initial: 1 }))
    const { env, wasi_snapshot_preview1: wasi } = typescriptImports(host as never)
    return { host, call: { ...env, ...wasi } as Record<string, (...values: unknown[]) => unknown> }
  }

  test.each([
    ['an operation that there is not', 'host_call', [7, 0, 0, 0, 0]],
    ['an operation below zero', 'host_call', [-1, 0, 0, 0, 0]],
    ['text beyond its memory', 'host_call', [0, 0, MEMORY_BYTES - 1, 2, 0]],
    ['a pointer that wraps around', 'host_call', [3, 0, -4, 8, 0]],
    ['input to beyond its memory', 'host_call', [2, 0, MEMORY_BYTES, 3, 0]],
    ['a request beyond its memory', 'host_call', [4, 0, 0, -1, 0]],
    ['the time beyond its memory', 'clock_time_get', [0, 0n, MEMORY_BYTES - 7]],
    ['randomness beyond its memory', 'random_get', [0, MEMORY_BYTES + 1]],
    ['pieces of text beyond its memory', 'fd_write', [1, MEMORY_BYTES - 4, 1, 0]],
    ['a count beyond its memory', 'fd_write', [2, 0, 0, MEMORY_BYTES]],
  ])('end the call for %s', (_, name, values) => {
    const { host, call } = ready()
    expect(() => call[name]?.(...values)).toThrow(GuestStop)
    expect([host.lines, host.written]).toEqual([[], []])
  })

  test('have no files: every descriptor is a bad one, and standard output is the log', () => {
    const { host, call } = ready()
    const view = new DataView(host.memory.view(0, 64).buffer)
    view.setUint32(0, 32, true)
    view.setUint32(4, 2, true)
    host.memory.view(32, 2).set(Buffer.from('hi'))
    const BAD_DESCRIPTOR = 8
    for (const file of [0, 3, 99, -1]) expect(call.fd_write?.(file, 0, 1, 60)).toBe(BAD_DESCRIPTOR)
    for (const name of ['fd_close', 'fd_fdstat_get', 'fd_seek']) expect(call[name]?.(1, 0, 0, 0)).toBe(BAD_DESCRIPTOR)
    expect(host.lines).toEqual([])
    expect(call.fd_write?.(2, 0, 1, 60)).toBe(0)
    expect(host.lines).toEqual(['1 hi'])
    expect(view.getUint32(60, true)).toBe(2)
  })

  test('look at a bounded number of pieces of what the engine writes', () => {
    const { host, call } = ready()
    for (let piece = 0; piece < 100; piece += 1)
      new DataView(host.memory.view(piece * 8, 8).buffer).setUint32(piece * 8 + 4, 1, true)
    expect(call.fd_write?.(1, 0, 0xffff_ffff, 60_000)).toBe(0)
    expect(host.lines).toHaveLength(16)
  })

  test('tell the time of the call by two clocks, and no other', () => {
    const { host, call } = ready()
    const view = new DataView(host.memory.view(0, 8).buffer)
    for (const clock of [0, 1]) {
      expect(call.clock_time_get?.(clock, 1n, 0)).toBe(0)
      expect(view.getBigUint64(0, true) % 1_000_000n).toBe(0n)
    }
    for (const clock of [2, 3, -1]) expect(call.clock_time_get?.(clock, 1n, 0)).toBe(28)
  })
})
