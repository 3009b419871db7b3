import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../../src/cli/run.js'
import { writeExport } from '../../src/cli/user-file.js'
import type { OutputOf } from '../../src/operations/table.js'
import { ifab, openSite, RecordingTerminal, type Site } from './console.js'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site[Symbol.asyncDispose]())

function board(prefix: string, second = 'Build'): string {
  return `| ID | Task | Dependencies |\n| --- | --- | --- |\n| ${prefix}1 | Plan | None |\n| ${prefix}2 | ${second} | ${prefix}1 |\n`
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(site.directory, name)
  await writeFile(path, content)
  return path
}

test('import takes a board over, a dry run only says so, and the file names the board', async () => {
  const path = await file('Phase 0.md', board('I'))
  const dry = await site.run('board', 'import', path, '--dry-run')
  expect(dry).toBe('create I1\ncreate I2\nWould import board Phase-0: 2 created.\nNext: the same without --dry-run\n')
  expect(await site.run('task', 'list', '--board', 'Phase-0')).toBe('No such tasks.\n')
  expect(await site.run('board', 'import', path)).toBe('Imported board Phase-0: 2 created.\nNext: ifab ready\n')
  await file('Phase 0.md', board('I', 'Build it'))
  const report = await site.json<OutputOf<'board', 'import'>>('board', 'import', path)
  expect(report).toMatchObject({ board: 'Phase-0', dryRun: false })
  expect(report.changes).toContainEqual({ task: 'I2', action: 'update', fields: ['title'] })
  await file('Phase 0.md', board('I').replace(/\| I2.*\n/, ''))
  expect(await site.run('board', 'import', path)).toContain('Left alone, the files do not name them: I2\n')
})

test('import reports every problem with file and line, and imports nothing', async () => {
  const path = await file('bad.md', `${board('X')}| X2 | Again | X9 |\n`)
  const { exit, out, err } = await ifab(site.env, 'board', 'import', path)
  expect({ exit, out }).toEqual({ exit: 2, out: '' })
  expect(err).toContain(`${path}:5: error: `)
  expect(err.trimEnd().split('\n').at(-1)).toMatch(/^INVALID_ARGUMENT: .*Nothing was imported\.$/)
  expect(await site.run('task', 'list', '--board', 'bad')).toBe('No such tasks.\n')
})

test('lint exits with 2 for what an import would refuse, and prints its findings', async () => {
  const good = await file('good.md', board('L'))
  expect(await site.run('board', 'lint', good, '--board', 'any')).toBe('Board any: 2 tasks, 0 errors, 0 warnings.\n')
  const bad = await file('twice.md', `${board('M')}| M1 | Again | None |\n`)
  const { exit, out, err } = await ifab(site.env, 'board', 'lint', bad)
  expect({ exit, err }).toEqual({ exit: 2, err: '' })
  expect(out).toMatch(/twice\.md:5: error: .*\nBoard twice: \d tasks, 1 error, 0 warnings\.\n$/)
  const json = await ifab(site.env, 'board', 'lint', bad, '--json')
  expect(json.exit).toBe(2)
  expect(JSON.parse(json.out)).toMatchObject({ board: 'twice', errors: 1, problems: [{ line: 5 }] })
})

test('files that cannot be read are named', async () => {
  const missing = join(site.directory, 'missing.md')
  expect(await site.refused('board', 'import', missing)).toMatchObject({
    exit: 2,
    message: `Cannot read ${missing}: there is no such file. Check the path.`,
  })
  expect(await site.refused('board', 'lint', site.directory)).toMatchObject({ exit: 2 })
  const latin = await file('latin.md', Uint8Array.of(0x7c, 0xe9, 0x7c))
  const { exit, out } = await ifab(site.env, 'board', 'lint', latin)
  expect({ exit, first: out.split('\n')[0] }).toEqual({
    exit: 2,
    first: `${latin}:1: error: The file is not UTF-8 text. Save it as UTF-8.`,
  })
  const large = await file('large.md', new Uint8Array(8 * 1024 * 1024 + 1).fill(0x20))
  expect((await site.refused('board', 'lint', large)).message).toContain('Split it up.')
})

test('export goes to stdout, to a file or into a directory', async () => {
  await site.run('board', 'import', await file('out.md', board('E')))
  const markdown = await site.run('board', 'export', '--board', 'out')
  expect(markdown).toMatch(/\| E2 +\| Build/)
  const exported = await site.json<OutputOf<'board', 'export'>>('board', 'export', '--format', 'json', '--board', 'out')
  expect(exported).toMatchObject({ format: 'json', files: [{ name: 'out.json' }] })

  const target = join(site.directory, 'new', 'BOARD.md')
  expect(await site.run('board', 'export', '--board', 'out', '--out', target)).toBe(`Wrote ${target}.\n`)
  expect(await readFile(target, 'utf8')).toContain('| E2')
  expect(await readdir(join(site.directory, 'new'))).toEqual(['BOARD.md'])

  await site.run('swarm', 'register', 'ann')
  await site.run('swarm', 'register', 'bea')
  const directory = join(site.directory, 'status')
  const written = await site.json('board', 'export', '--format', 'status', '--out', directory)
  const files = ['STATUS-ANN.yaml', 'STATUS-BEA.yaml']
  expect(written).toEqual({ format: 'status', written: files.map((name) => join(directory, name)) })
  expect((await readdir(directory)).sort()).toEqual(files)
  expect(await site.run('board', 'export', '--format', 'status')).toMatch(
    /^--- # STATUS-ANN.yaml\n[\s\S]*\n--- # STATUS-BEA/,
  )

  const taken = join(site.directory, 'taken')
  await writeFile(taken, '')
  expect(await site.refused('board', 'export', '--out', join(taken, 'x.md'))).toMatchObject({ exit: 2 })
})

test('the name of an exported file never leads out of the directory', async () => {
  const out = join(site.directory, 'inside')
  const written = await writeExport(out, [
    { name: '../outside.md', content: 'a' },
    { name: 'plain.md', content: 'b' },
  ])
  expect(written).toEqual([join(out, 'outside.md'), join(out, 'plain.md')])
})

test('an exported board reads back as the same tasks', async () => {
  await site.run('board', 'import', await file('round.md', board('R')))
  const target = join(site.directory, 'round', 'round.md')
  await site.run('board', 'export', '--board', 'round', '--out', target)
  const report = await site.json<OutputOf<'board', 'import'>>('board', 'import', target)
  expect(report.changes.map(({ task, action }) => `${task} ${action}`)).toEqual(['R1 unchanged', 'R2 unchanged'])
})

test('an exported board is the same board under any file name', async () => {
  await site.run('board', 'import', await file('named.md', board('N')))
  const target = join(site.directory, 'other-name.md')
  await site.run('board', 'export', '--board', 'named', '--out', target)
  const report = await site.json<OutputOf<'board', 'import'>>('board', 'import', target)
  expect(report).toMatchObject({ board: 'named', problems: [] })
  const yaml = await file('tasks.yaml', 'board: yams\ntasks: [{ id: Y1, title: Plant }]\n')
  expect(await site.run('board', 'lint', yaml)).toBe('Board yams: 1 task, 0 errors, 0 warnings.\n')
  expect(await site.run('board', 'lint', yaml, '--board', 'roots')).toContain('it is read as roots.')
})

test('an export onto a screen cannot rewrite it', async () => {
  await site.run('task', 'create', 'S1', '--title', 'turned \u202earound', '--board', 'screen')
  const terminal = new RecordingTerminal(site.env, true)
  await runCli(['board', 'export', '--board', 'screen', '--format', 'json'], terminal)
  await runCli(['board', 'export', '--board', 'screen'], terminal)
  expect(terminal.output).toContain('turned')
  expect(terminal.output).not.toContain('\u202e')
})

test('STATUS files go into a directory even when there is one', async () => {
  await using lonely = await openSite()
  await lonely.run('swarm', 'register', 'alice')
  const out = join(lonely.directory, 'state')
  const written = await lonely.run('board', 'export', '--format', 'status', '--out', out)
  const [only = '', ...others] = await readdir(out)
  expect({ written, others }).toEqual({ written: `Wrote ${join(out, only)}.\n`, others: [] })
})

test('what never ends is refused', async () => {
  expect(await site.refused('board', 'lint', '/dev/zero')).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('/dev/zero is too large'),
  })
  expect(await site.refused('done', 'T', '--file', '/dev/zero')).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'Cannot read /dev/zero: it is not a regular file. Check the path.',
  })
})
