import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ifab, openSite, type Site } from './console.js'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site[Symbol.asyncDispose]())

const register = (...argv: string[]) => site.run('swarm', 'register', ...argv)

async function manifest(name: string, text: string): Promise<string> {
  const path = join(site.directory, name)
  await writeFile(path, text)
  return path
}

describe('ifab swarm register', () => {
  test('takes what a swarm costs, may spend and is trusted, and shows it', async () => {
    const trust = ['--cost-per-hour', '1.25', '--reputation', '0.9', '--budget', '$20']
    await register('alice', '--capabilities', 'code:rust', ...trust)
    const shown = await site.run('swarm', 'show', 'alice')
    for (const line of [/^rate +\$1\.25\/h$/m, /^reputation +0\.9$/m, /^budget +\$20\.00$/m, /^breaker +closed$/m]) {
      expect(shown).toMatch(line)
    }
    const listed = await site.run('swarm', 'list')
    expect(listed).toMatch(/^SWARM +.* +CAPABILITIES +GRANTED +BREAKER +RATE +BUDGET +REPUTATION$/m)
    expect(listed).toMatch(/^alice +.* code:rust +- +closed +\$1\.25\/h +\$20\.00 +0\.9$/m)
    expect(await site.run('cost', 'budget', '--scope', 'swarm:alice')).toMatch(
      /^swarm:alice\/total +dollars +\$20\.00 /m,
    )
  })

  const wrong: [argv: string[], message: string][] = [
    [['--budget', 'NaN'], 'Give dollars such as 2.50'],
    [['--budget', '1e300'], 'Give dollars such as 2.50'],
    [['--budget', '-1'], 'Give dollars such as 2.50'],
    [['--cost-per-hour', '0.1234567891'], 'Give dollars such as 2.50'],
    [['--cost-per-hour', '1,50'], 'Give dollars such as 2.50'],
    [['--reputation', '1.1'], 'Give a number from 0 to 1'],
    [['--reputation', '-0.5'], 'Give a number from 0 to 1'],
    [['--reputation', 'good'], 'Give a number from 0 to 1'],
  ]
  test.each(wrong)('refuses %j', async (argv, message) => {
    const { exit, out, err } = await ifab(site.env, 'swarm', 'register', 'x', ...argv)
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(err).toContain(message)
  })

  test('registers the swarms of a manifest, with what they are granted', async () => {
    const path = await manifest(
      'swarms.yaml',
      'swarms:\n  - { swarm: carol, capabilities: [code:go], granted: [deploy:staging], cost_per_hour: 0.5 }\n  - { swarm: dave, budget: 3 }\n',
    )
    expect(await register('--from', path)).toBe('Registered 2 swarms: carol, dave.\n')
    expect(await site.json('swarm', 'show', 'carol')).toMatchObject({
      swarm: { capabilities: ['code:go'], granted: ['deploy:staging'], costPerHourNanos: 5e8 },
    })
    expect(await site.json('swarm', 'register', '--from', path)).toMatchObject({
      swarms: [
        { id: 'carol', granted: ['deploy:staging'] },
        { id: 'dave', budgetNanos: 3e9 },
      ],
    })
    const one = await manifest('one.yaml', 'swarm: erin\ntier: sonnet\n')
    expect(await register('--from', one)).toBe('Registered 1 swarm: erin.\n')
  })

  test('says what is wrong with a manifest, line by line', async () => {
    const path = await manifest('wrong.yaml', 'swarms:\n  - { swarm: frank, budgets: 3 }\n  - { tier: opus }\n')
    const { exit, err } = await ifab(site.env, 'swarm', 'register', '--from', path)
    expect(exit).toBe(2)
    expect(err).toContain(`${path}:2: error: swarms[0].budgets `)
    expect(err).toContain(`${path}:3: error: swarms[1].swarm `)
    expect(await site.refused('swarm', 'show', 'frank')).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('says how far it came when the fabric refuses one', async () => {
    const policy = await manifest('known.yaml', 'resource_policy:\n  known_capabilities_only: true\n')
    await site.run('policy', 'apply', policy)
    const path = await manifest(
      'unknown.yaml',
      'swarms:\n  - { swarm: grace }\n  - { swarm: heidi, capabilities: [code:nonsense] }\n',
    )
    const refused = await site.refused('swarm', 'register', '--from', path)
    expect(refused).toMatchObject({ exit: 5, code: 'POLICY_VIOLATION' })
    expect(refused.message).toMatch(/^heidi: No registry names code:nonsense\..* 1 swarm before it /)
    expect(await site.json('swarm', 'show', 'grace')).toMatchObject({ swarm: { id: 'grace' } })
    await site.run('policy', 'apply', await manifest('default.yaml', '{}\n'))
  })

  test('takes either a name or a manifest', async () => {
    const neither = await site.refused('swarm', 'register')
    expect(neither).toMatchObject({ exit: 2, message: 'Name the swarm, or give a manifest with --from.' })
    const both = await site.refused('swarm', 'register', 'x', '--from', 'swarms.yaml')
    expect(both).toMatchObject({ exit: 2, message: 'Name a swarm or give --from, not both.' })
  })
})

test('ifab swarm grant replaces the list, and takes all of it back', async () => {
  await register('gina')
  const grant = (...argv: string[]) => site.run('swarm', 'grant', 'gina', ...argv)
  expect(await grant('deploy:staging,deploy:production')).toBe('Granted to gina: deploy:staging, deploy:production.\n')
  expect(await site.run('swarm', 'show', 'gina')).toMatch(/^granted +deploy:staging, deploy:production$/m)
  expect(await grant('deploy:staging')).toBe('Granted to gina: deploy:staging.\n')
  expect(await site.run('swarm', 'list')).toMatch(/^gina +.* +deploy:staging +closed /m)
  expect(await grant('--none')).toBe('Granted to gina: nothing.\n')
  expect(await site.run('swarm', 'show', 'gina')).not.toContain('granted')
  for (const argv of [[], ['deploy:staging', '--none']]) {
    expect(await site.refused('swarm', 'grant', 'gina', ...argv)).toMatchObject({
      exit: 2,
      message: 'Name the capabilities as A,B, or revoke all with --none.',
    })
  }
  const unknown = await site.refused('swarm', 'grant', 'nobody', 'deploy:staging')
  expect(unknown).toMatchObject({ exit: 3, code: 'NOT_FOUND' })
})
