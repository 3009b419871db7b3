import { describe, expect, test } from 'vitest'
import { visible } from '../../src/cli/answer.js'
import { type Call, CliCommand, type Run } from '../../src/cli/command.js'
import { addWitnessTrace, treeLines } from '../../src/cli/witness-trace.js'
import type { FabricClient } from '../../src/client/client.js'
import { LIMITS } from '../../src/model/limits.js'
import type { TraceNodeView, TraceView } from '../../src/operations/witness-trace.js'
import { openSite } from './console.js'

const leaf = (text: string): TraceNodeView => ({ text, children: [] })

const TRACE: TraceView = {
  kind: 'task',
  id: 'A',
  also: [],
  size: 9,
  nodes: 3,
  complete: true,
  root: {
    text: 'A "Begin": available',
    children: [
      {
        index: 3,
        at: '2026-01-01T00:00:01.250Z',
        actor: 'admin',
        text: 'created "Begin"',
        children: [leaf('needs B')],
      },
    ],
  },
}

/** Runs the command against a client that always gives the same trace; resolves with the answer and what was asked. */
async function traced(trace: TraceView, ...argv: string[]) {
  const asked: unknown[] = []
  const lines: string[] = []
  const answer = async (input: unknown) => {
    asked.push(input)
    return trace
  }
  const client = { witness: { trace: answer } }
  const run: Run = async (work) => {
    const call = { connect: async () => client as unknown as FabricClient } as Call
    lines.push(...((await work(call))?.lines ?? []))
  }
  const group = new CliCommand(run, 'witness')
  addWitnessTrace(group)
  await group.parseAsync(['trace', ...argv], { from: 'user' })
  return { asked, lines }
}

describe('witness trace', () => {
  test('draws a line for each node', async () => {
    const { asked, lines } = await traced(TRACE, 'A')
    expect(asked).toEqual([{ id: 'A' }])
    expect(lines).toEqual(['A "Begin": available', '└─ #3 2026-01-01 00:00:01Z admin created "Begin"', '   └─ needs B'])
  })

  test.each(['task', 'swarm', 'trace'])('asks for a %s when told so', async (kind) => {
    const { asked } = await traced(TRACE, 'A', `--${kind}`)
    expect(asked).toEqual([{ id: 'A', as: kind }])
  })

  test('says what else has the name, and that something is missing', async () => {
    const { lines } = await traced({ ...TRACE, also: ['swarm', 'trace'], complete: false }, 'A')
    expect(lines.slice(3)).toEqual([
      '',
      'There is also a swarm of this name: ifab witness trace A --swarm',
      'There is also a trace of this name: ifab witness trace A --trace',
      'This is not everything: what is missing is named where it belongs.',
    ])
  })

  test('refuses two kinds at once, and what is no name', async () => {
    const invalid = { code: 'INVALID_ARGUMENT' }
    await expect(traced(TRACE, 'A', '--task', '--swarm')).rejects.toMatchObject(invalid)
    await expect(traced(TRACE, 'no name')).rejects.toMatchObject(invalid)
    await expect(traced(TRACE)).rejects.toMatchObject(invalid)
  })
})

test('a running fabric tells its own log', async () => {
  await using site = await openSite()
  await site.run('task', 'create', 'A', '--title', 'turned \u202earound')
  const { root, size } = await site.json<TraceView>('witness', 'trace', 'A')
  expect(root.children[0]).toMatchObject({ actor: 'admin', text: 'created "turned \\u202earound"' })
  const text = await site.run('witness', 'trace', 'A')
  expect(text).toMatch(
    /^A "turned \\u202earound": available\n└─ #\d+ [\d-]+ [\d:]+Z admin created "turned \\u202earound"\n$/,
  )
  const refused = await site.refused('witness', 'trace', 'A', '--swarm')
  expect(refused).toMatchObject({ exit: 3, code: 'NOT_FOUND', details: { sought: ['swarm'], size } })
})

describe('a drawn tree', () => {
  test('has branches for what follows and names what was left out', () => {
    const root = { text: 'root', children: [{ text: 'a', children: [leaf('b')], leftOut: 1 }, leaf('c')], leftOut: 2 }
    expect(treeLines(root)).toEqual([
      'root',
      '├─ a',
      '│  ├─ b',
      '│  └─ (1 more line left out: the tree has as many as it may)',
      '├─ c',
      '└─ (2 more lines left out: the tree has as many as it may)',
    ])
  })

  test('of the greatest size, and as deep as can be, is drawn', () => {
    const wide = { text: 'root', children: Array.from({ length: LIMITS.traceNodes - 1 }, (_, at) => leaf(String(at))) }
    expect(treeLines(wide).map(visible)).toHaveLength(LIMITS.traceNodes)
    let deep = leaf('end')
    for (let depth = 0; depth < LIMITS.traceTasks * 4; depth += 1) deep = { text: 'step', children: [deep] }
    expect(treeLines(deep).at(-1)).toMatch(/└─ end$/)
  })
})
