import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { instructionLines } from '../../../src/cli/setup/clients.js'
import { launcherOf } from '../../../src/cli/setup/launcher.js'
import { MARKDOWN_MARKERS } from '../../../src/cli/setup/managed-block.js'
import { ifab, type Outcome } from '../console.js'

const previous = process.cwd()
let place: string
let root: string

beforeEach(async () => {
  place = await realpath(await mkdtemp(join(tmpdir(), 'ifab-setup-')))
  root = join(place, 'project')
  await mkdir(join(root, '.git'), { recursive: true })
  await mkdir(join(place, 'bin'))
  await writeFile(join(place, 'bin/ifab'), '', { mode: 0o755 })
  process.chdir(root)
})
afterEach(async () => {
  process.chdir(previous)
  await rm(place, { recursive: true })
})

const setup = (...argv: string[]): Promise<Outcome> => ifab({ PATH: join(place, 'bin') }, 'setup', ...argv)

async function done(...argv: string[]): Promise<string> {
  const { exit, out, err } = await setup(...argv)
  expect({ exit, err }).toEqual({ exit: 0, err: '' })
  return out
}

/** Every file of the project with its bytes and mode. */
async function snapshot(): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  for (const path of await readdir(root, { recursive: true })) {
    const found = await lstat(join(root, path))
    const content = found.isFile() ? (await readFile(join(root, path))).toString('latin1') : ''
    files[path] = `${found.mode.toString(8)} ${content}`
  }
  return files
}

const text = (path: string) => readFile(join(root, path), 'utf8')

describe('ifab setup', () => {
  test('gives Claude Code a server, the work loop and a pointer to it', async () => {
    const before = await snapshot()
    expect(await done('claude')).toBe(`Claude Code is set up in ${root}.
  created    .mcp.json  runs \`ifab mcp\`
  created    AGENTS.md  how to work with the board, between two markers
  created    CLAUDE.md  points to AGENTS.md, between two markers
Next: Start \`claude\` here and approve the server infrafabric; \`/mcp\` shows it.
Commit .mcp.json, AGENTS.md and CLAUDE.md: then every worktree has the board.
`)
    expect(JSON.parse(await text('.mcp.json'))).toEqual({
      mcpServers: { infrafabric: { command: 'ifab', args: ['mcp'], alwaysLoad: true } },
    })
    expect(await text('CLAUDE.md')).toBe(`${MARKDOWN_MARKERS.begin}\n@AGENTS.md\n${MARKDOWN_MARKERS.end}\n`)
    const after = await snapshot()
    expect(await done('claude')).toContain(`is set up in ${root}, and was before.`)
    expect(await done('claude', '--check')).toContain(`Claude Code is set up in ${root}.`)
    expect(await snapshot()).toEqual(after)
    expect(await done('claude', '--remove')).toContain('  deleted    .mcp.json')
    expect(await snapshot()).toEqual(before)
  })

  test.each([
    ['codex', '.codex/config.toml', 'model = "x"'],
    ['cursor', '.cursor/mcp.json', '{\r\n  "mcpServers": {\r\n    "other": {}\r\n  }\r\n}'],
  ])('gives %s a server and takes it back byte for byte', async (client, config, content) => {
    await mkdir(join(root, config, '..'))
    await writeFile(join(root, config), content)
    await chmod(join(root, config), 0o666)
    await writeFile(join(root, 'AGENTS.md'), '# Theirs\r\n\r\nNo newline at the end')
    const before = await snapshot()
    const out = await done(client, '--capabilities', 'code:rust,net:sip', '--tier', 'opus')
    expect(out).toContain(`  changed    ${config}  runs \`ifab mcp --capabilities code:rust,net:sip --tier opus\``)
    expect(await text(config)).toContain('infrafabric')
    expect((await stat(join(root, config))).mode & 0o777).toBe(0o666)
    // What was said of its agents stays until something else is said.
    expect(await done(client)).toContain(`unchanged  ${config}`)
    expect((await setup(client, '--check', '--as', 'alice')).exit).toBe(4)
    await done(client, '--remove')
    expect(await snapshot()).toEqual(before)
  })

  test('sets up the whole worktree from wherever it is called', async () => {
    await mkdir(join(root, 'src/deep'), { recursive: true })
    process.chdir(join(root, 'src/deep'))
    await done('cursor')
    expect(JSON.parse(await text('.cursor/mcp.json')).mcpServers.infrafabric.env).toEqual({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Cursor fills it in.
      IFAB_WORKSPACE: '${workspaceFolder}',
    })
    process.chdir(root)
    await done('cursor', '--remove')
    expect((await readdir(root)).sort()).toEqual(['.git', 'src'])
  })

  test('keeps the work loop while another client needs it', async () => {
    await done('claude')
    await done('codex')
    expect(await done('codex', '--remove')).toContain('unchanged  AGENTS.md  stays for Claude Code')
    await done('claude', '--check')
    await done('claude', '--remove')
    expect(await readdir(root)).toEqual(['.git'])
  })

  test('--check says what differs and changes nothing', async () => {
    const empty = await setup('claude', '--check')
    expect(empty.exit).toBe(4)
    expect(empty.out).toContain('differs  .mcp.json  is missing: runs `ifab mcp`\n')
    expect(await readdir(root)).toEqual(['.git'])
    await done('claude')
    const block = await text('AGENTS.md')
    await writeFile(join(root, 'AGENTS.md'), block.replace('heartbeat', 'pulse'))
    const { exit, out } = await setup('claude', '--check', '--json')
    expect(exit).toBe(4)
    expect(JSON.parse(out)).toMatchObject({
      client: 'claude',
      ok: false,
      files: [
        { path: '.mcp.json', ok: true },
        { path: 'AGENTS.md', ok: false },
        { path: 'CLAUDE.md', ok: true },
      ],
    })
    await done('claude')
    expect(await text('AGENTS.md')).toBe(block)
  })

  test('--check takes what works for others, on a machine where ifab is started otherwise', async () => {
    await done('claude')
    expect((await ifab({ PATH: '' }, 'setup', 'claude', '--check')).exit).toBe(0)
    const npx = (await text('.mcp.json')).replace('"ifab"', '"npx"').replace('"mcp"', '"-y", "infrafabric", "mcp"')
    await writeFile(join(root, '.mcp.json'), npx)
    await done('claude', '--check')
    await writeFile(join(root, '.mcp.json'), npx.replace('"infrafabric", "mcp"', '"other", "mcp"'))
    expect((await setup('claude', '--check')).exit).toBe(4)
  })

  test.each([
    ['AGENTS.md', `# Theirs\n${MARKDOWN_MARKERS.begin}\n`, 'AGENTS.md:2: '],
    ['.mcp.json', '{\n  "mcpServers": {},\n}\n', '.mcp.json:3:1: '],
    ['CLAUDE.md', `${MARKDOWN_MARKERS.end}\n`, 'CLAUDE.md:1: '],
    ['AGENTS.md', Buffer.from('caf\xe9\n', 'latin1'), 'AGENTS.md is not UTF-8.'],
    ['AGENTS.md', Buffer.alloc(256 * 1024 + 1, 'x'), 'AGENTS.md is larger than 262144 bytes.'],
  ])('changes nothing at all while %s is damaged', async (path, content, message) => {
    await writeFile(join(root, path), content)
    const before = await snapshot()
    for (const option of [[], ['--check'], ['--remove']]) {
      const { exit, out, err } = await setup('claude', ...option)
      expect({ exit, out }).toEqual({ exit: 2, out: '' })
      expect(err).toContain(`INVALID_ARGUMENT: ${message}`)
    }
    expect(await snapshot()).toEqual(before)
  })

  test('follows a link to a file of the project, and refuses one that leads out of it', async () => {
    await mkdir(join(root, 'docs'))
    await writeFile(join(root, 'docs/agents.md'), '# Theirs\n')
    await symlink('docs/agents.md', join(root, 'AGENTS.md'))
    await symlink('AGENTS.md', join(root, 'CLAUDE.md'))
    const before = await snapshot()
    expect(await done('claude')).toContain('unchanged  CLAUDE.md  is AGENTS.md')
    expect((await lstat(join(root, 'AGENTS.md'))).isSymbolicLink()).toBe(true)
    expect(await text('docs/agents.md')).toContain('`next_task`')
    await done('claude', '--remove')
    expect(await snapshot()).toEqual(before)

    await writeFile(join(place, 'profile'), 'theirs\n')
    await rm(join(root, 'AGENTS.md'))
    await symlink('../profile', join(root, 'AGENTS.md'))
    const refused = await setup('codex')
    expect(refused.exit).toBe(2)
    expect(refused.err).toContain(`AGENTS.md leads to ${join(place, 'profile')}, which is outside of ${root}.`)
    await rm(join(place, 'profile'))
    expect((await setup('codex')).err).toContain('AGENTS.md is a link that leads nowhere.')
    expect((await readdir(root)).sort()).toEqual(['.git', 'AGENTS.md', 'CLAUDE.md', 'docs'])
  })

  test('leaves a CLAUDE.md alone that imports AGENTS.md already', async () => {
    await writeFile(join(root, 'CLAUDE.md'), 'See @AGENTS.md for all.\n')
    expect(await done('claude')).toContain('unchanged  CLAUDE.md  points to AGENTS.md already')
    await done('claude', '--check')
  })

  test('names the files of this installation where nothing else starts it', async () => {
    const { out } = await ifab({ PATH: '' }, 'setup', 'claude')
    expect(out).toContain('.mcp.json names files of this machine. Put `ifab` on your PATH')
    const { command, args } = JSON.parse(await text('.mcp.json')).mcpServers.infrafabric
    expect([command, args.at(-1)]).toEqual([process.execPath, 'mcp'])
  })
})

describe('the instructions', () => {
  test('take at most 15 lines with their markers, of plain ASCII', () => {
    expect(instructionLines().length + 2).toBeLessThanOrEqual(15)
    expect(instructionLines().join('\n')).toMatch(/^[\n -~]*$/)
  })

  test('name every core tool', () => {
    const tools = [
      ...[
        'next_task',
        'claim_task',
        'heartbeat',
        'report_milestone',
        'complete_task',
        'release_task',
        'report_blocker',
      ],
      ...['ask_for_help', 'escalate_to_human', 'create_task', 'show_task', 'wait_for_work'],
    ]
    for (const tool of tools) expect(instructionLines().join('\n')).toContain(`\`${tool}\``)
  })
})

describe('how the server is started', () => {
  const node = '/usr/bin/node'
  const npx = { command: 'npx', args: ['-y', 'infrafabric'], portable: true }
  test.each([
    ['/usr/lib/node_modules/infrafabric/dist/cli/main.js', true, { command: 'ifab', args: [], portable: true }],
    ['/home/u/.npm/_npx/12ab/node_modules/infrafabric/dist/cli/main.js', false, npx],
    ['/work/project/node_modules/infrafabric/dist/cli/main.js', false, npx],
    [
      '/src/infrafabric/dist/cli/main.js',
      false,
      { command: node, args: ['/src/infrafabric/dist/cli/main.js'], portable: false },
    ],
  ])('%s, on the PATH: %s', (main, onPath, launcher) => {
    expect(launcherOf({ main, node, onPath })).toEqual(launcher)
  })

  test('passes over an ifab that only npm has on the PATH', async () => {
    const folder = join(place, 'node_modules/.bin')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'ifab'), '', { mode: 0o755 })
    await ifab({ PATH: folder }, 'setup', 'claude')
    expect(JSON.parse(await text('.mcp.json')).mcpServers.infrafabric.command).toBe(process.execPath)
  })
})
