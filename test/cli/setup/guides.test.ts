import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ifab } from '../console.js'
import { shellWords } from '../shell-words.js'

const previous = process.cwd()
let place: string

beforeEach(async () => {
  place = await realpath(await mkdtemp(join(tmpdir(), 'ifab-guide-')))
  await mkdir(join(place, 'project/.git'), { recursive: true })
  await mkdir(join(place, 'bin'))
  await writeFile(join(place, 'bin/ifab'), '', { mode: 0o755 })
  process.chdir(join(place, 'project'))
})
afterEach(async () => {
  process.chdir(previous)
  await rm(place, { recursive: true })
})

const read = (name: string) =>
  readFile(fileURLToPath(new URL(`../../../docs/guide/${name}.md`, import.meta.url)), 'utf8')

test.each(['claude-code', 'codex', 'cursor'])('the commands of the quick start %s do what it says', async (name) => {
  const guide = await read(name)
  const steps = [...guide.matchAll(/^```console\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
    block.split(/^\$ /m).slice(1),
  )
  expect(steps).toHaveLength(4)
  for (const step of steps) {
    const [line = '', ...shown] = step.trimEnd().split('\n')
    const { out, err } = await ifab({ PATH: join(place, 'bin') }, ...shellWords(line).slice(1))
    const said = (out + err).trimEnd().replaceAll(join(place, 'project'), '/home/you/project')
    expect(`${line}\n${said}`).toBe(`${line}\n${shown.join('\n')}`)
    if (line === 'ifab setup codex') expect(guide).toContain(await readFile('.codex/config.toml', 'utf8'))
  }
})
