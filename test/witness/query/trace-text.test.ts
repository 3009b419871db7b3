import { describe, expect, test } from 'vitest'
import type { CoordinatorEntry } from '../../../src/coordinator/entries.js'
import type { EngineEntry, FabricEntry } from '../../../src/fabric/entries.js'
import { LIMITS } from '../../../src/model/limits.js'
import { makeTask } from '../../../src/testing/index.js'
import { textOf } from '../../../src/witness/query/trace-text.js'
import { makeHistory } from './trace-history.js'

type Known = CoordinatorEntry | EngineEntry
type Samples = { readonly [Type in Known['type']]: Extract<Known, { type: Type }>['data'] }

const claim = { swarm: 'ada', epoch: 7 }
const task = makeTask('A', { title: 'Parse "SDP"' })

/** One of each that anything writes: the compiler holds it complete. */
const SAMPLES: Samples = {
  fabric_created: { name: 'test' },
  fabric_started: { version: '1.2' },
  command_received: { digest: 'ab' },
  request_refused: {
    code: 'FORBIDDEN',
    operation: 'GET /v1',
    count: 2,
    firstAt: 0,
    lastAt: 1,
    swarm: 'ada',
    remote: '::1',
  },
  blob_stored: { bytes: 12, mediaType: 'text/plain' },
  blob_deleted: { reason: 'too old' },
  key_introduced: { vkey: 'new', replaces: 'old' },
  key_rotated: { vkey: 'new', previous: 'old', signature: 'sig' },
  incident_detected: { kind: 'cosigner_fork', witness: 'w', size: 3, seen: 4 },
  swarm_registered: { capabilities: ['code:ts'], tier: 'opus', capacity: 2, metadata: {} },
  swarm_retired: { reason: 'done' },
  task_created: task,
  task_updated: task,
  task_unblocked: { cause: 'dependencies' },
  task_claimed: { swarm: 'ada', leaseMs: 90_000, attempt: 2 },
  task_released: { ...claim, cause: 'operator', note: 'needed elsewhere' },
  task_attempt_failed: { ...claim, reason: 'flaky', retryAt: 1_000 },
  task_failed: { reason: 'flaky', failures: 3 },
  task_completed: {
    ...claim,
    summary: 'parses',
    evidence: [
      { kind: 'commit', commit: '1f3a9c2', repository: 'core' },
      { kind: 'file', path: 'a b.ts', sha256: 'ab' },
      { kind: 'command', command: 'npm test', exitCode: 0 },
      { kind: 'note', text: 'see above' },
    ],
  },
  task_cancelled: {},
  task_retried: {},
  task_archived: { state: 'completed', row: {} as never },
  milestone_reported: { ...claim, percent: 50, note: 'half', testsPassed: 1, testsFailed: 0, nextAction: 'mend' },
  task_stalled: { ...claim, silentSince: 0 },
  task_stall_ended: claim,
  blocker_raised: { ...claim, task: 'A', kind: 'task', needs: 'B', requires: ['code:ts'], waitsFor: 'B' },
  blocker_resolved: { task: 'A', cause: 'task_completed' },
  help_requested: { task: 'A', swarms: ['bob'] },
  help_accepted: { task: 'A', swarm: 'bob' },
  help_declined: { task: 'A', swarm: 'bob', reason: 'busy' },
  message_sent: { text: 'hello', task: 'A' },
  inboxes_acknowledged: { cursors: { ada: 3 } },
  board_imported: { created: 1, updated: 0, completed: 2, unchanged: 3 },
}

function entry(type: string, data: unknown, subject = 'S'): FabricEntry {
  return { index: 9, type, subject, at: 0, actor: 'admin', data } as FabricEntry
}

test('every entry that is written has words of its own', () => {
  const texts = Object.entries(SAMPLES).map(([type, data]) => textOf(entry(type, data)))
  expect(texts).toEqual([
    'fabric test created',
    'fabric started, version 1.2',
    'answered the command with the key S',
    'REFUSED "GET /v1" for ada: FORBIDDEN, 2 times until 1970-01-01T00:00:00.001Z, from "::1"',
    'blob S stored, 12 bytes of "text/plain"',
    'blob S deleted: "too old"',
    'checkpoints are signed by "new", which replaces "old"',
    'checkpoints are signed by "new", for which "old" vouches',
    'INCIDENT cosigner_fork: witness "w", size 3 here, there 4',
    'S: registered, capacity 2, tier opus, can code:ts',
    'S: retired: "done"',
    'S: created "Parse \\"SDP\\""',
    'S: updated "Parse \\"SDP\\""',
    'S: can start: its dependencies are completed',
    'S: claimed by ada under epoch 9, attempt 2, lease 90s',
    'S: taken back by an operator: "needed elsewhere"',
    'S: attempt failed: "flaky", offered again at 1970-01-01T00:00:01.000Z',
    'S: failed for good after 3 failures: "flaky"',
    'S: completed by ada under epoch 7: "parses"; evidence: commit 1f3a9c2 of "core", file "a b.ts", "npm test" exited with 0, "see above"',
    'S: cancelled',
    'S: brought back, its failures count from zero',
    'S: left memory as completed',
    'S: 50%: "half", 1 test passed, 0 failed, next "mend"',
    'S: silent since 1970-01-01T00:00:00.000Z',
    'S: heard again',
    'A S: stuck (task): "B", waits for B, needs code:ts',
    'A S: resolved: what it waited for is completed',
    'A S: help asked of bob',
    'A S: bob helps, under epoch 9',
    'A S: bob does not help: "busy"',
    'A: message to S: "hello"',
    'inboxes read: ada',
    'board S imported: 1 created, 2 completed, 3 unchanged',
  ])
})

test('what a line stands under goes without saying', () => {
  const raised = entry('blocker_raised', SAMPLES.blocker_raised, 'blocker-9')
  expect(textOf(raised, ['A'])).toMatch(/^blocker-9: stuck /)
  expect(textOf(raised, ['A', 'blocker-9'])).toMatch(/^stuck /)
})

test('an entry that this version has no words for is shown as it is', () => {
  expect(textOf(entry('budget_frozen', { scope: 'all' }))).toBe('budget_frozen S {"scope":"all"}')
  expect(textOf(entry('toString', 'no object'))).toBe('toString S {}')
})

describe('hostile texts', () => {
  const hostile = 'x"\n├─ #1 admin completed\u001b[2J\u0007\u009b\u202egnp.exe \ud800'

  test('stay in their quotes, on their line, and cannot move a cursor', async () => {
    await using history = await makeHistory()
    await history.create('A', { title: hostile })
    await history.send({ type: 'cancel_task', task: 'A', reason: hostile, cascade: false })
    const lines = await history.tree('A')
    const shown = '"x\\" ├─ #1 admin completed\\u001b[2J\\u0007\\u009b\\u202egnp.exe \\ud800"'
    expect(lines[0]).toBe(`A ${shown}: cancelled`)
    expect(lines).toHaveLength(3)
    expect(lines[2]).toContain(`cancelled: ${shown}`)
  })

  test('cannot make a name out of what is none', () => {
    expect(textOf(entry('command_received', {}, hostile))).toContain('key "x\\" ')
    expect(textOf(entry('task_retried', {}, 'A\nB'))).toBe('"A B": brought back, its failures count from zero')
  })

  test('are cut, never within a character', () => {
    const long = textOf(entry('task_cancelled', { reason: `${'x'.repeat(LIMITS.traceQuoteChars - 4)}😀😀😀` }))
    expect(long).toMatch(/x\.\.\."$/)
    const items = Array.from({ length: 50 }, (_, at) => `swarm-${at}`)
    expect(textOf(entry('help_requested', { swarms: items }))).toMatch(/swarm-9 and 40 more$/)
    const evidence = Array.from({ length: 32 }, () => ({ kind: 'note', text: 'y'.repeat(2_000) }))
    expect(textOf(entry('task_completed', { evidence }))).toHaveLength(LIMITS.traceChars)
  })

  test('that are no texts at all do no harm', () => {
    const odd = { title: null, evidence: 'none', swarms: 7, capabilities: {}, leaseMs: 'x', silentSince: 1e300 }
    for (const type of Object.keys(SAMPLES)) expect(textOf(entry(type, odd))).not.toBe('')
  })
})
