import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseBoard } from '../../src/board/parse.js'
import { findCycles } from '../../src/model/graph.js'
import { isId } from '../../src/model/ids.js'
import { formatDollars, parseDollars } from '../../src/model/money.js'
import { operations } from '../../src/operations/table.js'
import { parseText, parseTexts } from './support.js'

const fragments = fc.constantFrom(
  ...[
    '| ID | Task | Depends on | Status | Est |',
    '| --- | --- | --- | --- | --- |',
    '| P0.1 | x | All above | ✅ | 2h |',
  ],
  ...[
    '| P0.2 | y | P0.1-P0.9 |',
    '### P0.1: Title ⏳',
    '## Filler Tasks (3)',
    '**Blocked Until:** P0.1, P0.2 completed',
  ],
  ...[
    '**Milestones:**',
    '- [ ] 25% - x',
    '- [ ] F1.1: x (15 min, Low)',
    '**Key Tests:**',
    '```python',
    '- test_x()',
    '```',
  ],
  ...['> quote', '---', '', '', '<!--', '**Estimate:** 99', '\t\t- deep', '- [x] ', '###', '| | |', '[x]: y', 'âœ…'],
  ...[
    '| P0.3 | a\u001b[2J | P0.1 |',
    '### P0.4: &#12;',
    '**Model:** \u0000',
    '- [ ] F1.2: \u009b x<br>y',
    '**Deliverable:** &#12;',
  ],
)
const markdown = fc
  .array(fc.oneof(fragments, fc.string({ unit: 'binary', maxLength: 20 })))
  .map((lines) => lines.join('\n'))
const importInput = operations.board.import.input

const yaml = fc
  .array(
    fc.constantFrom(
      'board: b',
      'tasks:',
      '  - id: A1',
      '    title: x',
      '    title: "\\e[2J"',
      '    title: "a\\nb\\ud800"',
      '    description: "\\x07"',
      '    acceptance: ["\\x07", "a\\rb"]',
      '  - {',
      '&a',
      '*a',
      ' deps: [',
      '? :',
      '!!int x',
      '\t',
    ),
  )
  .map((lines) => lines.join('\n'))

describe('bad input', () => {
  test('of any bytes becomes problems, never an exception', () => {
    const name = fc.constantFrom('a.md', 'a.yaml', 'a.json')
    fc.assert(
      fc.property(name, fc.uint8Array({ maxLength: 200 }), (file, bytes) => {
        parseBoard([{ name: file, bytes }], { board: 'b' })
      }),
    )
  })

  test('of any lines becomes tasks that hold together, or problems', () => {
    fc.assert(
      fc.property(markdown, markdown, yaml, (a, b, c) => {
        const { tasks, problems } = parseTexts({ 'a.md': a, 'b.md': b, 'c.yaml': c })
        const ids = new Set(tasks.map(({ spec }) => spec.id))
        expect(ids.size).toBe(tasks.length)
        for (const { spec } of tasks) {
          expect(isId(spec.id) && spec.title !== '').toBe(true)
          expect(importInput.safeParse({ board: 'harbour', tasks: [{ spec }] }).error?.issues).toBeUndefined()
          for (const dependency of spec.dependencies) expect(ids.has(dependency)).toBe(true)
        }
        for (const { line, message } of problems) {
          expect(line).toBeGreaterThan(0)
          expect(message).toMatch(/[.?]$/)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('nested past the stack is reported', () => {
    const { problems } = parseTexts({ 'a.yaml': `tasks: ${'['.repeat(20_000)}` })
    expect(problems.some(({ code, severity }) => code === 'unreadable' && severity === 'error')).toBe(true)
    expect(parseText(`${'>'.repeat(2_000)}x`).problems.map(({ code }) => code)).toEqual(['too_large'])
  })
})

describe('cycles', () => {
  test('are found exactly where dependencies lead back', () => {
    const nodes = ['a', 'b', 'c', 'd', 'e']
    const edges = fc.array(fc.tuple(fc.constantFrom(...nodes), fc.constantFrom(...nodes)), { maxLength: 8 })
    fc.assert(
      fc.property(edges, (pairs) => {
        const graph = new Map(nodes.map((node) => [node, pairs.filter(([from]) => from === node).map(([, to]) => to)]))
        const cycles = [...findCycles(graph.keys(), (id) => graph.get(id))]
        for (const cycle of cycles) {
          expect(cycle[0]).toBe(cycle.at(-1))
          for (const [index, id] of cycle.slice(1).entries()) expect(graph.get(cycle[index] ?? '')).toContain(id)
        }
        expect(cycles.length > 0).toBe(nodes.some((node) => reaches(graph, node)))
      }),
    )
  })
})

function reaches(graph: ReadonlyMap<string, readonly string[]>, start: string): boolean {
  const seen = new Set<string>()
  const queue = [...(graph.get(start) ?? [])]
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (id === start) return true
    if (seen.has(id)) continue
    seen.add(id)
    queue.push(...(graph.get(id) ?? []))
  }
  return false
}

describe('sums of dollars', () => {
  test('are exact', () => {
    expect([parseDollars('$0.000000001'), parseDollars('1,000'), parseDollars('2 USD')]).toEqual([1, 1e12, 2e9])
    expect([parseDollars('$12,345.50'), parseDollars('1,50'), parseDollars('1,5000')]).toEqual([
      12_345.5e9,
      undefined,
      undefined,
    ])
    expect([parseDollars('-1'), parseDollars('1.0000000001'), parseDollars('ten')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e15 }), (nanos) => parseDollars(formatDollars(nanos)) === nanos))
  })
})
