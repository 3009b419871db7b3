import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CriticalPaths } from '../../src/coordinator/critical-path.js'
import { evolve } from '../../src/coordinator/evolve.js'
import { DEFAULT_POLICY } from '../../src/coordinator/policy.js'
import { FabricState } from '../../src/coordinator/state.js'
import { makeTask } from '../../src/testing/factories.js'

/** A graph that can change, and counts how often it is asked for dependents. */
class Work {
  readonly estimates = new Map<string, number>()
  readonly dependencies = new Map<string, string[]>()
  readonly dependents = new Map<string, Set<string>>()
  asked = 0
  readonly paths = new CriticalPaths({
    estimateOf: (id) => this.estimates.get(id),
    dependenciesOf: (id) => this.dependencies.get(id) ?? [],
    dependentsOf: (id) => {
      this.asked += 1
      return this.dependents.get(id) ?? []
    },
  })

  put(id: string, estimate: number | undefined, dependencies: string[] = this.dependencies.get(id) ?? []): void {
    if (estimate === undefined) this.estimates.delete(id)
    else this.estimates.set(id, estimate)
    this.dependencies.set(id, dependencies)
    for (const dependency of dependencies) {
      this.dependents.set(dependency, (this.dependents.get(dependency) ?? new Set()).add(id))
    }
    this.paths.touch(id)
  }

  /** The plain definition. */
  longest(id: string): number {
    const estimate = this.estimates.get(id)
    if (estimate === undefined) return 0
    return estimate + Math.max(0, ...[...(this.dependents.get(id) ?? [])].map((dependent) => this.longest(dependent)))
  }
}

describe('critical paths', () => {
  test('are those of the plain definition, whatever changes in between', () => {
    const step = fc.record({
      id: fc.nat(11),
      estimate: fc.option(fc.nat(9), { nil: undefined }),
      dependencies: fc.array(fc.nat(11), { maxLength: 3 }),
      ask: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const work = new Work()
        for (const { id, estimate, dependencies, ask } of steps) {
          const known = work.dependencies.has(`t${id}`)
          const lower = [...new Set(dependencies)].filter((other) => other < id).map((other) => `t${other}`)
          work.put(`t${id}`, estimate, known ? undefined : lower)
          if (!ask) continue
          for (let other = 0; other < 12; other += 1) {
            expect(work.paths.minutes(`t${other}`)).toBe(work.longest(`t${other}`))
          }
        }
      }),
    )
  })

  test('name every task whose path may have changed, once', () => {
    const work = new Work()
    work.put('a', 1)
    work.put('b', 1, ['a'])
    work.paths.minutes('a')
    work.paths.takeChanged()
    work.put('c', 5, ['b'])
    expect(work.paths.takeChanged().sort()).toEqual(['a', 'b', 'c'])
    expect(work.paths.takeChanged()).toEqual([])
  })

  test('of a long chain cost as much as it has tasks', () => {
    const work = new Work()
    for (let link = 0; link < 20_000; link += 1) work.put(`t${link}`, 1, link === 0 ? [] : [`t${link - 1}`])
    expect(work.paths.minutes('t0')).toBe(20_000)
    expect(work.asked).toBeLessThan(100_000)
  })

  test('of a ladder with two ways at each rung cost as much as it has rungs', () => {
    const work = new Work()
    work.put('t0', 1)
    for (let rung = 1; rung < 200; rung += 1) {
      work.put(`left${rung}`, 1, [`t${rung - 1}`])
      work.put(`right${rung}`, 2, [`t${rung - 1}`])
      work.put(`t${rung}`, 1, [`left${rung}`, `right${rung}`])
    }
    expect(work.paths.minutes('t0')).toBe(1 + 199 * 3)
    expect(work.asked).toBeLessThan(10_000)
  })
})

test('a rank follows a path that changed after the task came into line', () => {
  const state = new FabricState(DEFAULT_POLICY)
  const create = (index: number, id: string, estimateMinutes: number, dependencies: string[] = []) =>
    evolve(state, {
      type: 'task_created',
      index,
      at: 0,
      actor: 'admin',
      subject: id,
      data: makeTask(id, { estimateMinutes, dependencies }),
    })
  create(1, 'early', 10)
  create(2, 'late', 5)
  const first = () => [...state.claimable()][0]?.ranks.first()?.task
  expect(first()).toBe('early')
  create(3, 'tail', 30, ['late'])
  expect(first()).toBe('late')
})
