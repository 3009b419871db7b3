import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CliCommand } from '../../src/cli/command.js'
import { createProgram } from '../../src/cli/program.js'
import { packageVersion } from '../../src/cli/version.js'
import { ifab, temporaryDirectory } from './console.js'
import { shellWords } from './shell-words.js'

let empty: string
beforeAll(async () => {
  empty = await temporaryDirectory()
})
afterAll(() => rm(empty, { recursive: true }))

function commands(command: CliCommand): CliCommand[] {
  const below = command.commands as readonly CliCommand[]
  return below.length === 0 ? [command] : below.flatMap(commands)
}

function leaves(): CliCommand[] {
  const program = createProgram(
    async () => undefined,
    () => undefined,
  )
  return commands(program)
}

describe('help', () => {
  test.each(leaves().map((command) => [command.path, command] as const))(
    '%s has an example that parses',
    async (path, command) => {
      expect(command.examples.length).toBeGreaterThan(0)
      for (const example of command.examples) {
        let reached = false
        const run = async () => {
          reached = true
        }
        const argv = shellWords(example)
        expect(argv.slice(0, path.split(' ').length).join(' ')).toBe(path)
        await createProgram(run, () => undefined).parseAsync(argv.slice(1), { from: 'user' })
        expect(reached).toBe(true)
      }
    },
  )

  test.each(leaves().map(({ path }) => [path]))('%s describes itself, its arguments and its options', async (path) => {
    const { exit, out, err } = await ifab({}, ...path.split(' ').slice(1), '--help')
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(out).toContain(`Usage: ${path} `)
    expect(out).toContain(`Example:\n  $ ${path}`)
    expect(out).toContain('--json')
    const command = leaves().find((candidate) => candidate.path === path)
    const described = [...(command?.options ?? []), ...(command?.registeredArguments ?? [])]
    expect(described.filter(({ description }) => description === '')).toEqual([])
  })

  test('is what no arguments and help show', async () => {
    const shown = await ifab({})
    expect(shown).toMatchObject({ exit: 0, err: '' })
    expect(shown.out).toContain('Usage: ifab ')
    expect(await ifab({}, 'help')).toEqual(shown)
    expect((await ifab({}, 'help', 'claim')).out).toContain('Usage: ifab claim ')
  })

  test('says the version', async () => {
    expect(await ifab({}, '--version')).toEqual({ exit: 0, out: `${packageVersion()}\n`, err: '' })
  })
})

describe('a mistake on the command line', () => {
  const mistakes: [argv: string[], message: string][] = [
    [['clam'], "Unknown command 'clam'. Did you mean claim? See `ifab --help`."],
    [['task', 'lst'], "Unknown command 'lst'. Did you mean list? See `ifab task --help`."],
    [['task'], 'Say which: ifab task create|list|show|cancel|retry. See `ifab task --help`.'],
    [['beat', 'T'], "Required option '--epoch <number>' not specified. See `ifab beat --help`."],
    [['claim', '--as', 'x'], "Missing required argument 'task'. See `ifab claim --help`."],
    [['beat', 'T', '--epoch', 'x'], "Option '--epoch <number>' argument 'x' is invalid. Give a whole number."],
    [['beat', 'T', '--epoch', '-1'], "Option '--epoch <number>' argument '-1' is invalid. Give a whole number."],
    [['status', '--wotch'], "Unknown option '--wotch'. Did you mean --watch? See `ifab status --help`."],
    [['task', 'show', '..'], "Command-argument value '..' is invalid for argument 'task'. It is not a valid id: use 1"],
    [['swarm', 'show', 'a'.repeat(129)], 'It is not a valid id'],
    [['next', '--as', 'a/b'], "Option '--as <swarm>' argument 'a/b' is invalid. It is not a valid id"],
    [['claim', 'T', '--as', 'x', '--lease', '1ms'], 'At least 1s.'],
    [['status', '--url', 'nonsense'], 'nonsense is not a URL. Use one such as http://127.0.0.1:7420.'],
    [['status', '--data', process.execPath], `${process.execPath} is a file, not a directory.`],
    [['status', 'all'], "Too many arguments for 'status'."],
    [['next', '--as', 'x', '--wait', '5m'], 'At most 240s; ask again after that.'],
    [['task', 'list', '--state', 'open'], 'Choose one of blocked, available, claimed, completed, failed, cancelled.'],
    [['status', '--watch', '--json'], '--watch is for people. For programs, read GET /v1/events.'],
  ]

  test.each(mistakes)('%j is explained in one line', async (argv, message) => {
    const { exit, out, err } = await ifab({ IFAB_DATA: empty }, ...argv)
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    if (!argv.includes('--json')) expect(err).toMatch(/^INVALID_ARGUMENT: /)
    expect(err).toContain(message)
    expect(err.split('\n')).toHaveLength(2)
  })

  test('is one JSON document on stderr with --json', async () => {
    const { exit, out, err } = await ifab({}, '--json', 'beat', 'T')
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(JSON.parse(err)).toEqual({
      code: 'INVALID_ARGUMENT',
      message: "Required option '--epoch <number>' not specified. See `ifab beat --help`.",
      retryable: false,
      details: {},
    })
  })
})

describe('without a fabric', () => {
  const remote = leaves().filter(
    ({ path }) =>
      !/ (up|down|doctor|init|setup|prime|mcp|completion|complete|board \w+|policy check|chassis (build|inspect|keygen|sign|run)|backup|restore|migrate|bridge git|witness (verify|check|export|serve|reset))$/.test(
        path,
      ),
  )

  test.each(remote.map(({ examples }) => [examples[0] ?? '']))('%s says how to start one', async (example) => {
    const argv = shellWords(example)
      .slice(1)
      .filter((word) => word !== '--watch')
    const { exit, out, err } = await ifab({ IFAB_DATA: empty }, ...argv)
    expect({ exit, out }).toEqual({ exit: 7, out: '' })
    expect(err).toBe(`UNAVAILABLE: No fabric runs in ${empty}. Start it with \`ifab up\`, or name it with IFAB_URL.\n`)
  })

  test('a refused connection says the same, and IFAB_DEBUG shows the cause', async () => {
    const url = await unusedUrl()
    const env = { IFAB_URL: url, IFAB_TOKEN: 'token', IFAB_DATA: empty }
    const { exit, err } = await ifab(env, 'ready')
    expect(exit).toBe(7)
    expect(err).toBe(`UNAVAILABLE: No fabric answers at ${url}. Start it with \`ifab up\`.\n`)
    expect((await ifab({ ...env, IFAB_DEBUG: '1' }, 'ready')).err).toContain('ECONNREFUSED')
    expect((await ifab({ IFAB_TOKEN: 'token' }, 'ready', '--url', url)).exit).toBe(7)
  })

  test('an address without a token is refused before anything is sent', async () => {
    const { exit, err } = await ifab({ IFAB_URL: await unusedUrl(), IFAB_DATA: empty }, 'ready')
    expect(exit).toBe(6)
    expect(err).toContain('Set IFAB_TOKEN')
  })

  test('an endpoint file that is cut short is no endpoint', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'endpoint.json'), '{"url":"http://127')
    const { exit, err } = await ifab({}, 'status', '--data', directory)
    await rm(directory, { recursive: true })
    expect(exit).toBe(7)
    expect(err).toContain('Start the fabric again with `ifab up`.')
  })

  test('down has nothing to do', async () => {
    expect(await ifab({ IFAB_DATA: empty }, 'down')).toMatchObject({ exit: 0, out: `No fabric runs in ${empty}.\n` })
    const { out } = await ifab({ IFAB_DATA: join(empty, 'missing') }, 'down', '--json')
    expect(JSON.parse(out)).toEqual({ stopped: false, data: join(empty, 'missing') })
  })

  test('down does not stop what it cannot recognise', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'owner.1'), 'not a record')
    const { exit, err } = await ifab({ IFAB_DATA: directory }, 'down')
    await rm(directory, { recursive: true })
    expect(exit).toBe(8)
    expect(err).toMatch(/^DATA_LOCKED: /)
  })
})

/** An address on which nobody listens any more. */
async function unusedUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}
