import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admitModule } from '../../../src/chassis/admission/admit.js'
import { RUN_CODES } from '../../../src/chassis/build/guest/interface.js'
import { HOST_OPERATIONS } from '../../../src/chassis/child/host-operations.js'
import { readContract } from '../../../src/chassis/contract/read-contract.js'
import { built, callBaked } from '../support/baked.js'

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const guide = await readFile(file('docs/guide/modules.md'), 'utf8')
const reference = await readFile(file('docs/reference/chassis.md'), 'utf8')
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text)

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ifab-guide-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe('the guide to modules', () => {
  test('has a tool in TypeScript that does what it says', async () => {
    const { bytes } = await built(blocks('ts')[0] ?? '')
    const orders = [
      { item: 'nut', pieces: 2 },
      { item: 'bolt', pieces: 1 },
      { item: 'nut', pieces: 3 },
    ]
    expect(callBaked(bytes, orders)).toMatchObject({
      code: 0,
      output: '{"nut":5,"bolt":1}',
      log: ['2 2 different items'],
    })
  })

  test('has a contract that is read', () => {
    const { contract } = readContract('contract.yaml', blocks('yaml')[0] ?? '')
    expect(contract).toMatchObject({ profile: 'typescript', hosts: [{ host: 'api.example.com', port: 443 }] })
  })

  test('has a module in AssemblyScript that is admitted, built as it says', async () => {
    const command = lineOf('npx asc')
    await writeFile(join(directory, 'tool.ts'), blocks('ts')[1] ?? '')
    await writeFile(join(directory, 'ifab.ts'), await readFile(file('examples/modules/assemblyscript/ifab.ts')))
    const asc = file('node_modules/assemblyscript/bin/asc.js')
    execFileSync(process.execPath, [asc, ...command.split(' ').slice(2)], { cwd: directory })
    await admitModule(await readFile(join(directory, 'tool.wasm')))
  })

  test('has a module in C that is admitted, built as it says', async () => {
    await writeFile(join(directory, 'tool.c'), blocks('c')[0] ?? '')
    await writeFile(join(directory, 'ifab.h'), await readFile(file('examples/modules/c/ifab.h')))
    const [compiler = '', ...words] = lineOf('clang ').split(' ')
    try {
      execFileSync(compiler, words, { cwd: directory })
    } catch (cause) {
      throw new Error('This needs clang and lld. Install both: apt-get install clang lld', { cause })
    }
    await admitModule(await readFile(join(directory, 'tool.wasm')))
  })
})

function lineOf(start: string): string {
  return (
    blocks('sh')
      .join('')
      .split('\n')
      .find((line) => line.startsWith(start)) ?? ''
  )
}

describe('the reference of modules in TypeScript', () => {
  const rows = (heading: string) =>
    (reference.split(`${heading}\n`)[1]?.split('\n\n')[0] ?? '')
      .split('\n')
      .slice(1)
      .map((line) => line.split(' | ').map((cell) => cell.replace(/[|\s`]/g, '')))

  test('has the operations of host_call by their numbers', () => {
    const documented = rows('| operation | function | value | pointer and length |')
    expect(documented.map(([number, name]) => [Number(number), name])).toEqual(
      HOST_OPERATIONS.map((name, number) => [number, name]),
    )
  })

  test('has what run gives', () => {
    const documented = rows('| code | what happened |').map(([code]) => Number(code))
    expect(documented).toEqual(Object.values(RUN_CODES))
  })
})
