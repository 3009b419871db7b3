import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ifab, openSite, type Site } from './console.js'

let site: Site
let good: string
let bad: string

const GOOD = `resource_policy:
  max_cost_per_task: 5
  capability_rules:
    deploy:*: { granted_only: true, minimum_reputation: 0.5 }
    deploy:prodction: { max_cost: 2 }
budgets:
  fabric: { total: 100, day: "$10.50" }
  swarms:
    alice: { total: { dollars: 4, input_tokens: 100000 } }
capability_registry:
  game:balance: Balance the rules of a game
prices:
  version: january
  models:
    claude: { input_nanos: 3_000_000_000, output_nanos: 15_000_000_000 }
`

beforeAll(async () => {
  site = await openSite()
  good = join(site.directory, 'infrafabric.yaml')
  bad = join(site.directory, 'bad.yaml')
  await writeFile(good, GOOD)
  await writeFile(bad, 'budgets:\n  fabric: { total: -1 }\n  swarm: {}\n')
})
afterAll(() => site[Symbol.asyncDispose]())

describe('ifab policy check', () => {
  test('sums up a good file and shows its warnings, without a fabric', async () => {
    const { exit, out, err } = await ifab({}, 'policy', 'check', good)
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(out).toContain(`${good}:5: warning: resource_policy.capability_rules.deploy:prodction `)
    expect(out).toContain('Did you mean deploy:production?\n')
    expect(out).toContain('2 budgets, 1 price, 2 capability rules, 1 capability of its own.\n')
    expect(out).toMatch(/\nDigest: [0-9a-f]{64}\n$/)
  })

  test('shows every problem of a bad file with its line, and exits with 2', async () => {
    const { exit, out, err } = await ifab({}, 'policy', 'check', bad)
    expect({ exit, err }).toEqual({ exit: 2, err: '' })
    const lines = out.split('\n')
    expect(lines[0]).toContain(`${bad}:2: error: budgets.fabric.total `)
    expect(lines[1]).toContain(`${bad}:3: error: budgets.swarm `)
    expect(lines[2]).toBe(`${bad} has 2 errors. Mend the file and check it again.`)
    const json = JSON.parse((await ifab({}, 'policy', 'check', bad, '--json')).out)
    expect(json).toMatchObject({ valid: false, problems: [{ line: 2 }, { line: 3 }] })
  })

  test('says what cannot be read at all', async () => {
    const large = join(site.directory, 'large.yaml')
    await writeFile(large, `# ${'ä'.repeat(128 * 1024)}`)
    const said = async (path: string) => {
      const { exit, err } = await ifab({}, 'policy', 'check', path)
      expect(exit).toBe(2)
      return err
    }
    expect(await said(join(site.directory, 'missing.yaml'))).toContain('there is no such file. Check the path.')
    expect(await said(site.directory)).toContain('it is a directory')
    expect(await said(large)).toContain('is too large')
  })
})

test('show says that nothing was applied yet, and what holds then', async () => {
  const text = await site.run('policy', 'show')
  expect(text).toMatch(/^Digest: [0-9a-f]{64} \(built in\)\n/)
  expect(text).toMatch(/^per task +at most 3 swarms, at most \$10\.00$/m)
  expect(text).toMatch(/^budgets +none$/m)
})

describe('with a policy', () => {
  beforeAll(async () => {
    await site.run('swarm', 'register', 'alice', '--capabilities', 'code:rust')
    await site.run('swarm', 'register', 'cook')
    await site.run('task', 'create', 'parser', '--title', 'Parser', '--requires', 'code:rust')
    await site.run('task', 'create', 'release', '--title', 'Release', '--requires', 'deploy:production')
    const applied = await site.run('policy', 'apply', good)
    const { digest } = JSON.parse((await ifab({}, 'policy', 'check', good, '--json')).out)
    expect(applied).toContain(`The policy ${digest} is in force.\n`)
  })

  test('the same again changes nothing, and a bad one leaves it in force', async () => {
    expect(await site.run('policy', 'apply', good)).toContain('This policy was in force already.\n')
    expect(await site.json('policy', 'apply', good)).toMatchObject({ changed: false, problems: [{ line: 5 }, {}] })
    expect(await site.refused('policy', 'apply', bad)).toMatchObject({ exit: 2, code: 'INVALID_ARGUMENT' })
    const { err } = await ifab(site.env, 'policy', 'apply', bad)
    expect(err).toContain(`${bad}:3: error: budgets.swarm `)
    expect(await site.json('policy', 'show')).toMatchObject({ builtIn: false, policy: { maxCostPerTaskNanos: 5e9 } })
  })

  test('what is for the host is not applied, and that is said', async () => {
    const hosted = join(site.directory, 'hosted.yaml')
    await writeFile(hosted, `${GOOD}listen: 127.0.0.1:7420\n`)
    expect(await site.run('policy', 'apply', hosted)).toContain('were not applied.\n')
    expect(await site.run('policy', 'apply', good)).not.toContain('were not applied.')
  })

  test('show tells all of it in lines', async () => {
    const text = await site.run('policy', 'show')
    const lines = [
      /^Digest: [0-9a-f]{64}$/m,
      /^per task +at most 3 swarms, at most \$5\.00$/m,
      /^registry +game:balance: Balance the rules of a game$/m,
      /^rules +deploy:\*: counts only when granted, reputation at least 0\.5$/m,
      /^ +deploy:prodction: a task costs at most \$2\.00$/m,
      /^help +asked automatically, answered within 5m, silent for at most 30m$/m,
      /^budgets +fabric: total \$100\.00; day \$10\.50$/m,
      /^ +swarm alice: total \$4\.00, 100000 input tokens$/m,
      /^ +claude: \$3\.00 input, \$15\.00 output, \$3\.00 cached$/m,
    ]
    for (const line of lines) expect(text).toMatch(line)
  })

  test('explain answers each check, and a no is no error', async () => {
    const yes = await site.run('policy', 'explain', 'parser', 'alice')
    expect(yes).toMatch(/^capabilities +yes$/m)
    expect(yes).toMatch(/^budget +no: .*no room for \$5\.00/m)
    const no = await site.run('policy', 'explain', 'release', 'cook')
    expect(no).toMatch(/^capabilities +no: .*missing: deploy:production\.$/m)
    expect(no).toMatch(/\n\ncook may not claim release now\.\n$/)
    await site.run('task', 'create', 'small', '--title', 'Small', '--max-cost', '1')
    expect(await site.run('policy', 'explain', 'small', 'alice')).toMatch(/\n\nalice may claim small now\.\n$/)
    expect(await site.json('policy', 'explain', 'small', 'alice')).toMatchObject({ allowed: true })
    expect(await site.refused('policy', 'explain', 'small', 'nobody')).toMatchObject({ exit: 3, code: 'NOT_FOUND' })
    expect(await site.refused('policy', 'explain', 'nothing', 'alice')).toMatchObject({ exit: 3, code: 'NOT_FOUND' })
  })

  test('violations are those of the policy, not of strangers or stale claims', async () => {
    const violations = (...argv: string[]) => site.run('policy', 'violations', ...argv)
    expect(await violations()).toBe('Nothing was refused.\n')
    await site.refused('claim', 'release', '--as', 'cook')
    await site.refused('claim', 'parser', '--as', 'alice')
    await site.run('claim', 'small', '--as', 'alice')
    await site.refused('beat', 'small', '--epoch', '1')
    const lines = (await violations()).split('\n')
    expect(lines[0]).toMatch(/^INDEX +TIME +REFUSED +ACTOR +OPERATION +TASK +SWARM +TIMES$/)
    expect(lines[1]).toMatch(/^\d+ +\S+ \S+Z +NOT_ELIGIBLE +swarm:cook +claim_task +release +cook +1$/)
    expect(lines[2]).toMatch(/ BUDGET_EXCEEDED +swarm:alice +claim_task +parser +alice +1$/)
    expect(lines).toHaveLength(4)
    expect(await violations('--swarm', 'cook')).not.toContain('alice')
    expect(await violations('--since', '2999-01-01')).toBe('Nothing was refused.\n')
    const first = await site.json<{ entries: unknown[]; next: number; done: boolean }>(
      'policy',
      'violations',
      '--limit',
      '1',
    )
    expect(first).toMatchObject({ entries: [{ data: { code: 'NOT_ELIGIBLE' } }], done: false })
    const rest = await site.json<{ entries: unknown[] }>(
      'policy',
      'violations',
      '--limit',
      '1',
      '--from',
      String(first.next),
    )
    expect(rest).toMatchObject({ entries: [{ data: { task: 'parser' } }] })
    expect(await violations('--limit', '1')).toMatch(/\n\nMore: --from \d+\n$/)
  })

  test('violations pass over what is none, and lose nothing between two pages', async () => {
    const { size } = await site.json<{ size: number }>('log')
    for (const id of ['one', 'two', 'three']) {
      await site.run('task', 'create', id, '--title', 'Work', '--requires', 'code:rust')
    }
    await site.refused('beat', 'one', '--epoch', '1')
    for (const id of ['one', 'two', 'three']) await site.refused('claim', id, '--as', 'cook')
    const page = (from: number) =>
      site.json<{ entries: { data: { task: string } }[]; next: number; done: boolean }>(
        ...['policy', 'violations', '--limit', '2', '--from', String(from)],
      )
    const first = await page(size)
    const second = await page(first.next)
    expect([first, second].map(({ entries }) => entries.map(({ data }) => data.task))).toEqual([
      ['one', 'two'],
      ['three'],
    ])
    expect([first.done, second.done]).toEqual([false, true])
  })
})
