import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/run.js'
import { ifab, openSite, RecordingTerminal, type Site } from './console.js'

let site: Site
beforeAll(async () => {
  site = await openSite()
  await site.run('swarm', 'register', 'sip')
  await site.run('task', 'create', 'A', '--title', 'Say "hello", twice')
  await site.run('claim', 'A', '--as', 'sip')
})
afterAll(() => site[Symbol.asyncDispose]())

const ask = (...options: string[]) => site.run('witness', 'query', ...options)

interface Page {
  readonly entries: readonly { readonly id: string; readonly type: string }[]
  readonly next: number
  readonly size: number
  readonly done: boolean
  readonly filter: object
}

describe('ifab witness query', () => {
  test('shows what was found, and how to go on', async () => {
    const lines = (await ask('--task', 'A')).split('\n')
    expect(lines[0]).toMatch(/^INDEX +TIME +SEVERITY +ENTRY +SUBJECT +ACTOR$/)
    expect(lines[1]).toMatch(/^\d+ +\S+ \S+Z +info +task_created +A +admin$/)
    expect(lines[2]).toMatch(/^\d+ +\S+ \S+Z +info +task_claimed +A +swarm:sip$/)
    expect(lines).toHaveLength(4)
    const page = await ask('--task', 'A', '--limit', '1')
    const next = /More: --from (\d+)\n$/.exec(page)?.[1] ?? ''
    expect(await ask('--task', 'A', '--from', next)).toContain('task_claimed')
    expect(await ask('--task', 'nothing')).toBe('No entries match.\n')
    expect(await ask('--since', '2999-01-01', '--all')).toBe('No entries match.\n')
  })

  test('goes on to the end when asked to', async () => {
    const all = await ask('--limit', '2', '--all')
    expect(all).not.toContain('More:')
    const indexes = all.split('\n').flatMap((line) => /^\d+/.exec(line)?.[0] ?? [])
    const whole = await site.json<Page>('log', '--cursor', '0', '--limit', '100')
    expect(indexes).toEqual(whole.entries.map(({ id }) => id))
  })

  test('gives one JSON document, of one page or of everything', async () => {
    const page = await site.json<Page>('witness', 'query', '--task', 'A', '--limit', '1')
    expect(page).toMatchObject({ entries: [{ subject: 'A' }], done: false, filter: { task: 'A' } })
    const all = await site.json<Page>('witness', 'query', '--task', 'A', '--limit', '1', '--all')
    expect(all.entries.map(({ type }) => type.split('.')[2])).toEqual(['task_created', 'task_claimed'])
    expect(all).toMatchObject({ next: all.size, done: true, filter: { task: 'A' } })
    const none = await site.json<Page>('witness', 'query', '--task', 'nothing', '--all')
    expect(none).toMatchObject({ entries: [], done: true })
  })

  test('writes into JSON what was asked for, not what the answer says was', async () => {
    const server = createServer((request, reply) => {
      const { searchParams } = new URL(request.url ?? '', 'http://fabric')
      const [from, done] = searchParams.get('from') === '7' ? [9, false] : [12, true]
      reply.setHeader('content-type', 'application/json')
      reply.end(JSON.stringify({ entries: [], next: from, size: 12, done, filter: { task: 'B' }, from: 0 }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const env = { IFAB_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, IFAB_TOKEN: 'secret' }
    const asked = { filter: { task: 'A', since: '2026-01-31T00:00:00Z' }, from: 7 }
    const options = ['--task', 'A', '--since', '2026-01-31', '--from', '7', '--limit', '5', '--json']
    for (const more of [[], ['--all']]) {
      const { out, err } = await ifab(env, 'witness', 'query', ...options, ...more)
      expect({ err, ...JSON.parse(out) }).toMatchObject({ err: '', size: 12, done: more.length > 0, ...asked })
      expect(JSON.parse(out).filter).toEqual(asked.filter)
    }
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  test('writes CSV with its titles once, and lines as RFC 4180 has them', async () => {
    const text = await ask('--task', 'A', '--csv', '--all', '--limit', '1')
    expect(text).toMatch(/^index,time,severity,component,entry,subject,actor,trace,data\r\n\d+,/)
    const lines = text.split('\r\n')
    expect(lines).toHaveLength(4)
    expect(lines[1]).toContain('"{""id"":""A"",""title"":""Say \\""hello\\"", twice""')
    expect(lines[3]).toBe('')
    expect(await ask('--task', 'A', '--csv')).toBe(text)
  })

  test('writes CSV onto a screen without carriage returns', async () => {
    const terminal = new RecordingTerminal(site.env, true)
    expect(await runCli(['witness', 'query', '--task', 'A', '--csv'], terminal)).toBe(0)
    expect(terminal.output).not.toMatch(/\r|\\u000d/)
  })

  test('refuses what has no sense before it asks', async () => {
    const refused = async (...options: string[]) => (await ifab({}, 'witness', 'query', ...options)).err
    expect(await refused('--severity', 'high')).toContain('Choose one of info, notice, warning, critical.')
    expect(await refused('--since', 'yesterday')).toContain('a date such as 2026-01-31')
    expect(await refused('--csv', '--json')).toContain('Choose one of --csv and --json.')
    expect(await site.refused('witness', 'query', '--operation', 'task_clamed')).toMatchObject({
      code: 'INVALID_ARGUMENT',
      exit: 2,
    })
  })
})
