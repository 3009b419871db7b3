import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/run.js'
import type { GrantView } from '../../src/operations/views.js'
import { ifab, openSite, RecordingTerminal, type Site } from './console.js'

let site: Site
const POLICY = `budgets:
  fabric: { total: 100, day: 50 }
prices:
  version: january
  models:
    claude: { input_nanos: 3_000_000_000, output_nanos: 15_000_000_000 }
`

beforeAll(async () => {
  site = await openSite()
  const path = join(site.directory, 'infrafabric.yaml')
  await writeFile(path, POLICY)
  await site.run('policy', 'apply', path)
})
afterAll(() => site[Symbol.asyncDispose]())

let round = 0
let swarm: string
let task: string
let epoch: string
// Each test has a swarm and a claim of its own, with $1.00 held.
beforeEach(holdAnother)

async function holdAnother(): Promise<void> {
  round += 1
  swarm = `swarm-${round}`
  task = `task-${round}`
  await site.run('swarm', 'register', swarm)
  await site.run('task', 'create', task, '--title', 'Work', '--max-cost', '1.00', '--board', `board-${round}`)
  epoch = String((await site.json<GrantView>('claim', task, '--as', swarm)).epoch)
}

const usage = (...argv: string[]) => site.run('usage', task, '--epoch', epoch, ...argv)

describe('ifab cost report', () => {
  test('shows what was held, settled and wasted, with a total', async () => {
    await usage('--cost', '0.20')
    const held = (await site.run('cost', 'report', '--by', 'swarm')).split('\n')
    expect(held[0]).toMatch(/^SWARM +HELD +SETTLED +WASTED +WASTE +INPUT +OUTPUT +CACHED$/)
    const rowOf = (text: string, name: string) => text.split('\n').find((line) => line.startsWith(`${name} `))
    expect(rowOf(held.join('\n'), swarm)).toMatch(/ \$0\.80 +\$0\.20 +\$0\.00 +0\.0% +0 +0 +0$/)
    expect(held.at(-2)).toMatch(/^TOTAL +\$/)
    await site.run('fail', task, '--epoch', epoch, '--reason', 'no compiler')
    const wasted = await site.run('cost', 'report', '--by', 'board')
    expect(rowOf(wasted, `board-${round}`)).toMatch(/ \$0\.00 +\$0\.20 +\$0\.20 +100\.0% /)
    expect(await site.run('cost', 'report')).toContain(swarm)
    for (const by of ['task', 'model', 'day']) {
      expect(await site.json('cost', 'report', '--by', by)).toMatchObject({ by, total: { name: 'total' } })
    }
    await holdAnother()
    await usage('--cost', '0.20')
    expect(await site.run('cost', 'report', '--limit', '1')).toMatch(/\nTOTAL .*\n\nMore: --cursor 1\n$/)
  })

  test('writes CSV that a spreadsheet adds up and does not run', async () => {
    await usage('--cost', '0.10')
    await holdAnother()
    await usage('--model', 'claude', '--output-tokens', '1000')
    const csv = await site.run('cost', 'report', '--by', 'task', '--csv', '--limit', '1')
    const lines = csv.split('\r\n')
    const titles = 'held_dollars,settled_dollars,wasted_dollars,waste_percent,input_tokens,output_tokens,cached_tokens'
    expect(lines[0]).toBe(`task,${titles}`)
    expect(lines).toContain(`${task},0.985,0.015,0.00,0.0,0,1000,0`)
    expect(lines.length).toBeGreaterThan(3)
    expect(csv).not.toMatch(/total/i)
    const terminal = new RecordingTerminal(site.env, true)
    expect(await runCli(['cost', 'report', '--csv'], terminal)).toBe(0)
    expect(terminal.output).not.toMatch(/\r|\\u000d/)
  })

  test('writes the CSV of all pages, and no name that a spreadsheet would run', async () => {
    const settled = { nanos: 1_500_000_000, inputTokens: 1, outputTokens: 2, cachedTokens: 3 }
    const row = (name: string) => ({ name, heldNanos: 0, settled, wastedNanos: 500_000_000 })
    const server = createServer((request, reply) => {
      const { searchParams } = new URL(request.url ?? '', 'http://fabric')
      const first = { rows: [row('=1+1')], nextCursor: '1' }
      const page = searchParams.has('cursor') ? { rows: [row('second, "last"')] } : first
      reply.setHeader('content-type', 'application/json')
      reply.end(JSON.stringify({ by: 'model', total: row('total'), ...page }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const env = { IFAB_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, IFAB_TOKEN: 'token' }
    const { out } = await ifab(env, 'cost', 'report', '--by', 'model', '--csv')
    const cells = '0.00,1.50,0.50,33.3,1,2,3'
    expect(out.split('\r\n').slice(1)).toEqual([`'=1+1,${cells}`, `"second, ""last""",${cells}`, ''])
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  test('refuses what it cannot show', async () => {
    expect((await ifab({}, 'cost', 'report', '--by', 'moon')).err).toContain('Choose one of swarm, task, board, model')
    const both = await ifab(site.env, 'cost', 'report', '--csv', '--json')
    expect(both).toMatchObject({ exit: 2, out: '' })
    expect(both.err).toContain('Choose one of --csv and --json.')
  })
})

test('ifab cost report says that there is nothing yet', async () => {
  const empty = await openSite()
  expect(await empty.run('cost', 'report')).toBe('Nothing was spent and nothing is held.\n')
  expect(await empty.run('cost', 'budget')).toBe('No budget limits anything there.\n')
  expect(await empty.run('cost', 'history')).toBe('Nobody reported what it spent.\n')
  await empty[Symbol.asyncDispose]()
})

describe('ifab cost budget', () => {
  test('shows limits with what is spent, held and left', async () => {
    await usage('--cost', '0.30')
    const text = await site.run('cost', 'budget', '--scope', `task:${task}`)
    expect(text).toMatch(/^ACCOUNT +OF +LIMIT +SPENT +HELD +ROOM +FROZEN +EXTENDED\n/)
    expect(text).toMatch(
      new RegExp(`\ntask:${task}/total +dollars +\\$1\\.00 +\\$0\\.30 +\\$0\\.70 +\\$0\\.00 +- +-\n$`),
    )
    await ifab(site.env, 'usage', task, '--epoch', epoch, '--cost', '1.00')
    const overdrawn = await site.run('cost', 'budget', '--scope', `task:${task}`)
    expect(overdrawn).toMatch(/ \$1\.00 +\$1\.30 +\$0\.00 +-\$0\.30 +since \S+ \S+Z +-\n$/)
    await site.run('cost', 'extend', `task:${task}/total`, '--by', '2', '--reason', 'look closer')
    expect(await site.run('cost', 'budget', '--scope', `task:${task}`)).toMatch(/ \$3\.00 .* - +by \$2\.00\n$/)
    expect(await site.run('cost', 'budget')).not.toContain('task:')
    expect(await site.run('cost', 'budget', '--tasks')).toContain(`task:${task}/total`)
    expect(await site.json('cost', 'budget', '--scope', 'fabric')).toMatchObject({
      items: [{ window: expect.stringMatching(/^day:/) }, { id: 'fabric/total', limit: { nanos: 100e9 } }],
    })
  })
})

describe('ifab cost extend', () => {
  test.each(['NaN', '1e300', '-1', '0.1234567891', '', '1,50', 'five'])('refuses %j dollars', async (sum) => {
    const refused = await site.refused('cost', 'extend', 'fabric/total', '--by', sum, '--reason', 'x')
    expect(refused).toMatchObject({ exit: 2, code: 'INVALID_ARGUMENT' })
    expect(refused.message).toContain('Give dollars such as 2.50, with at most nine decimals.')
  })

  test('needs an account that exists, and a reason', async () => {
    const unknown = await site.refused('cost', 'extend', 'swarm:nobody/total', '--by', '1', '--reason', 'x')
    expect(unknown).toMatchObject({ exit: 3, code: 'NOT_FOUND' })
    const malformed = await site.refused('cost', 'extend', 'swarm', '--by', '1', '--reason', 'x')
    expect(malformed).toMatchObject({ exit: 2, code: 'INVALID_ARGUMENT' })
    const unreasoned = await site.refused('cost', 'extend', 'fabric/total', '--by', '1')
    expect(unreasoned.message).toContain("Required option '--reason <text>' not specified.")
    const extended = await site.json('cost', 'extend', 'fabric/total', '--by', '$1,000', '--reason', 'more work')
    expect(extended).toMatchObject({ id: 'fabric/total', extendedNanos: 1_000e9, limit: { nanos: 1_100e9 } })
  })
})

describe('ifab cost history', () => {
  test('lists reports in order, of a swarm or a task, and pages', async () => {
    await usage('--cost', '0.10')
    await usage('--model', 'claude', '--input-tokens', '100')
    await site.run('done', task, '--epoch', epoch, '--note', 'over')
    await usage('--cost', '0.01')
    const lines = (await site.run('cost', 'history', '--swarm', swarm)).split('\n')
    expect(lines[0]).toMatch(/^TIME +TASK +SWARM +MODEL +INPUT +OUTPUT +CACHED +COST +LATE$/)
    expect(lines[1]).toMatch(new RegExp(`Z +${task} +${swarm} +- +0 +0 +0 +\\$0\\.10 +-$`))
    expect(lines[2]).toMatch(/ claude +100 +0 +0 +\$0\.0003 +-$/)
    expect(lines[3]).toMatch(/ \$0\.01 +late$/)
    expect(lines).toHaveLength(5)
    const page = await site.json<{ next: number }>('cost', 'history', '--task', task, '--limit', '2')
    expect(page).toMatchObject({ entries: [{ data: { nanos: 1e8 } }, { data: { model: 'claude' } }], done: false })
    const rest = await site.run('cost', 'history', '--task', task, '--from', String(page.next))
    expect(rest).toContain('$0.01')
    expect(rest).not.toContain('claude')
    expect(await site.run('cost', 'history', '--swarm', 'nobody')).toBe('Nobody reported what it spent.\n')
  })

  test('writes everything as CSV', async () => {
    await usage('--model', 'claude', '--input-tokens', '100', '--report', 'a')
    await usage('--cost', '0.5', '--report', 'b')
    const csv = await site.run('cost', 'history', '--task', task, '--csv', '--limit', '1')
    const lines = csv.split('\r\n')
    expect(lines[0]).toBe('index,time,task,swarm,epoch,model,input_tokens,output_tokens,cached_tokens,dollars,late')
    expect(lines[1]).toMatch(new RegExp(`^\\d+,\\S+Z,${task},${swarm},${epoch},claude,100,0,0,0\\.0003,false$`))
    expect(lines[2]).toMatch(/,,0,0,0,0\.50,false$/)
    expect(lines).toHaveLength(4)
    expect((await ifab(site.env, 'cost', 'history', '--csv', '--json')).exit).toBe(2)
  })
})

test('status says what was spent in total', async () => {
  await usage('--cost', '0.10')
  const { total } = await site.json<{ total: { settled: { nanos: number } } }>('cost', 'report')
  const dollars = Number(/^governor .* \$(\S+) spent$/m.exec(await site.run('status'))?.[1])
  expect(dollars).toBe(total.settled.nanos / 1e9)
  expect(dollars).toBeGreaterThan(0)
})
