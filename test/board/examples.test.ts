import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseBoard } from '../../src/board/parse.js'
import { findCycles } from '../../src/model/graph.js'
import { isId } from '../../src/model/ids.js'
import type { TaskSpec } from '../../src/model/task.js'

interface Swarm {
  readonly id: string
  readonly tier: string
  readonly capabilities: readonly string[]
  readonly metadata: { readonly branch: string }
}

const MINIMUM_MATCH = 0.7
const TIERS = ['haiku', 'sonnet', 'opus']

const read = (name: string) => readFileSync(new URL(`../../examples/boards/${name}`, import.meta.url))
const files = ['phase-0-board.md', 'phase-0-fillers.md'].map((name) => ({ name, bytes: read(name) }))
const document = parseBoard(files, { board: 'phase-0' })
const specs = document.tasks.map(({ spec }) => spec)
const { swarms } = parse(read('swarms.yaml').toString()) as { swarms: readonly Swarm[] }

function isEligible(swarm: Swarm, { requires, tier = 'haiku' }: TaskSpec): boolean {
  const matched = requires.filter((capability) => swarm.capabilities.includes(capability)).length
  const enough = requires.length === 0 || matched / requires.length >= MINIMUM_MATCH
  return enough && TIERS.indexOf(swarm.tier) >= TIERS.indexOf(tier)
}

describe('the example board', () => {
  test('has no problems', () => {
    expect(document.problems).toEqual([])
  })

  test('has 30 primary tasks and 20 fillers, and waits for nothing outside', () => {
    expect(specs.filter(({ kind }) => kind === 'primary')).toHaveLength(30)
    expect(specs.filter(({ kind }) => kind === 'filler')).toHaveLength(20)
    expect(specs.filter(({ external }) => external)).toEqual([])
  })

  test('has a dependency graph of several levels that ends in the release', () => {
    const graph = new Map(specs.map(({ id, dependencies }) => [id, dependencies]))
    expect([...findCycles(graph.keys(), (id) => graph.get(id))]).toEqual([])
    const depth = (id: string): number => 1 + Math.max(0, ...(graph.get(id) ?? []).map(depth))
    expect(depth('P0.5.3')).toBeGreaterThanOrEqual(7)
    expect(graph.get('P0.5.3')).toHaveLength(29)
    const ready = specs.filter(({ kind, dependencies }) => kind === 'primary' && dependencies.length === 0)
    expect(ready.map(({ id }) => id)).toEqual(['P0.1.1', 'P0.2.1', 'P0.3.1'])
  })

  test('says of every task how long it takes, which tier it needs and, of primary ones, which capabilities', () => {
    for (const { id, kind, requires, tier, estimateMinutes } of specs) {
      expect({ id, estimated: estimateMinutes !== undefined }).toEqual({ id, estimated: true })
      expect(TIERS).toContain(tier)
      if (kind === 'primary') expect(requires.length).toBeGreaterThan(0)
      for (const capability of requires) expect(capability).toMatch(/^[a-z]+:[a-z]+$/)
    }
    expect(
      specs.some(({ milestones, acceptance, keyTests }) => milestones.length * acceptance.length * keyTests.length),
    ).toBe(true)
  })

  test('finds a swarm for every task, and a task for every swarm', () => {
    expect(swarms).toHaveLength(7)
    expect(new Set(swarms.map(({ tier, capabilities }) => `${tier} ${capabilities}`)).size).toBe(7)
    expect(new Set(swarms.map(({ tier }) => tier))).toEqual(new Set(TIERS))
    for (const { id, metadata } of swarms) expect(isId(id) && metadata.branch === `swarm/${id}`).toBe(true)
    const nobody = specs.filter((spec) => !swarms.some((swarm) => isEligible(swarm, spec)))
    expect(nobody.map(({ id }) => id)).toEqual([])
    const idle = swarms.filter((swarm) => !specs.some((spec) => spec.kind === 'primary' && isEligible(swarm, spec)))
    expect(idle.map(({ id }) => id)).toEqual([])
  })
})
