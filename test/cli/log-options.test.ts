import { rm } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openLog } from '../../src/cli/log-options.js'
import { runCli } from '../../src/cli/run.js'
import { LIMITS } from '../../src/model/limits.js'
import { ifab, RecordingTerminal, temporaryDirectory } from './console.js'

const LISTEN = ['--listen', '127.0.0.1:0']

describe('the log of a fabric', () => {
  let data: string
  beforeEach(async () => {
    data = await temporaryDirectory()
  })
  afterEach(() => rm(data, { recursive: true, force: true }))

  /** What `ifab up` with these arguments said on stderr while it ran and answered one request. */
  async function logged(env: Record<string, string>, ...argv: string[]): Promise<string[]> {
    const terminal = new RecordingTerminal({ IFAB_DATA: data, ...env })
    const running = runCli(['up', ...LISTEN, ...argv], terminal)
    await terminal.shows((output) => output.includes('Next: '))
    await ifab({ IFAB_DATA: data }, 'status')
    terminal.interrupt()
    expect(await running).toBe(0)
    return terminal.errors.trim().split('\n')
  }

  test('has start and stop, and at level debug each request', async () => {
    const plain = await logged({})
    expect(plain).toHaveLength(3)
    const requests = (lines: readonly string[]) => lines.filter((line) => line.includes('operation=fabric.status'))
    expect(requests(plain)).toEqual([])
    expect(requests(await logged({ IFAB_LOG_LEVEL: 'debug' }))).toHaveLength(1)
    expect(requests(await logged({ IFAB_LOG_LEVEL: 'debug' }, '--log-level', 'info'))).toEqual([])
    expect(await logged({}, '--log-level', 'error')).toEqual([''])
  })

  test('is JSON when it is asked for', async () => {
    const lines = (await logged({ IFAB_LOG_FORMAT: 'json' }, '--name', 'demo')).map((line) => JSON.parse(line))
    expect(lines).toMatchObject([
      { level: 'info', message: 'started', name: 'demo', data, url: expect.stringContaining('http://') },
      { message: 'stopping' },
      { message: 'stopped' },
    ])
  })

  test.each([
    [{ IFAB_LOG_LEVEL: 'loud' }, [], '--log-level and IFAB_LOG_LEVEL take one of error, warn, info, debug, not "loud"'],
    [{}, ['--log-format', 'xml'], '--log-format and IFAB_LOG_FORMAT take one of text, json, not "xml"'],
  ])('is refused with %j %j, and nothing is started', async (env, argv, words) => {
    const { exit, err } = await ifab({ IFAB_DATA: data, ...env }, 'up', ...LISTEN, ...argv)
    expect(exit).toBe(2)
    expect(err).toContain(`INVALID_ARGUMENT: ${words}`)
  })

  test.each([
    ['text', /^The log is full/],
    ['json', /^\{"level":"warn","message":"The log is full/],
  ])('as %s ends when it is full, and says so once', async (logFormat, words) => {
    const terminal = new RecordingTerminal({})
    const log = await openLog(terminal, { logFormat })
    const long = 'x '.repeat(4_000)
    for (let bytes = 0; bytes < LIMITS.serverLogBytes + 5 * long.length; bytes += long.length) log.warn(long)
    expect(terminal.errors.length).toBeLessThan(LIMITS.serverLogBytes + 200)
    const lines = terminal.errors.trim().split('\n')
    expect(lines.filter((line) => words.test(line))).toHaveLength(1)
    expect(lines.at(-1)).toMatch(words)
  })
})
