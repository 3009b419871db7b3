import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { moduleDigest } from '../../src/chassis/admission/admit.js'
import { JAIL_LEVELS } from '../../src/chassis/jail/levels.js'
import { NoteSigner } from '../../src/witness/note/signer.js'
import { ECHO } from '../chassis/support/sample-modules.js'
import { module } from '../chassis/support/text.js'
import { ifab, temporaryDirectory } from './console.js'
import { program } from './program-run.js'

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const at = (name: string) => join(directory, name)

/** Writes a module and its contract. */
async function write(fields: string, { limits = '{}', hosts = '[]' } = {}) {
  const bytes = module(fields)
  await writeFile(at('tool.wasm'), bytes)
  const text = `swarm: alice\nversion: 1.2.3\nlimits: ${limits}\nhosts: ${hosts}\nmodule: { path: tool.wasm, sha256: "${moduleDigest(bytes)}" }\n`
  await writeFile(at('contract.yaml'), text)
}

/** Writes both, and runs the module. */
async function run(fields: string, { limits = '{}', options = [] as readonly string[], hosts = '[]' } = {}) {
  await write(fields, { limits, hosts })
  return ifab({}, 'chassis', 'run', at('tool.wasm'), '--contract', at('contract.yaml'), ...options)
}

const GIVES = (code: number) => `(memory (export "memory") 1) (func (export "run") (result i32) (i32.const ${code}))`

describe('ifab chassis run', () => {
  test('shows the output of a module, what it logged and what it used', async () => {
    await writeFile(at('in.json'), '{"words":3}\n')
    const { exit, out, err } = await run(ECHO, { options: ['--input', at('in.json')] })
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    const lines = out.trimEnd().split('\n')
    expect(lines[0]).toBe('End         completed')
    expect(lines[1]).toMatch(/^Fuel {8}\d+ of 1,000,000,000$/)
    expect(lines[2]).toBe('Memory      262,144 of 268,435,456 bytes')
    expect(lines[3]).toMatch(/^Time {8}\d+ ms, \d+ ms of processor time$/)
    expect(lines[4]).toBe('Host calls  1 log line, 0 requests')
    expect(JAIL_LEVELS).toContain(lines[5]?.replace('Jail        ', ''))
    expect(lines.slice(6)).toEqual(['', 'info: hello', '', '{"words":3}'])
  })

  test('uses the same fuel each time, and says all of it as JSON', async () => {
    const first = JSON.parse((await run(ECHO, { options: ['--json'] })).out)
    const second = JSON.parse((await run(ECHO, { options: ['--json'] })).out)
    expect(second.fuel).toBe(first.fuel)
    expect(first).toMatchObject({
      end: 'completed',
      code: 0,
      output: '',
      hostCalls: 1,
      log: [{ level: 'info', text: 'hello' }],
    })
  })

  test('writes an output that is no text into a file', async () => {
    await writeFile(at('in.bin'), Buffer.from([0xff, 0, 1]))
    const shown = await run(ECHO, { options: ['--input', at('in.bin')] })
    expect(shown.out).toContain('3 bytes that are no text: take them with --output FILE.')
    const written = await run(ECHO, { options: ['--input', at('in.bin'), '--output', at('out.bin')] })
    expect(written.out).toContain(`Output      3 bytes in ${at('out.bin')}`)
    expect(await readFile(at('out.bin'))).toEqual(Buffer.from([0xff, 0, 1]))
  })

  test.each([
    ['says that it failed', GIVES(3), {}, 'failed, code 3'],
    ['traps', '(memory (export "memory") 1) (func (export "run") (result i32) (unreachable))', {}, 'trap'],
    [
      'never ends',
      '(memory (export "memory") 1) (func (export "run") (result i32) (loop $l (br $l)) (i32.const 0))',
      { limits: '{ fuel: 1_000_000 }' },
      'fuel',
    ],
  ])('exits with 10 for a module that %s', async (_what, fields, options, end) => {
    const { exit, out } = await run(fields, options)
    expect(exit).toBe(10)
    expect(out.split('\n')[0]).toMatch(new RegExp(`^End +${end}`))
  })

  test('refuses what a contract is not for, and what nobody trusted has signed', async () => {
    await run(GIVES(0))
    await writeFile(at('tool.wasm'), module(GIVES(1)))
    const call = (...options: readonly string[]) =>
      ifab({}, 'chassis', 'run', at('tool.wasm'), '--contract', at('contract.yaml'), ...options)
    expect(await call()).toMatchObject({ exit: 5, err: expect.stringContaining('the contract is for') })
    const { vkey } = NoteSigner.generate('release')
    expect(await call('--key', vkey)).toMatchObject({ exit: 5, err: expect.stringContaining('is not signed') })
  })

  test('refuses requests unless the hosts of the contract are allowed, and then those that are not public', async () => {
    const request = JSON.stringify({ method: 'GET', url: 'http://localhost/', headers: {} }).replaceAll('"', '\\"')
    const fields = `
      (import "ifab" "http_request" (func $http (param i32 i32) (result i32)))
      (import "ifab" "response_length" (func $length (result i32)))
      (import "ifab" "read_response" (func $read (param i32 i32 i32) (result i32)))
      (import "ifab" "write_output" (func $write (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "${request}")
      (func (export "run") (result i32)
        (drop (call $http (i32.const 0) (i32.const ${request.replaceAll('\\', '').length})))
        (drop (call $read (i32.const 4096) (i32.const 0) (call $length)))
        (call $write (i32.const 4096) (call $length)))`
    const hosts = '[{ host: localhost, scheme: http }]'
    const refused = await run(fields, { hosts, options: ['--json'] })
    expect(JSON.parse(JSON.parse(refused.out).output)).toMatchObject({ error: { code: 'NOT_ALLOWED' } })
    const inside = await run(fields, { hosts, options: ['--json', '--allow-hosts'] })
    // What a name server says of the name, if there is one, differs; an address inside it is in any case.
    const { error } = JSON.parse(JSON.parse(inside.out).output)
    expect(['ADDRESS_REFUSED', 'UNREACHABLE']).toContain(error.code)
    expect(JSON.parse(inside.out).calls.refusals).toEqual({ [error.code]: 1 })
  })

  test('says that a file is not there', async () => {
    await run(GIVES(0))
    const { exit, err } = await ifab({}, 'chassis', 'run', at('none.wasm'), '--contract', at('contract.yaml'))
    expect({ exit, err }).toEqual({
      exit: 2,
      err: expect.stringContaining(`Cannot read ${at('none.wasm')}: there is no such file`),
    })
  })
})

describe('a process of its own', () => {
  const CALL = () => ['chassis', 'run', at('tool.wasm'), '--contract', at('contract.yaml')]

  test.each([
    [0, 'completed'],
    [3, 'failed, code 3'],
  ])('that runs a module which gives %i prints its report, and exits by it', async (code, end) => {
    await write(GIVES(code))
    const { exit, out, err } = await program({}, ...CALL())
    expect({ exit, err }).toEqual({ exit: code === 0 ? 0 : 10, err: '' })
    expect(out).toMatch(new RegExp(`^End +${end}[^]*\nJail +\\w+\n`))
  })

  test('that admits a module prints what it finds', async () => {
    await write(GIVES(0))
    const { exit, out } = await program({}, '--json', 'chassis', 'inspect', at('tool.wasm'))
    expect([exit, JSON.parse(out).verdict.admitted]).toEqual([0, true])
  })
})
