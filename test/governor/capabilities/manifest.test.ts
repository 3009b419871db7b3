import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readManifest, type SwarmManifest } from '../../../src/governor/capabilities/manifest.js'
import { LIMITS } from '../../../src/model/limits.js'
import { problemsOf } from '../policy/support.js'

const read = (source: string) => readManifest('swarm.yaml', source)
const told = (source: string) => problemsOf(() => read(source)).map(({ line, message }) => `${line}: ${message}`)

describe('a manifest', () => {
  test('says everything of one swarm', () => {
    const expected: SwarmManifest = {
      swarm: 'a',
      capabilities: ['code:go', 'test:unit'],
      granted: ['deploy:production'],
      tier: 'opus',
      capacity: 3,
      costPerHourNanos: 100_000_000,
      reputation: 0.85,
      budgetNanos: 12_500_000_000,
      metadata: { owner: 'platform' },
    }
    expect(
      read(`
swarm: a
capabilities: [code:go, test:unit]
granted: [deploy:production]
tier: opus
capacity: 3
cost_per_hour: 0.1
reputation: 0.85
budget: $12.50
metadata: { owner: platform }
`),
    ).toEqual([expected])
  })

  test('says little, and the rest is absent or a default', () => {
    const bare = { capabilities: [], capacity: 1, metadata: {} }
    expect(read('swarms: [{swarm: a}, {id: b}]')).toEqual([
      { swarm: 'a', ...bare },
      { swarm: 'b', ...bare },
    ])
  })

  test('may be the one of the example board', () => {
    const swarms = read(readFileSync(new URL('../../../examples/boards/swarms.yaml', import.meta.url), 'utf8'))
    expect(swarms).toHaveLength(7)
    expect(swarms[0]).toMatchObject({ swarm: 'atlas', tier: 'opus', metadata: { branch: 'swarm/atlas' } })
  })
})

describe('refused, with its line, is', () => {
  test.each([
    ['an empty file', '', '1: swarm is missing. Add it.'],
    ['a list of nothing', 'swarms: []', '1: swarms is too short. It needs at least 1.'],
    ['a swarm without a name', 'swarms:\n- swarm: a\n- capacity: 2', '3: swarms[1].swarm is missing. Add it.'],
    ['a swarm with two names', 'swarm: a\nid: a', '2: id says the same as swarm. Keep one of the two.'],
    ['a swarm named twice', 'swarms:\n- swarm: a\n- id: a', '3: swarms[1] is a again. Keep one of them.'],
    [
      'the orchestrator',
      'swarms:\n- id: orchestrator',
      '2: swarms[0].id is orchestrator, which is reserved for its inbox. Choose another.',
    ],
    [
      'an unknown key',
      'swarms:\n- swarm: a\n  cost_per_hours: 1',
      '3: swarms[0].cost_per_hours is no key that is known here. Did you mean cost_per_hour?',
    ],
    [
      'an unknown key beside the list',
      'swarms:\n- swarm: a\nswarm: b',
      '3: swarm is no key that is known here. Did you mean swarms?',
    ],
    ['no capacity', 'swarm: a\ncapacity: 0', '2: capacity is too small. The least is 1.'],
    ['a reputation in percent', 'swarm: a\nreputation: 85', '2: reputation is too large. The most is 1.'],
    ['a capability that is no id', 'swarm: a\ncapabilities:\n- code:go\n- code go', /^4: capabilities\[1\] is no id\./],
    ['a budget below nothing', 'swarm: a\nbudget: -1', '2: budget is too small. The least is 0.'],
    ['metadata that is a number', 'swarm: a\nmetadata:\n  port: 5', '3: metadata.port is no text. Put it in quotes.'],
    ['a key of metadata that is no id', 'swarm: a\nmetadata:\n  a b: x', /^3: metadata\."a b" is no key of metadata\./],
    ['a list without its key', '- swarm: a', '1: The file is no map. Write its keys below it, indented.'],
  ])('%s', (_, source, message) => {
    expect(told(source)).toEqual([typeof message === 'string' ? message : expect.stringMatching(message)])
  })

  test('more swarms than a manifest may have, and more metadata', () => {
    const swarms = Array.from({ length: LIMITS.manifestSwarms + 1 }, (_, index) => `- swarm: s${index}\n`)
    expect(told(`swarms:\n${swarms.join('')}`)).toEqual(['1: swarms is too long. At most 5000 items are allowed.'])
    expect(read(`swarms:\n${swarms.slice(1).join('')}`)).toHaveLength(LIMITS.manifestSwarms)
    const metadata = Array.from({ length: LIMITS.metadataKeys + 1 }, (_, index) => `k${index}: x`).join(', ')
    expect(told(`swarm: a\nmetadata: {${metadata}}`)).toEqual([
      '2: metadata has too many keys. At most 32 are allowed.',
    ])
  })
})
