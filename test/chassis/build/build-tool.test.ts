import { describe, expect, test } from 'vitest'
import { admitModule } from '../../../src/chassis/admission/admit.js'
import { capsOf } from '../../../src/chassis/admission/caps.js'
import { HOST_FUNCTIONS } from '../../../src/chassis/admission/imports.js'
import { buildTool } from '../../../src/chassis/build/build-tool.js'
import { ModuleParser } from '../../../src/chassis/wasm/parse-module.js'
import { isFabricError } from '../../../src/model/errors.js'
import { built, inDirectory, type Sources } from '../support/baked.js'

const SUM = `import { add } from './parts/add.js'\nexport default (input: number[]) => input.reduce(add, 0)\n`
const ADD = 'export const add = (left: number, right: number): number => left + right\n'
const sources = { 'tool.ts': SUM, 'parts/add.ts': ADD }

describe('a module that is built', () => {
  test('imports the twelve functions of its profile and exports its memory and run', async () => {
    const { bytes, warnings } = await built(sources)
    const module = new ModuleParser(bytes, capsOf('typescript')).parse()
    const imports = module.imports.map(({ module: space, name }) => `${space}.${name}`)
    expect(imports.sort()).toEqual(Object.keys(HOST_FUNCTIONS.typescript).sort())
    expect(module.exports.map(({ name, kind }) => `${name} ${kind}`)).toEqual(['memory memory', 'run function'])
    expect(warnings).toEqual([])
  })

  test('is admitted', async () => {
    const { bytes } = await built(sources)
    const { metered } = await admitModule(bytes, { profile: 'typescript' })
    expect(metered.length).toBeGreaterThan(bytes.length)
  })

  test('has the same bytes for the same sources, wherever they lie, and others for others', async () => {
    const [first, second] = [await built(sources), await built(sources)]
    expect(Buffer.compare(first.bytes, second.bytes)).toBe(0)
    const other = await built({ ...sources, 'parts/add.ts': ADD.replace('+', '-') })
    expect(Buffer.compare(first.bytes, other.bytes)).not.toBe(0)
  })

  test('holds nothing of what only its sources have: comments, paths', async () => {
    const { bytes } = await inDirectory({ 'tool.ts': `// a remark of mine\n${SUM}`, 'parts/add.ts': ADD }, buildTool)
    const text = Buffer.from(bytes).toString('latin1')
    expect(text).not.toContain('a remark of mine')
    expect(text).not.toContain('ifab-tool-')
  })

  test('says when what the tool keeps is the same in every call', async () => {
    const { warnings } = await built('const begun = Date.now() + Math.random()\nexport default () => begun')
    expect(warnings).toEqual([expect.stringContaining('The tool reads the clock and randomness while it is loaded;')])
    expect((await built('export default () => Date.now() + Math.random()')).warnings).toEqual([])
  })

  test('takes what libraries have for any host, not for browsers', async () => {
    const exported = { '.': { browser: './browser.js', node: './node.js', default: './plain.js' } }
    const library = {
      'node_modules/lib/package.json': JSON.stringify({ name: 'lib', type: 'module', exports: exported }),
      'node_modules/lib/browser.js': 'export const it = document.title',
      'node_modules/lib/node.js': 'import fs from "node:fs"\nexport const it = fs',
      'node_modules/lib/plain.js': 'export const it = "plain"',
    }
    await built({ 'tool.ts': `import { it } from 'lib'\nexport default () => it`, ...library })
  })
})

describe('a tool that cannot be built', () => {
  const endless = 'const again = () => Promise.resolve().then(again)\nagain()\nexport default () => 1'
  test.each<[string, string | Sources, string]>([
    ['broken syntax', 'export default () => {\n  const = 1\n}', 'tool.ts:2: Expected identifier but found "="'],
    [
      'a file that is not there',
      "import './missing.js'\nexport default () => 1",
      'tool.ts:1: Could not resolve "./missing.js"',
    ],
    [
      'a module of Node.js',
      "\nimport { readFileSync } from 'node:fs'\nexport default readFileSync",
      'tool.ts:2: It imports node:fs, a part of Node.js',
    ],
    [
      'the same without its prefix',
      "import fs from 'fs'\nexport default () => fs",
      'tool.ts:1: It imports fs, a part of Node.js',
    ],
    ['no default export', 'export const tool = () => 1', 'tool.ts:1: It has no default export that is a function'],
    [
      'a default export that is no function',
      'export default { run: () => 1 }',
      'It has no default export that is a function',
    ],
    [
      'something thrown',
      '\nconst fail = () => {\n  throw new TypeError("no luck")\n}\nfail()\nexport default fail',
      'tool.ts:3: While the tool was loaded, it threw TypeError: no luck.',
    ],
    [
      'something thrown in what it imports',
      { 'tool.ts': "import './parts/bad.js'\nexport default () => 1", 'parts/bad.ts': '\n\nnull!.x' },
      'parts/bad.ts:3: While the tool was loaded, it threw TypeError',
    ],
    ['something thrown that is no error', 'throw "so"\nexport default () => 1', 'it threw so.'],
    ['top-level await', 'await 1\nexport default () => 1', 'tool.ts:1: It awaits outside of functions'],
    ['an endless loop', 'while (true) {}\nexport default () => 1', 'It does not come to an end while it is loaded'],
    ['endless jobs', endless, 'It does not come to an end while it is loaded'],
    [
      'more memory than there is',
      'const all: unknown[] = []\nfor (;;) all.push(new Uint8Array(1e6))\nexport default () => all',
      'out of memory',
    ],
    [
      'more than fits a module',
      'const all = new Uint8Array(18e6).fill(1)\nexport default () => all',
      'The module has 18',
    ],
    [
      'a bundle that is too large',
      `export const text = '${'x'.repeat(4 * 1024 * 1024)}'\nexport default () => text`,
      'The tool with all that it imports has 41',
    ],
  ])('is refused with the place: %s', async (_, given, message) => {
    const error = await built(given).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (!isFabricError(error, 'INVALID_ARGUMENT')) throw error
    expect(error.message).toContain(message)
    expect(error.message).not.toMatch(/\n| {4}at /)
    expect(error.details.problems).toHaveLength(1)
  })

  test('tells all that is wrong', async () => {
    const bad = "import 'node:net'\nimport './nothing.js'\nexport default () => 1"
    const error = await built(bad).catch((reason: unknown) => reason)
    if (!isFabricError(error, 'INVALID_ARGUMENT')) throw error
    expect((error.details.problems as { line: number }[]).map(({ line }) => line)).toEqual([1, 2])
  })
})
