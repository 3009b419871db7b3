import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MISTAKES, WORKER } from './consumer.js'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

let project = ''

/** A project of a user that has installed the package as it would be published. `npm test` has built it. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'infrafabric-consumer-'))
  const installed = join(project, 'node_modules/infrafabric')
  await mkdir(installed, { recursive: true })
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', project]
  const [packed] = JSON.parse((await run('npm', args, { cwd: ROOT })).stdout) as { filename: string }[]
  await run('tar', ['-xzf', join(project, packed?.filename ?? ''), '-C', installed, '--strip-components=1'])
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
  for (const name of [...Object.keys(dependencies), '@types/node']) await install(name)
  await writeFile(join(project, 'worker.ts'), WORKER)
  await writeFile(join(project, 'mistakes.ts'), MISTAKES)
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
}, 120_000)
afterAll(() => rm(project, { recursive: true, force: true }))

async function install(name: string): Promise<void> {
  const link = join(project, 'node_modules', name)
  await mkdir(dirname(link), { recursive: true })
  await symlink(join(ROOT, 'node_modules', name), link)
}

/** Where the strictest compiler finds something wrong in what the user wrote. */
async function complaints(options: Record<string, unknown>): Promise<string[]> {
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, target: 'ES2023' }
  const config = { compilerOptions: { ...strict, ...options }, files: ['worker.ts', 'mistakes.ts'] }
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config))
  const compile = run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: project })
  const said = await compile.then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
  return said.match(/^\S+\(\d+/gm) ?? []
}

const NODE = { module: 'NodeNext', moduleResolution: 'NodeNext' }
const BUNDLER = { module: 'ESNext', moduleResolution: 'bundler' }

describe('the published package', () => {
  test.each([
    ['Node', { ...NODE, types: ['node'], lib: ['ES2023'] }],
    ['a bundler', { ...BUNDLER, types: ['node'], lib: ['ES2023'] }],
    ['a browser', { ...BUNDLER, types: [], lib: ['ES2023', 'DOM'], customConditions: ['browser'] }],
  ])('has types for a user with %s that fit, and refuse mistakes', async (_, options) => {
    expect(await complaints(options)).toEqual(['mistakes.ts(5', 'mistakes.ts(7', 'mistakes.ts(9'])
  })

  test('is found by Node, with what only Node has', async () => {
    const script = "console.log(Object.keys(await import('infrafabric')).sort().join(' '))"
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project })
    expect(stdout).toContain('connect connectLocal discover')
  })

  test('is bundled for a browser without what only Node has', async () => {
    const bundle = (platform: 'browser' | 'node') =>
      build({
        stdin: { contents: "export * from 'infrafabric'", resolveDir: project },
        bundle: true,
        format: 'esm',
        platform,
        metafile: true,
        write: false,
        logLevel: 'silent',
      })
    const { metafile } = await bundle('browser')
    const [output] = Object.values(metafile.outputs)
    expect(output?.exports).toEqual(expect.arrayContaining(['connect', 'parseBoard', 'isFabricError']))
    expect(output?.exports).not.toContain('connectLocal')
    expect(output?.imports).toEqual([])
    const node = Object.values((await bundle('node')).metafile.outputs)[0]
    expect(node?.imports.map(({ path }) => path)).toContain('node:http')
  })
})
