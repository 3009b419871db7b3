import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/model/limits.js'
import { makeTask } from '../../../src/testing/index.js'
import { traceOf } from '../../../src/witness/query/trace.js'
import type { TraceNode } from '../../../src/witness/query/trace-tree.js'
import { askOf, drawn, type History, type MadeEntry, makeHistory } from './trace-history.js'

const HASTY = { leaseMs: 60_000, stallMs: 20_000, backoffMs: 1_000 }

/** A board whose task B is lost by its first holder, and completed by the second with help of a swarm that a person asks. */
async function makeStory(): Promise<History> {
  const history = await makeHistory({ policy: HASTY })
  await history.register('ada', 'bob', 'eve')
  const needsA = makeTask('B', { dependencies: ['A'] })
  await history.importBoard('plan', makeTask('A'), needsA, makeTask('C', { dependencies: ['A', 'B'] }))
  await history.complete('A', 'ada', await history.claim('A', 'ada'))
  const lost = await history.claim('B', 'ada')
  await history.send({ type: 'report_milestone', task: 'B', epoch: lost, percent: 25, note: 'begun' })
  await history.advance(61_000)
  const epoch = await history.claim('B', 'bob')
  const late = { type: 'complete_task', task: 'B', swarm: 'ada', epoch: lost, evidence: [] } as const
  expect(await history.refusal(late, 'swarm:ada')).toBe('STALE_CLAIM')
  await getHelp(history, epoch)
  await history.complete('B', 'bob', epoch)
  return history
}

async function getHelp({ send }: History, epoch: number): Promise<void> {
  const raised = { type: 'raise_blocker', task: 'B', epoch, kind: 'help', needs: 'another pair of eyes' } as const
  const { id: blocker } = await send({ ...raised, requires: [] }, 'swarm:bob')
  await send({ type: 'assign_helpers', blocker, swarms: ['ada', 'eve'] })
  await send({ type: 'answer_help', blocker, swarm: 'ada', accept: false, reason: 'busy' }, 'swarm:ada')
  const { helpers } = await send({ type: 'answer_help', blocker, swarm: 'eve', accept: true }, 'swarm:eve')
  const accepted = helpers.find(({ swarm }) => swarm === 'eve')?.epoch ?? -1
  await send({ type: 'resolve_blocker', blocker, swarm: 'eve', epoch: accepted, resolution: 'a comma' }, 'swarm:eve')
}

describe('the trace of a task', () => {
  test('nests everything under the claim, the blocker or the import that it follows from', async () => {
    await using history = await makeStory()
    expect(await history.tree('B')).toEqual([
      'B "Task B": completed by bob under epoch 17',
      '├─ #6 00:00 admin board plan imported: 3 created',
      '│  └─ #8 00:00 admin created "Task B"',
      '│     └─ needs A "Task A": completed by ada under epoch 10',
      '│        ├─ #6 00:00 admin board plan imported: 3 created',
      '│        │  └─ #7 00:00 admin created "Task A"',
      '│        └─ #10 00:00 swarm:ada claimed by ada under epoch 10, attempt 1, lease 1m, holds $10.00',
      '│           └─ #11 00:00 swarm:ada completed by ada under epoch 10',
      '├─ #12 00:00 swarm:ada can start: its dependencies are completed',
      '├─ #13 00:00 swarm:ada claimed by ada under epoch 13, attempt 1, lease 1m, holds $10.00',
      '│  ├─ #14 00:00 swarm:ada 25%: "begun"',
      '│  ├─ #15 00:20 fabric silent since 2026-01-01T00:00:00.000Z',
      '│  ├─ #16 01:00 fabric lost: the lease ran out without a heartbeat',
      '│  └─ #18 01:01 swarm:ada REFUSED "complete_task": STALE_CLAIM',
      '└─ #17 01:01 swarm:bob claimed by bob under epoch 17, attempt 2, lease 1m, holds $10.00',
      '   ├─ #19 01:01 swarm:bob blocker-19: stuck (help): "another pair of eyes"',
      '   │  ├─ #20 01:01 swarm:bob help asked of ada, holds $10.00',
      '   │  ├─ #21 01:01 admin help asked of eve',
      '   │  ├─ #22 01:01 swarm:ada ada does not help: "busy"',
      '   │  ├─ #23 01:01 swarm:eve eve helps, under epoch 23',
      '   │  └─ #24 01:01 swarm:eve resolved by eve: "a comma"',
      '   └─ #25 01:01 swarm:bob completed by bob under epoch 17',
    ])
  })

  test('tells other tasks in outline, each once', async () => {
    await using history = await makeStory()
    expect(await history.tree('C')).toEqual([
      'C "Task C": available',
      '├─ #6 00:00 admin board plan imported: 3 created',
      '│  └─ #9 00:00 admin created "Task C"',
      '│     ├─ needs A "Task A": completed by ada under epoch 10',
      '│     │  ├─ #6 00:00 admin board plan imported: 3 created',
      '│     │  │  └─ #7 00:00 admin created "Task A"',
      '│     │  └─ #10 00:00 swarm:ada claimed by ada under epoch 10, attempt 1, lease 1m, holds $10.00',
      '│     │     └─ #11 00:00 swarm:ada completed by ada under epoch 10',
      '│     └─ needs B "Task B": completed by bob under epoch 17',
      '│        ├─ #6 00:00 admin board plan imported: 3 created',
      '│        │  └─ #8 00:00 admin created "Task B"',
      '│        │     └─ needs A "Task A": completed by ada under epoch 10, see above',
      '│        ├─ #13 00:00 swarm:ada claimed by ada under epoch 13, attempt 1, lease 1m, holds $10.00',
      '│        │  └─ #16 01:00 fabric lost: the lease ran out without a heartbeat',
      '│        ├─ #17 01:01 swarm:bob claimed by bob under epoch 17, attempt 2, lease 1m, holds $10.00',
      '│        │  └─ #25 01:01 swarm:bob completed by bob under epoch 17',
      '│        └─ 10 more in the trace of B',
      '└─ #26 01:01 swarm:bob can start: its dependencies are completed',
    ])
  })

  test('shows failures, what a person decided after them, and updates by a board', async () => {
    await using history = await makeHistory({ policy: { ...HASTY, retentionMs: 60_000 } })
    await history.register('ada')
    await history.importBoard('plan', makeTask('A'))
    const first = await history.claim('A', 'ada')
    await history.send({ type: 'fail_task', task: 'A', epoch: first, reason: 'flaky', retry: true }, 'swarm:ada')
    await history.advance(1_000)
    await history.importBoard('plan', makeTask('A', { title: 'Again', priority: 60 }))
    const second = await history.claim('A', 'ada')
    await history.send(
      { type: 'fail_task', task: 'A', epoch: second, reason: 'no compiler', retry: false },
      'swarm:ada',
    )
    await history.send({ type: 'retry_task', task: 'A' })
    await history.claim('A', 'ada')
    await history.send({ type: 'cancel_task', task: 'A', reason: 'superseded', cascade: false })
    await history.advance(60_000)
    expect(await history.tree('A')).toEqual([
      'A "Again": cancelled',
      '├─ #4 00:00 admin board plan imported: 1 created',
      '│  └─ #5 00:00 admin created "Task A"',
      '├─ #6 00:00 swarm:ada claimed by ada under epoch 6, attempt 1, lease 1m, holds $10.00',
      '│  └─ #7 00:00 swarm:ada attempt failed: "flaky", offered again at 2026-01-01T00:00:01.000Z',
      '├─ #8 00:01 fabric offered again: its backoff ended',
      '├─ #9 00:01 admin board plan imported: 1 updated',
      '│  └─ #10 00:01 admin updated title, priority',
      '├─ #11 00:01 swarm:ada claimed by ada under epoch 11, attempt 2, lease 1m, holds $10.00',
      '│  └─ #12 00:01 swarm:ada attempt failed: "no compiler", the last one',
      '├─ #13 00:01 swarm:ada failed for good after 2 failures: "no compiler"',
      '├─ #14 00:01 admin brought back, its failures count from zero',
      '├─ #15 00:01 swarm:ada claimed by ada under epoch 15, attempt 3, lease 1m, holds $10.00',
      '├─ #16 00:01 admin cancelled: "superseded"',
      '└─ #17 01:01 fabric left memory as cancelled',
    ])
  })

  test('says what a task is waiting for', async () => {
    await using history = await makeHistory()
    await history.register('ada')
    await history.create('A')
    await history.create('X', { external: true })
    await history.create('B', { dependencies: ['A', 'X'] })
    const heads = async () => Promise.all(['A', 'X', 'B'].map(async (id) => (await history.trace(id)).root.text))
    expect(await heads()).toEqual([
      'A "Task A": available',
      'X "Task X": outside this fabric, not done',
      'B "Task B": waiting for A, X',
    ])
    const epoch = await history.claim('A', 'ada')
    const raised = {
      type: 'raise_blocker',
      task: 'A',
      epoch,
      kind: 'task',
      needs: 'the end of X',
      waitsFor: 'X',
    } as const
    await history.send({ ...raised, requires: [] })
    expect((await history.trace('A')).root.text).toMatch(
      /^A "Task A": claimed by ada under epoch \d+, stuck on blocker-\d+$/,
    )
    expect((await history.tree('A')).join('\n')).toContain('needs X "Task X": outside this fabric, not done')
    expect((await history.tree('X')).join('\n')).not.toContain('stuck')
    await history.send({ type: 'complete_task', task: 'X', evidence: [] })
    await history.send({ type: 'fail_task', task: 'A', epoch, reason: 'flaky', retry: true })
    expect(await heads()).toEqual([
      'A "Task A": waiting for the end of its backoff',
      'X "Task X": completed',
      'B "Task B": waiting for A',
    ])
  })

  test('does not ascribe to an import what was created beside it', async () => {
    await using history = await makeHistory()
    await history.importBoard('plan', makeTask('A'))
    await history.register('ada', 'bob')
    await history.create('B', { board: 'plan', dependencies: ['A'] })
    await history.importBoard('plan', makeTask('C'))
    await history.advance(1_000)
    await history.create('D', { board: 'plan', dependencies: ['C'] })
    for (const id of ['B', 'D']) {
      const [first] = (await history.trace(id)).root.children
      expect(first?.text).toBe(`created "Task ${id}"`)
      expect(first?.children[0]?.children[0]?.text).toBe('board plan imported: 1 created')
    }
  })

  test('takes a task for never created when only refusals name it', async () => {
    const refused = { code: 'FORBIDDEN', operation: 'claim_task', count: 1, firstAt: 0, lastAt: 0, task: 'ghost' }
    const ask = askOf([{ name: 'request_refused', subject: 'ghost', data: refused }])
    expect(drawn(await traceOf(ask, 'ghost'))).toEqual([
      'ghost: never created',
      '└─ #0 00:00 admin REFUSED "claim_task": FORBIDDEN',
    ])
  })
})

const created = (id: string, dependencies: string[] = []): MadeEntry => ({
  name: 'task_created',
  subject: id,
  data: makeTask(id, { dependencies }),
})

function count(node: TraceNode): number {
  return node.children.reduce((sum, child) => sum + count(child), 1)
}

function leftOut(node: TraceNode): number {
  return node.children.reduce((sum, child) => sum + leftOut(child), node.leftOut ?? 0)
}

describe('bounds', () => {
  test('a cycle ends where it closes', async () => {
    const trace = await traceOf(askOf([created('A', ['B']), created('B', ['C']), created('C', ['A', 'C'])]), 'A')
    expect(trace.complete).toBe(true)
    expect(drawn(trace)).toEqual([
      'A "Task A": waiting for B',
      '└─ #0 00:00 admin created "Task A"',
      '   └─ needs B "Task B": waiting for C',
      '      └─ #1 00:01 admin created "Task B"',
      '         └─ needs C "Task C": waiting for A, C',
      '            └─ #2 00:02 admin created "Task C"',
      '               ├─ needs A "Task A": waiting for B, see above',
      '               └─ needs C "Task C": waiting for A, C, see above',
    ])
  })

  test('a task with more entries than are read says where it was cut', async () => {
    const more = Array.from({ length: LIMITS.traceEntries }, () => ({ name: 'task_retried', subject: 'A' }))
    const trace = await traceOf(askOf([created('A'), ...more]), 'A')
    expect(trace).toMatchObject({ complete: false, nodes: LIMITS.traceNodes, size: LIMITS.traceEntries + 1 })
    expect(count(trace.root)).toBe(LIMITS.traceNodes)
    expect(trace.root.leftOut).toBe(2)
    expect(drawn(trace).at(-1)).toBe('└─ (2 more lines left out: the tree has as many as it may)')
  })

  test('entries that are large are read up to a number of bytes', async () => {
    const note = { name: 'task_retried', subject: 'A', data: { note: 'x'.repeat(60_000) } }
    const trace = await traceOf(askOf([created('A'), ...Array.from({ length: 1_200 }, () => note)]), 'A')
    expect(trace.complete).toBe(false)
    expect(trace.root.children.at(-1)?.text).toMatch(/^not shown: entries of A from #1\d\d\d on, there are too many$/)
  })

  test('what happened to the task itself has its place before what it waited for', async () => {
    const retried = (subject: string, times: number): MadeEntry[] =>
      Array.from({ length: times }, () => ({ name: 'task_retried', subject }))
    const names = Array.from({ length: 200 }, (_, position) => `D${position}`)
    const lives = names.flatMap((id) => [created(id), ...retried(id, 47)])
    const trace = await traceOf(askOf([...lives, created('A', names), ...retried('A', 380)]), 'A')
    expect(trace.complete).toBe(false)
    expect(trace.root.children).toHaveLength(381)
    expect(trace.root.leftOut).toBeUndefined()
    expect(count(trace.root)).toBe(LIMITS.traceNodes)
    // One line for A, 381 for its entries, and for each of the others one for itself and 48 for its entries.
    expect(leftOut(trace.root)).toBe(1 + 381 + 200 * 49 - LIMITS.traceNodes)
  })

  test('a chain is followed so far, and a crowd of dependencies so wide', async () => {
    const chain = Array.from({ length: LIMITS.traceDepth + 2 }, (_, at) =>
      created(`T${at}`, at === 0 ? [] : [`T${at - 1}`]),
    )
    const deep = await traceOf(askOf(chain), `T${LIMITS.traceDepth + 1}`)
    expect(deep.complete).toBe(false)
    expect(drawn(deep).at(-1)?.trim()).toBe('└─ needs T0, which is not followed here: see its own trace')

    const crowd = Array.from({ length: LIMITS.traceTasks }, (_, at) => `T${at}`)
    const wide = await traceOf(askOf([...crowd.map((id) => created(id)), created('A', crowd)]), 'A')
    expect(wide.complete).toBe(false)
    expect(drawn(wide).filter((line) => line.includes('not followed here'))).toHaveLength(1)
  })

  test('entries that are written while it reads do not tear the picture', async () => {
    const log = [created('A', ['B']), created('B')]
    let asked = 0
    const trace = await traceOf(async (filter, page) => {
      asked += 1
      if (asked > 1) log.push({ name: 'task_cancelled', subject: 'B' })
      return askOf(log)(filter, page)
    }, 'A')
    expect(trace).toMatchObject({ size: 2, complete: true })
    expect(drawn(trace).join('\n')).not.toContain('cancelled')
  })
})
