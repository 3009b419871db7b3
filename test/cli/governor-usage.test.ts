import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { GrantView } from '../../src/operations/views.js'
import { ifab, openSite, type Site } from './console.js'

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
beforeEach(async () => {
  round += 1
  swarm = `swarm-${round}`
  task = `task-${round}`
  await site.run('swarm', 'register', swarm)
  await site.run('task', 'create', task, '--title', 'Work', '--max-cost', '1.00', '--board', `board-${round}`)
  epoch = String((await site.json<GrantView>('claim', task, '--as', swarm)).epoch)
})

const usage = (...argv: string[]) => site.run('usage', task, '--epoch', epoch, ...argv)

describe('ifab usage', () => {
  test('books plain cost, and the same report once', async () => {
    expect(await usage('--cost', '0.42')).toMatch(
      new RegExp(
        `^Booked \\$0\\.42 on ${task} for ${swarm}, as report [0-9a-f-]{36}\\.\nSpent \\$0\\.42 of \\$1\\.00\\.\n$`,
      ),
    )
    expect(await usage('--cost', '$0.10', '--report', 'turn-2')).toContain('as report turn-2.\nSpent $0.52 of $1.00.\n')
    const again = await usage('--cost', '$0.10', '--report', 'turn-2')
    expect(again).toBe('The report turn-2 was booked before; nothing is booked twice.\nSpent $0.52 of $1.00.\n')
  })

  test('books tokens at the price of their model', async () => {
    const tokens = ['--input-tokens', '10000', '--output-tokens', '2000', '--cached-tokens', '5']
    const booked = await site.json('usage', task, '--epoch', epoch, '--model', 'claude', ...tokens)
    const amount = { nanos: 60_015_000, inputTokens: 10_000, outputTokens: 2_000, cachedTokens: 5 }
    expect(booked).toMatchObject({ task, swarm, amount, repeated: false, spentNanos: 60_015_000 })
    const unpriced = await site.refused('usage', task, '--epoch', epoch, '--model', 'gpt', '--input-tokens', '1')
    expect(unpriced).toMatchObject({ exit: 5, code: 'POLICY_VIOLATION' })
  })

  test('books what comes after the claim, without telling anybody to stop', async () => {
    await site.run('done', task, '--epoch', epoch, '--note', 'over')
    const late = await usage('--cost', '0.05')
    expect(late).toContain(`on ${task} for ${swarm}, after the claim had ended, as report `)
    expect(late).not.toContain('STOP')
  })

  test('tells the holder to stop, and exits with 5', async () => {
    const { exit, out, err } = await ifab(site.env, 'usage', task, '--epoch', epoch, '--cost', '1')
    expect({ exit, err }).toEqual({ exit: 5, err: '' })
    expect(out).toMatch(/^Booked .*\nSTOP: The budget of this claim is spent\..*\nSpent \$1\.00 of \$1\.00\.\n$/)
  })

  test.each([
    [[], 'Say what was spent: --cost 0.42, or --model NAME'],
    [['--report', 'r'], 'Say what was spent: --cost 0.42, or --model NAME'],
    [['--input-tokens', '5'], 'Say what was spent: --cost 0.42, or --model NAME'],
    [['--cost', '1', '--model', 'claude', '--input-tokens', '5'], 'Say what was spent'],
    [['--cost', '1', '--input-tokens', '5'], 'Tokens belong to a model, not to --cost'],
    [['--model', 'claude'], 'Say how many tokens of claude'],
    [['--cost', 'NaN'], 'Give dollars such as 2.50'],
    [['--cost', '1e300'], 'Give dollars such as 2.50'],
    [['--cost', '-1'], 'Give dollars such as 2.50'],
    [['--cost', '0.1234567891'], 'Give dollars such as 2.50'],
    [['--model', 'claude', '--input-tokens', '-5'], 'Give a whole number.'],
    [['--model', 'claude', '--input-tokens', '1e3'], 'Give a whole number.'],
  ])('refuses %j', async (argv, message) => {
    const refused = await site.refused('usage', task, '--epoch', epoch, ...argv)
    expect(refused).toMatchObject({ exit: 2, code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })
    expect(await site.run('cost', 'history', '--task', task)).toBe('Nobody reported what it spent.\n')
  })

  test('names the claim or the task that is not there', async () => {
    const stale = await site.refused('usage', task, '--epoch', '1', '--cost', '1')
    expect(stale).toMatchObject({ exit: 4, code: 'STALE_CLAIM' })
    const unknown = await site.refused('usage', 'nothing', '--epoch', '1', '--cost', '1')
    expect(unknown).toMatchObject({ exit: 3, code: 'NOT_FOUND' })
  })
})

describe('ifab beat', () => {
  test('reports what was spent too, and shows what is held', async () => {
    const text = await site.run('beat', task, '--epoch', epoch, '--cost', '0.25')
    expect(text).toMatch(new RegExp(`^${task} is yours until .*\\.\nSpent \\$0\\.25 of \\$1\\.00\\.\n$`))
    const tokens = await site.json('beat', task, '--epoch', epoch, '--model', 'claude', '--output-tokens', '1000')
    expect(tokens).toMatchObject({ budget: { heldNanos: 1e9, spentNanos: 265_000_000 } })
    const half = await site.refused('beat', task, '--epoch', epoch, '--output-tokens', '1000')
    expect(half).toMatchObject({ exit: 2, code: 'INVALID_ARGUMENT' })
  })

  test('says STOP first and exits with 5 when the budget is spent, until it is extended', async () => {
    const stopped = await ifab(site.env, 'beat', task, '--epoch', epoch, '--cost', '1.00')
    expect(stopped).toMatchObject({ exit: 5, err: '' })
    expect(stopped.out).toMatch(/^STOP: The budget of this claim is spent\./)
    expect(stopped.out).not.toContain('is yours until')
    const json = await ifab(site.env, 'beat', task, '--epoch', epoch, '--json')
    expect(json.exit).toBe(5)
    expect(JSON.parse(json.out)).toHaveProperty('stop.reason')
    const extended = await site.run('cost', 'extend', `task:${task}/total`, '--by', '5.00', '--reason', 'worth it')
    expect(extended).toBe(`Extended task:${task}/total by $5.00; its limit is $6.00 now.\n`)
    expect(await site.run('beat', task, '--epoch', epoch)).toMatch(/ is yours until .*\nSpent \$1\.00 of \$6\.00\.\n$/)
  })
})
