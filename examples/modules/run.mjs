/**
 * Builds the same kind of module in TypeScript, AssemblyScript and C, signs its contract, examines it as admission does, runs it
 * in the sandbox, and exits with 1 when the output is not the one that is expected. C needs `clang` and `lld`.
 *
 *   npm run build && node examples/modules/run.mjs
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

/** Each makes `tool.wasm` in the directory. */
const EXAMPLES = {
  typescript: {
    input: 'input.json',
    output: 'output.json',
    build: (directory) => ifab('chassis', 'build', here('typescript/tool.ts'), '--out', join(directory, 'tool.wasm')),
  },
  assemblyscript: {
    input: 'input.txt',
    output: 'output.json',
    build: (directory) =>
      run(process.execPath, [
        here('../../node_modules/assemblyscript/bin/asc.js'),
        here('assemblyscript/tool.ts'),
        ...['--outFile', join(directory, 'tool.wasm'), '--optimize'],
        // Without it, a failed check would import a function to report itself; so it traps.
        ...['--use', 'abort='],
      ]),
  },
  c: {
    input: 'input.txt',
    output: 'output.txt',
    build: (directory) =>
      run('clang', [
        ...['--target=wasm32', '-O2', '-Wall', '-Wextra', '-Werror'],
        // There is no C library, and so nothing that would fill and copy memory but the instructions themselves.
        ...['-nostdlib', '-mbulk-memory', '-Wl,--no-entry'],
        ...['-o', join(directory, 'tool.wasm'), here('c/tool.c')],
      ]),
  },
}

const directory = mkdtempSync(join(tmpdir(), 'infrafabric-modules-'))
try {
  const key = join(directory, 'release.key')
  const { vkey } = JSON.parse(ifab('chassis', 'keygen', 'release', '--out', key, '--json'))
  for (const [name, example] of Object.entries(EXAMPLES)) tryExample(name, example, { key, vkey })
} finally {
  rmSync(directory, { recursive: true, force: true })
}

function tryExample(name, { input, output, build }, { key, vkey }) {
  const place = join(directory, name)
  cpSync(here(name), place, { recursive: true })
  build(place)
  const [module, contract] = ['tool.wasm', 'contract.yaml'].map((file) => join(place, file))
  ifab('chassis', 'sign', contract, '--key', key, '--module', module)
  ifab('chassis', 'inspect', module, '--contract', contract, '--key', vkey)
  const result = join(place, 'result')
  const given = ['--contract', contract, '--input', join(place, input), '--key', vkey]
  const { fuel } = JSON.parse(ifab('chassis', 'run', module, ...given, '--output', result, '--json'))
  const [found, expected] = [result, join(place, output)].map((file) => readFileSync(file, 'utf8'))
  const read = output.endsWith('.json') ? JSON.parse : String
  assert.deepEqual(read(found), read(expected), `the output of ${name}`)
  const bytes = readFileSync(module).length.toLocaleString('en-US')
  console.log(`${name}: ${bytes} bytes, ${fuel.toLocaleString('en-US')} fuel, and the output that is expected`)
}

function ifab(...words) {
  return run(process.execPath, [here('../../dist/cli/main.js'), ...words])
}

/** What a program prints; it must end well. */
function run(program, words) {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8', cwd: directory })
  if (error !== undefined) throw error
  assert.equal(status, 0, `${program} ${words.join(' ')}\n${stdout}${stderr}`)
  return stdout
}
