import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { moduleDigest } from '../../src/chassis/admission/admit.js'
import { readContract } from '../../src/chassis/contract/read-contract.js'
import { signContract } from '../../src/chassis/contract/sign-contract.js'
import { NoteSigner } from '../../src/witness/note/signer.js'
import { module } from '../chassis/support/text.js'
import { ifab, temporaryDirectory } from './console.js'

let directory: string
let tool: string
let contract: string

const bytes = module('(memory 2) (func (export "run") (param i32) (result i32) (local.get 0))')
const signer = NoteSigner.generate('release')
const contractText = (limits = '{}', digest = moduleDigest(bytes)) =>
  `swarm: alice\nversion: 1.2.3\nlimits: ${limits}\nmodule: { path: tool.wasm, sha256: ${digest} }\n`

beforeEach(async () => {
  directory = await temporaryDirectory()
  tool = join(directory, 'tool.wasm')
  contract = join(directory, 'contract.yaml')
  await writeFile(tool, bytes)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const inspect = (...options: readonly string[]) => ifab({}, 'chassis', 'inspect', tool, ...options)

describe('ifab chassis inspect', () => {
  test('tells what a good module is, and that it is admitted', async () => {
    const { exit, out, err } = await inspect()
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    const lines = out.trimEnd().split('\n')
    expect(lines[1]).toBe(`SHA-256  ${moduleDigest(bytes)}`)
    expect(lines[2]).toMatch(new RegExp(`^Size {5}${bytes.length} bytes, \\d+ with its fuel$`))
    expect(lines).toContain('Memory   2 pages, without a maximum')
    expect(lines).toContain('Exports  run (function)')
    expect(lines.find((line) => line.startsWith('branch targets'))).toMatch(/ 0 +20,000$/)
    expect(lines.at(-1)).toBe(`${tool} is admitted.`)
  })

  test('says why a module is refused, and what to do, with the exit code of refusals', async () => {
    await writeFile(tool, module('(import "env" "exec" (func (param i32)))'))
    const { exit, out } = await inspect()
    expect(exit).toBe(5)
    expect(out).toContain('Imports  env.exec (i32) -> ()')
    expect(out.trimEnd().split('\n').at(-1)).toBe(
      'The module is refused: it imports the function "env.exec", which profile core does not have. ' +
        'Build it without that import: a module may only import what the chassis reference lists.',
    )
  })

  test('lists no more exports than fit on a screen', async () => {
    const functions = Array.from({ length: 23 }, (_, index) => `(func (export "f${index}"))`)
    await writeFile(tool, module('(table 5 7 externref)', ...functions))
    const { out } = await inspect()
    expect(out).toContain('Tables   5 elements of externref, at most 7\n')
    expect(out).toContain('         f19 (function)\n         and 3 more\n')
    expect(JSON.parse((await inspect('--json')).out).exports).toHaveLength(23)
  })

  test('answers in JSON', async () => {
    await writeFile(tool, 'no module at all')
    const { exit, out } = await inspect('--json')
    expect(exit).toBe(5)
    expect(JSON.parse(out)).toMatchObject({
      file: tool,
      bytes: 16,
      counts: expect.arrayContaining([{ cap: 'bytes', name: 'bytes', found: 16, limit: 16 * 1024 * 1024 }]),
      verdict: { admitted: false, reason: 'malformed' },
    })
  })

  test('holds a module to the limits of its contract', async () => {
    await writeFile(contract, contractText('{ memory: 64KiB }'))
    const { exit, out } = await inspect('--contract', contract)
    expect(exit).toBe(5)
    expect(out).toContain('its memory begins with 2 pages, and 1 are allowed')
    await writeFile(contract, contractText('{ memory: 128KiB }'))
    expect((await inspect('--contract', contract)).exit).toBe(0)
  })

  test('judges the contract: its signature by the given keys, and its digest', async () => {
    await writeFile(contract, contractText())
    const unsigned = await inspect('--contract', contract)
    expect(unsigned.exit).toBe(0)
    expect(unsigned.out).toContain('warning: unsigned: The contract is not signed.')
    expect((await inspect('--contract', contract, '--key', signer.vkey)).exit).toBe(5)
    const { key, value } = signContract(readContract('contract.yaml', contractText()).contract, signer)
    const signature = `signature: { key: ${key}, value: ${value} }\n`
    await writeFile(contract, contractText() + signature)
    const signed = await inspect('--contract', contract, '--key', signer.vkey)
    expect(signed.exit).toBe(0)
    expect(signed.out).toContain(`Contract of alice, version 1.2.3, signed by ${key}.`)
    await writeFile(contract, contractText('{}', 'ab'.repeat(32)) + signature)
    const changed = await inspect('--contract', contract, '--key', signer.vkey, '--json')
    expect(changed.exit).toBe(5)
    const { findings } = JSON.parse(changed.out).contract
    expect(findings.map(({ fault }: { fault: string }) => fault)).toEqual(['tampered', 'digest_mismatch'])
  })

  test('says which line of a contract is wrong, and that a file is not there', async () => {
    await writeFile(contract, contractText('{ fule: 3 }'))
    const wrong = await inspect('--contract', contract)
    expect(wrong.exit).toBe(2)
    expect(wrong.err).toContain('contract.yaml:3: error: limits.fule is no key that is known here. Did you mean fuel?')
    await rm(tool)
    const missing = await inspect()
    expect({ exit: missing.exit, out: missing.out }).toEqual({ exit: 2, out: '' })
    expect(missing.err).toContain('there is no such file')
  })

  test('takes the profile of the contract, or the one that is given', async () => {
    await writeFile(tool, module('(import "env" "host_interrupt" (func (result i32)))'))
    expect((await inspect()).exit).toBe(5)
    expect((await inspect('--profile', 'typescript')).exit).toBe(0)
    expect((await inspect('--profile', 'rust')).exit).toBe(2)
  })
})
