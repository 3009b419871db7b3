import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { moduleDigest } from '../../src/chassis/admission/admit.js'
import { readContract } from '../../src/chassis/contract/read-contract.js'
import { ifab, temporaryDirectory } from './console.js'

let directory: string
const path = (name: string) => join(directory, name)
const text = (name: string) => readFile(path(name), 'utf8')
const chassis = (...words: readonly string[]) => ifab({}, 'chassis', ...words)

const CONTRACT = `# The tool of alice.
swarm: alice # who it works for
version: 1.2.3
profile: typescript
module:
  path: old.wasm
  sha256: ${'ab'.repeat(32)} # of the file
limits:
  table_elements: 100_000

# Nothing else.
hosts: []
`

beforeEach(async () => {
  directory = await temporaryDirectory()
  await writeFile(path('tool.ts'), 'export default (input: { name: string }) => ["Hello", input.name]\n')
  await writeFile(path('contract.yaml'), CONTRACT)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('ifab chassis build', () => {
  test('makes a module beside the tool that inspect admits', async () => {
    const { exit, out, err } = await chassis('build', path('tool.ts'))
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    const digest = moduleDigest(await readFile(path('tool.wasm')))
    expect(out).toMatch(new RegExp(`^${path('tool.wasm')} has [\\d,]+ bytes, and the SHA-256 ${digest}.\n$`))
    expect((await chassis('inspect', path('tool.wasm'), '--profile', 'typescript')).exit).toBe(0)
  })

  test('writes path and digest into the contract, and nothing else', async () => {
    const { out } = await chassis(
      'build',
      path('tool.ts'),
      '--out',
      path('built/it.wasm'),
      '--contract',
      path('contract.yaml'),
    )
    expect(out).toContain(`${path('contract.yaml')} is for it now.\n`)
    const digest = moduleDigest(await readFile(path('built/it.wasm')))
    const expected = CONTRACT.replace('old.wasm', 'built/it.wasm').replace('ab'.repeat(32), digest)
    expect(await text('contract.yaml')).toBe(expected)
  })

  test('takes a signature out that is not of the new module, and leaves one that is', async () => {
    await chassis('keygen', 'release', '--out', path('key'))
    const build = () => chassis('build', path('tool.ts'), '--contract', path('contract.yaml'))
    await build()
    await chassis('sign', path('contract.yaml'), '--key', path('key'))
    const signed = await text('contract.yaml')
    expect((await build()).out).not.toContain('Sign it again.')
    expect(await text('contract.yaml')).toBe(signed)
    await writeFile(path('tool.ts'), 'export default () => 2\n')
    expect((await build()).out).toContain('is for it now. Sign it again.')
    expect(await text('contract.yaml')).not.toContain('signature')
  })

  test('answers in JSON, with what there is to warn of', async () => {
    await writeFile(path('tool.ts'), 'const now = Date.now()\nexport default () => now\n')
    const { out } = await chassis('build', path('tool.ts'), '--json')
    expect(JSON.parse(out)).toMatchObject({ file: path('tool.wasm'), warnings: [expect.stringContaining('the clock')] })
    expect((await chassis('build', path('tool.ts'))).out).toMatch(/^warning: The tool reads the clock/)
  })

  test('says where a source is wrong, and writes nothing', async () => {
    await writeFile(path('tool.ts'), '\nimport "node:fs"\n')
    const { exit, out, err } = await chassis('build', path('tool.ts'))
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(err).toContain(`${path('tool.ts')}:2: error: It imports node:fs, a part of Node.js`)
    await expect(stat(path('tool.wasm'))).rejects.toThrow('ENOENT')
    expect((await chassis('build', path('none.ts'))).err).toContain('there is no such file')
  })

  test('wants the module in the directory of its contract', async () => {
    const out = join(directory, '..', 'elsewhere.wasm')
    const { exit, err } = await chassis('build', path('tool.ts'), '--out', out, '--contract', path('contract.yaml'))
    await rm(out, { force: true })
    expect(exit).toBe(2)
    expect(err).toContain('Put the module beside its contract.')
  })
})

describe('ifab chassis keygen and sign', () => {
  test('make a key that only its owner can read, and never write over one', async () => {
    const { out } = await chassis('keygen', 'release', '--out', path('key'), '--json')
    const { vkey } = JSON.parse(out)
    expect(vkey).toMatch(/^release\+[0-9a-f]{8}\+/)
    expect((await stat(path('key'))).mode & 0o777).toBe(0o600)
    const secret = await text('key')
    expect(out).not.toContain(secret.trim().split('+').slice(4).join('+'))
    const again = await chassis('keygen', 'release', '--out', path('key'))
    expect(again.err).toContain('is there already')
    expect(await text('key')).toBe(secret)
    expect((await chassis('keygen', 'two words', '--out', path('other'))).exit).toBe(2)
  })

  test('write a signature that holds, and leave comments where they are', async () => {
    const { vkey } = JSON.parse((await chassis('keygen', 'release', '--out', path('key'), '--json')).out)
    await chassis('build', path('tool.ts'), '--contract', path('contract.yaml'))
    const before = await text('contract.yaml')
    const { exit, out } = await chassis('sign', path('contract.yaml'), '--key', path('key'))
    expect({ exit, out }).toEqual({ exit: 0, out: `${path('contract.yaml')} is signed by ${vkey.slice(0, 16)}.\n` })
    expect((await text('contract.yaml')).startsWith(before)).toBe(true)
    const inspected = ['inspect', path('tool.wasm'), '--contract', path('contract.yaml'), '--key', vkey]
    expect((await chassis(...inspected)).exit).toBe(0)
    await writeFile(path('contract.yaml'), (await text('contract.yaml')).replace('1.2.3', '1.2.4'))
    expect((await chassis(...inspected)).exit).toBe(5)
    await chassis('sign', path('contract.yaml'), '--key', path('key'))
    expect((await chassis(...inspected)).exit).toBe(0)
    expect((await text('contract.yaml')).match(/signature/g)).toHaveLength(1)
  })

  test('sign for another module only when they are asked to', async () => {
    await chassis('keygen', 'release', '--out', path('key'))
    await chassis('build', path('tool.ts'), '--out', path('old.wasm'))
    const words = ['sign', path('contract.yaml'), '--key', path('key')]
    const refused = await chassis(...words)
    expect(refused.exit).toBe(2)
    expect(refused.err).toContain('Repeat with --module to sign for that file.')
    expect(await text('contract.yaml')).toBe(CONTRACT)
    expect((await chassis(...words, '--module', path('old.wasm'))).exit).toBe(0)
    const { contract, signature } = readContract('contract.yaml', await text('contract.yaml'))
    expect(contract.module.sha256).toBe(moduleDigest(await readFile(path('old.wasm'))))
    expect(signature).toBeDefined()
  })

  test('take no key that others can read, that is none, or that is not there', async () => {
    await chassis('keygen', 'release', '--out', path('key'))
    const words = ['sign', path('contract.yaml'), '--key']
    await writeFile(path('open'), await text('key'), { mode: 0o644 })
    expect((await chassis(...words, path('open'))).err).toContain('Others can read the key')
    await writeFile(path('other'), 'no key\n', { mode: 0o600 })
    const { err } = await chassis(...words, path('other'))
    expect(err).toContain('This is not a signer key')
    expect(err).not.toContain('no key\n')
    expect((await chassis(...words, path('none'))).err).toContain('there is no such file')
    expect(await text('contract.yaml')).toBe(CONTRACT)
  })
})
