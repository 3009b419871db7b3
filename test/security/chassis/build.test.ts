import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildTool } from '../../../src/chassis/build/build-tool.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ifab-build-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), content)
  }
}

const SECRET = 'this-is-for-nobody'

/** What a module would hold of the text that nobody meant to give away. */
async function built(tool = 'project/tool.ts'): Promise<Uint8Array> {
  return (await buildTool(join(directory, tool))).bytes
}

describe('a build puts no file into a module that is not of the project', () => {
  test.each([
    ['the environment of the build', `import x from '/proc/self/environ' with { type: 'text' }`],
    ['a file of the machine', `import x from '/etc/passwd' with { type: 'text' }`],
    ['the same as bytes', `import x from '/etc/passwd' with { type: 'bytes' }`],
    ['a file beside the project', `import x from '../outside.json'`],
    ['a link that leads out', `import x from './link.json'`],
    ['a hidden file of the project', `import x from './.env' with { type: 'text' }`],
    ['a file in a hidden directory', `import x from './.git/config' with { type: 'text' }`],
    ['a pipe that never ends', `import x from './pipe.txt'`],
    ['a kind of file that nobody asked for', `import x from './key.pem'`],
  ])('%s', async (_what, line) => {
    await write({
      'outside.json': JSON.stringify({ token: SECRET }),
      'project/package.json': '{}',
      'project/.env': `TOKEN=${SECRET}`,
      'project/.git/config': SECRET,
      'project/key.pem': SECRET,
      'project/tool.ts': `${line}\nexport default () => x\n`,
    })
    await symlink('../outside.json', join(directory, 'project/link.json'))
    execFileSync('mkfifo', [join(directory, 'project/pipe.txt')])
    await expect(built()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a package that is installed for it can take along its own files, and no other', async () => {
    await write({
      'project/package.json': '{}',
      'project/node_modules/good/index.js': `import data from './data.json'\nexport default data.word\n`,
      'project/node_modules/good/data.json': '{"word":"hello"}',
      'project/node_modules/bad/index.js': `import data from '../../../outside.json'\nexport default data\n`,
      'outside.json': JSON.stringify({ token: SECRET }),
      'project/tool.ts': `import word from 'good'\nexport default () => word\n`,
      'project/other.ts': `import data from 'bad'\nexport default () => data\n`,
    })
    expect(Buffer.from(await built()).includes('hello')).toBe(true)
    await expect(built('project/other.ts')).rejects.toThrow(/is no file of the project/)
  })

  test('neither a tsconfig.json nor a source map leads to one, nor does a word of it get into a message', async () => {
    await write({
      'outside.json': SECRET,
      'project/package.json': '{}',
      'project/tsconfig.json': JSON.stringify({
        extends: '../outside.json',
        compilerOptions: { paths: { away: ['../outside.json'] } },
      }),
      'project/tool.ts': `import x from 'away'\nexport default () => x\n`,
      'project/mapped.ts': 'export default () => 1\n//# sourceMappingURL=../outside.json\n',
    })
    const error = await built().catch((reason: unknown) => reason)
    expect(String(error)).toMatch(/Could not resolve "away"/)
    expect(String(error)).not.toContain(SECRET)
    const { warnings } = await buildTool(join(directory, 'project/mapped.ts'))
    expect(warnings).toEqual([])
  })
})
