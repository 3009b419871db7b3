import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

type Stored = { readonly type: string; readonly subject: string; readonly data: Record<string, unknown> }
type Note = { readonly change: string } & Record<string, unknown>

interface Verify {
  missingChanges(notes: readonly Note[], events: readonly Stored[]): Note[]
  changedEntries(pushed: readonly { index: number; event: Stored }[], events: readonly Stored[]): unknown[]
  brokenClaims(events: readonly Stored[]): string[]
  falseEvidence(events: readonly Stored[], directory: string): Stored[]
}

const path = new URL('../../examples/demo/verify.mjs', import.meta.url).href
const { missingChanges, changedEntries, brokenClaims, falseEvidence }: Verify = await import(path)

function stored(kind: string, subject: string, data: Record<string, unknown> = {}): Stored {
  return { type: `infrafabric.coordinator.${kind}.v1`, subject, data }
}

const LOG: readonly Stored[] = [
  stored('swarm_registered', 'alice'),
  stored('task_created', 'A1'),
  stored('task_claimed', 'A1', { swarm: 'alice' }),
  stored('milestone_reported', 'A1', { epoch: 2, percent: 25 }),
  stored('blocker_raised', 'blocker-4', { task: 'A1' }),
  stored('help_requested', 'blocker-4', { swarms: ['bob', 'carol'] }),
  stored('help_accepted', 'blocker-4', { swarm: 'bob' }),
  stored('message_sent', 'alice', { text: 'see my notes' }),
  stored('blocker_resolved', 'blocker-4', { by: 'bob' }),
  stored('task_completed', 'A1', { swarm: 'alice', epoch: 2, evidence: [] }),
  stored('usage_reported', 'A1', { epoch: 2, report: 'report-1', model: 'm', inputTokens: 9 }),
  stored('escalation_answered', 'escalation-9', { answer: 'three' }),
  stored('budget_extended', 'swarm:alice/total', { nanos: 5, reason: 'worth it' }),
  stored('breaker_closed', 'alice', { cause: 'administrator', reason: 'mended' }),
]

const NOTES: readonly Note[] = [
  { change: 'register', swarm: 'alice' },
  { change: 'create', task: 'A1' },
  { change: 'claim', task: 'A1', swarm: 'alice', epoch: 2 },
  { change: 'milestone', task: 'A1', epoch: 2, percent: 25 },
  { change: 'block', task: 'A1', epoch: 2, blocker: 'blocker-4' },
  { change: 'ask', blocker: 'blocker-4', swarms: ['bob', 'carol'] },
  { change: 'accept', blocker: 'blocker-4', swarm: 'bob', epoch: 6 },
  { change: 'message', to: 'alice', index: 7 },
  { change: 'resolve', blocker: 'blocker-4', swarm: 'bob' },
  { change: 'complete', task: 'A1', epoch: 2 },
  { change: 'usage', task: 'A1', epoch: 2, report: 'report-1', spent: { model: 'm', inputTokens: 9 } },
  { change: 'answer', escalation: 'escalation-9', answer: 'three' },
  { change: 'extend', account: 'swarm:alice/total', reason: 'worth it' },
  { change: 'reset', swarm: 'alice', reason: 'mended' },
]

describe('acknowledged changes', () => {
  test('are all found in the log that has them', () => {
    expect(missingChanges(NOTES, LOG)).toEqual([])
  })

  test.each(NOTES.map((note, index) => [note.change, index] as const))('a lost %s is missed', (_change, index) => {
    const without = LOG.with(index, stored('fabric_started', 'demo'))
    expect(missingChanges(NOTES, without)).toEqual([NOTES[index]])
  })

  test('a claim of somebody else under the same epoch does not count', () => {
    const other = LOG.with(2, stored('task_claimed', 'A1', { swarm: 'bob' }))
    expect(missingChanges(NOTES, other)).toEqual([NOTES[2]])
  })

  test('usage that was booked otherwise does not count', () => {
    const other = LOG.with(
      10,
      stored('usage_reported', 'A1', { epoch: 2, report: 'report-1', model: 'm', inputTokens: 8 }),
    )
    expect(missingChanges(NOTES, other)).toEqual([NOTES[10]])
  })

  test('a log that ends too early is noticed', () => {
    expect(missingChanges(NOTES, LOG.slice(0, 6))).toEqual(NOTES.slice(6))
  })
})

describe('pushed entries', () => {
  const pushed = LOG.map((event, index) => ({ index, event }))

  test('are found in the log', () => {
    expect(changedEntries(pushed, LOG)).toEqual([])
  })

  test('are missed when the log has them otherwise or not at all', () => {
    const changed = LOG.with(3, stored('milestone_reported', 'A1', { epoch: 2, percent: 50 })).slice(0, 13)
    expect(changedEntries(pushed, changed)).toEqual([pushed[3], pushed[13]])
  })
})

describe('the rules of claims', () => {
  test('hold in a log that keeps them, also over a take-over', () => {
    const taken = [
      stored('task_claimed', 'A1', { swarm: 'alice' }),
      stored('task_released', 'A1', { swarm: 'alice', epoch: 0 }),
      stored('task_claimed', 'A1', { swarm: 'bob' }),
      stored('task_completed', 'A1', { swarm: 'bob', epoch: 2 }),
    ]
    expect(brokenClaims(LOG)).toEqual([])
    expect(brokenClaims(taken)).toEqual([])
  })

  test('are broken by a second live claim', () => {
    const twice = [stored('task_claimed', 'A1', { swarm: 'alice' }), stored('task_claimed', 'A1', { swarm: 'bob' })]
    expect(brokenClaims(twice)).toEqual(['A1 is claimed at 1 under the live epoch 0'])
  })

  test('are broken by a word under a stale epoch and by a second completion', () => {
    const stale = [
      stored('task_claimed', 'A1', { swarm: 'alice' }),
      stored('task_completed', 'A1', { swarm: 'alice', epoch: 0 }),
      stored('task_completed', 'A1', { swarm: 'alice', epoch: 0 }),
    ]
    expect(brokenClaims(stale)).toEqual(['task_completed of A1 at 2 has a stale epoch', 'A1 is completed twice'])
  })
})

describe('evidence', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'demo-evidence-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  function completion(...evidence: Record<string, unknown>[]): Stored {
    return stored('task_completed', 'A1', { epoch: 1, evidence })
  }

  test('is a file of that content', async () => {
    await writeFile(join(directory, 'A1.md'), 'done')
    const sha256 = createHash('sha256').update('done').digest('hex')
    const good = completion({ kind: 'file', path: 'A1.md', sha256 })
    const changed = completion({ kind: 'file', path: 'A1.md', sha256: '0'.repeat(64) })
    const gone = completion({ kind: 'file', path: 'A2.md', sha256 })
    const none = completion()
    expect(falseEvidence([good, changed, gone, none], directory)).toEqual([changed, gone, none])
  })
})
