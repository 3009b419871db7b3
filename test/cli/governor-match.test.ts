import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSite, type Site } from './console.js'

let site: Site
beforeAll(async () => {
  site = await openSite()
  await site.run('swarm', 'register', 'cheap', '--capabilities', 'code:rust', '--cost-per-hour', '0.50')
  await site.run('swarm', 'register', 'dear', '--capabilities', 'code:rust', '--cost-per-hour', '4')
  await site.run('swarm', 'register', 'free', '--capabilities', 'code:rust', '--cost-per-hour', '0')
  await site.run('swarm', 'register', 'cook', '--capabilities', 'food:cook')
  await site.run('task', 'create', 'parser', '--title', 'Parser', '--requires', 'code:rust')
})
afterAll(() => site[Symbol.asyncDispose]())

describe('ifab governor match', () => {
  test('shows whom a task suits best, and in full why others are out', async () => {
    const lines = (await site.run('governor', 'match', 'parser')).split('\n')
    expect(lines[0]).toMatch(/^SWARM +SCORE +MATCH +REPUTATION +RATE$/)
    expect(lines[1]).toMatch(/^free +free +1 +1 +\$0\.00\/h$/)
    expect(lines[2]).toMatch(/^cheap +2 +1 +1 +\$0\.50\/h$/)
    expect(lines[3]).toMatch(/^dear +0\.25 +1 +1 +\$4\.00\/h$/)
    expect(lines.slice(4, 6)).toEqual(['', 'Out:'])
    expect(lines[6]).toMatch(/^cook {2}capabilities: cook does not qualify for parser: .*missing: code:rust\.$/)
  })

  test('pages, and gives JSON', async () => {
    const first = await site.json('governor', 'match', 'parser', '--limit', '1')
    expect(first).toMatchObject({ items: [{ swarm: 'free', eligible: true }], nextCursor: '1' })
    const next = await site.run('governor', 'match', 'parser', '--limit', '1', '--cursor', '3')
    expect(next).toMatch(/^No swarm may claim it now\.\n\nOut:\ncook /)
  })

  test('names a task that does not exist', async () => {
    expect(await site.refused('governor', 'match', 'nothing')).toMatchObject({ exit: 3, code: 'NOT_FOUND' })
  })
})

test('ifab governor capabilities says what each means', async () => {
  const text = await site.run('governor', 'capabilities')
  expect(text).toMatch(/^CAPABILITY +FROM +NEEDS +MEANING\n/)
  expect(text).toMatch(/\ncode:rust +built-in +- +\S+/)
  const { capabilities } = await site.json<{ capabilities: { name: string }[] }>('governor', 'capabilities')
  expect(capabilities.map(({ name }) => name)).toContain('code:rust')
})

describe('ifab governor breaker', () => {
  test('a person trips and resets it, and both are seen', async () => {
    const breaker = (...argv: string[]) => site.run('governor', 'breaker', ...argv)
    expect(await breaker('list', '--open')).toBe('Every breaker is closed.\n')
    const tripped = await breaker('trip', 'cook', '--reason', 'it burns the soup')
    expect(tripped).toContain('The breaker of cook is open, latched.\nNext: ifab governor breaker reset cook ')
    expect(await breaker('list', '--open')).toMatch(/\ncook +open, latched +0 of 0 +\S+ \S+Z +- +it burns the soup\n$/)
    const shown = await breaker('show', 'cook')
    for (const line of [/^state +open, latched$/m, /^cause +administrator$/m, /^reason +it burns the soup$/m]) {
      expect(shown).toMatch(line)
    }
    expect(await site.run('swarm', 'show', 'cook')).toMatch(/^breaker +open, latched: it burns the soup$/m)
    const listed = await site.run('swarm', 'list')
    expect(listed).toMatch(/^cook +active +- +- +\d+ +food:cook +- +open, latched /m)
    expect(listed).toMatch(/^cheap +active +- +- +\d+ +code:rust +- +closed /m)
    expect(await site.run('status')).toMatch(/^governor +1 open escalation, 1 open breaker, \$0\.00 spent$/m)
    expect(await breaker('reset', 'cook', '--reason', 'it learned')).toBe('The breaker of cook is closed.\n')
    expect(await breaker('list', '--open')).toBe('Every breaker is closed.\n')
    expect(await site.json('governor', 'breaker', 'show', 'cook')).toMatchObject({ state: 'closed', latched: false })
  })

  test('needs a reason and a swarm that exists', async () => {
    for (const verb of ['trip', 'reset']) {
      const refused = await site.refused('governor', 'breaker', verb, 'cook')
      expect(refused).toMatchObject({ exit: 2, code: 'INVALID_ARGUMENT' })
      expect(refused.message).toContain("Required option '--reason <text>' not specified.")
    }
    const unknown = await site.refused('governor', 'breaker', 'trip', 'nobody', '--reason', 'x')
    expect(unknown).toMatchObject({ exit: 3, code: 'NOT_FOUND' })
  })
})
