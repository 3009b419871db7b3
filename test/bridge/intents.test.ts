import { describe, expect, test } from 'vitest'
import { type Intent, type KnownTasks, planIntents } from '../../src/bridge/intents.js'
import { type ClaimMemory, digestOf } from '../../src/bridge/memory.js'
import { readStatus } from '../../src/bridge/status/read-status.js'
import type { TaskView } from '../../src/client/operation-types.js'

const COMMIT = 'c'.repeat(40)

function held(task: string, rest: Partial<ClaimMemory> = {}): ClaimMemory {
  return { task, epoch: 7, leaseEndsAt: '2026-01-01T02:00:00.000Z', blockers: [], ...rest }
}

/** What follows from a status file for an agent that holds some tasks, while the fabric has A, B and the filler F. */
function plan(text: string, claims: readonly ClaimMemory[] = [], rows: Record<string, Partial<TaskView>> = {}) {
  const { status } = readStatus('STATUS-A.yaml', new TextEncoder().encode(text))
  if (status === undefined) throw new Error('the status is not readable')
  const all: Record<string, Partial<TaskView>> = { A: {}, B: {}, 'P-1': {}, F: { kind: 'filler' }, ...rows }
  const known: KnownTasks = new Map(
    Object.entries(all).map(([id, row]) => [id, { id, kind: 'primary', ...row } as TaskView]),
  )
  return planIntents({ status, memory: { claims, commit: COMMIT }, known })
}

function kinds(intents: readonly Intent[]): string[] {
  return intents.map(({ kind, task }) => `${kind} ${task}`)
}

describe('what a status file comes to', () => {
  test.each<[string, string, ClaimMemory[], string[]]>([
    ['a task that is not held', 'task: A', [], ['claim A']],
    ['a task that is held', 'task: A', [held('A')], ['beat A']],
    ['progress', 'task: A\nprogress: 50%', [held('A')], ['beat A', 'milestone A']],
    ['less than a quarter', 'task: A\nprogress: 10%', [held('A')], ['beat A']],
    ['what ends before what begins', 'completed: A\ntask: B', [held('A')], ['complete A', 'claim B']],
    ['a task that was done between two looks', 'completed: A', [], ['claim A', 'complete A']],
    ['a state about the only task', 'status: completed', [held('A')], ['complete A']],
    ['a state about nothing in particular', 'status: completed', [held('A'), held('B')], ['beat A', 'beat B']],
    ['a state about the named task', 'task: A\nstatus: failed', [held('A'), held('B')], ['fail A', 'beat B']],
    ['nothing to do', 'task: none', [held('A')], ['release A']],
    ['no word about tasks', 'session: a', [held('A')], ['beat A']],
    ['nothing to do while it is blocked', 'task: none\nblocked_on: P-1', [held('A')], ['beat A', 'block A']],
    ['filler work while it is blocked', 'task: F\nblocked_on: P-1', [held('A')], ['beat A', 'block A', 'claim F']],
    ['filler work while nothing is held', 'task: F\nblocked_on: P-1', [], ['claim F']],
    ['help with filler work', 'task: F\nneeds: a hand', [held('F')], ['beat F', 'block F']],
    ['a task given back', 'release: A', [held('A')], ['release A']],
    ['several tasks', 'tasks: [A, B]\nprogress: 25%', [], ['claim A', 'milestone A', 'claim B']],
  ])('%s', (_, text, claims, expected) => {
    expect(kinds(plan(text, claims).intents)).toEqual(expected)
  })

  test('the same progress is told once, and less than before never', () => {
    const [, milestone] = plan('task: A\nprogress: 50% - half', [held('A')]).intents
    if (milestone?.kind !== 'milestone') throw new Error('no milestone')
    const told = { percent: 50, digest: digestOf(milestone.report) } as const
    expect(kinds(plan('task: A\nprogress: 50% - half', [held('A', { told })]).intents)).toEqual(['beat A'])
    expect(kinds(plan('task: A\nprogress: 25%', [held('A', { told })]).intents)).toEqual(['beat A'])
    expect(kinds(plan('task: A\nprogress: 50% - more', [held('A', { told })]).intents)).toEqual([
      'beat A',
      'milestone A',
    ])
  })

  test('a blocker is raised once, and resolved when the file names it no longer', () => {
    const raised = held('A', { blockers: [{ id: 'blocker-9', digest: digestOf('P-1') }] })
    expect(kinds(plan('task: A\nblocked_on: P-1', [raised]).intents)).toEqual(['beat A'])
    expect(kinds(plan('task: A', [raised]).intents)).toEqual(['beat A'])
    expect(plan('task: A\nblocked_on: none', [raised]).intents[1]).toMatchObject({
      kind: 'unblock',
      blocker: 'blocker-9',
    })
    expect(kinds(plan('task: A\nblocked_on: the registry', [raised]).intents)).toEqual([
      'beat A',
      'unblock A',
      'block A',
    ])
  })

  test('a blocker waits for a task only where there is one', () => {
    expect(plan('task: A\nblocked_on: P-1', [held('A')]).intents[1]).toMatchObject({
      blocker: { kind: 'task', waitsFor: 'P-1' },
    })
    const unknown = plan('task: A\nblocked_on: P-2', [held('A')]).intents[1]
    expect(unknown).toMatchObject({ blocker: { kind: 'external', needs: 'P-2' } })
    expect(unknown).not.toHaveProperty('blocker.waitsFor')
  })

  test('a completion has the commit in which it was seen, and what the file names', () => {
    const text = 'completed: A\ncommit: 1a2b3c4\nsummary: it works\ntests_passed: 5\ndeliverable: a.ts'
    expect(plan(text, [held('A')]).intents).toEqual([
      {
        kind: 'complete',
        task: 'A',
        line: 1,
        summary: 'it works',
        evidence: [
          { kind: 'commit', commit: COMMIT },
          { kind: 'commit', commit: '1a2b3c4' },
          { kind: 'note', text: 'Deliverable of A: a.ts' },
          { kind: 'note', text: 'Tests passed: 5, failed: 0' },
        ],
      },
    ])
  })

  test('a blocker without a task is answered', () => {
    expect(plan('blocked_on: P-1').problems).toEqual([{ line: 1, problem: expect.stringContaining('current_task') }])
  })
})
