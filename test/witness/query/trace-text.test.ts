import { describe, expect, test } from 'vitest'
import type { CoordinatorEntry } from '../../../src/coordinator/entries.js'
import type { EngineEntry, FabricEntry } from '../../../src/fabric/entries.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../../src/governor/policy/policy.js'
import { NOTHING } from '../../../src/model/budget.js'
import { LIMITS } from '../../../src/model/limits.js'
import { makeContract, makeTask } from '../../../src/testing/index.js'
import { textOf } from '../../../src/witness/query/trace-text.js'
import { makeHistory } from './trace-history.js'

type Known = CoordinatorEntry | EngineEntry
type Samples = { readonly [Type in Known['type']]: Extract<Known, { type: Type }>['data'] }

const claim = { swarm: 'ada', epoch: 7 }
const spent = { nanos: 50_000_000, inputTokens: 12_000, outputTokens: 900, cachedTokens: 0 }
const hold = { amount: { ...NOTHING, nanos: 2_500_000_000 }, accounts: ['task:A/total'] }
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
  token_issued: { role: 'swarm', name: 'ada', swarm: 'ada', hash: 'ab', expiresAt: 1_000 },
  token_revoked: { role: 'swarm', name: 'ada', swarm: 'ada', reason: 'lost' },
  task_created: task,
  task_updated: task,
  task_unblocked: { cause: 'dependencies' },
  task_claimed: { swarm: 'ada', leaseMs: 90_000, attempt: 2, hold, policy: 'ab' },
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
  help_requested: { task: 'A', swarms: ['bob', 'eve'], asks: { bob: ['code:ts', 'db:sql'], eve: [] }, hold },
  help_accepted: { task: 'A', swarm: 'bob' },
  help_declined: { task: 'A', swarm: 'bob', reason: 'busy' },
  help_unavailable: { task: 'A', reason: 'No help was found' },
  message_sent: { text: 'hello', task: 'A' },
  inboxes_acknowledged: { cursors: { ada: 3 } },
  board_imported: { created: 1, updated: 0, completed: 2, unchanged: 3 },
  policy_applied: { policy: DEFAULT_GOVERNOR_POLICY, replaces: 'ab12' },
  capabilities_granted: { capabilities: ['deploy:production'] },
  usage_reported: { ...claim, ...spent, hold: 'claim-7', report: 'turn-1', model: 'opus', prices: 'v1', late: true },
  budget_warned: { ...claim, hold: 'claim-7', spentNanos: 2_000_000_000, heldNanos: 2_500_000_000 },
  budget_frozen: { task: 'A', swarm: 'ada', settledNanos: 3_000_000_000, heldNanos: 0 },
  budget_extended: { nanos: 5_000_000_000, reason: 'worth it', hold: 'claim-7', task: 'A', policy: 'ab' },
  claim_stopped: { ...claim, reason: 'all is spent', policy: 'ab' },
  claim_resumed: claim,
  call_admitted: { deadline: 1_000 },
  call_reported: { succeeded: false, generation: 3, probe: 8 },
  breaker_opened: { cause: 'failures', reason: '3 in a row', latched: false, until: 1_000 },
  breaker_half_opened: { probes: 3 },
  breaker_closed: { cause: 'administrator', reason: 'mended' },
  escalation_opened: {
    kind: 'question',
    severity: 'warning',
    asker: 'swarm:ada',
    question: 'Which one?',
    context: {},
    options: ['left', 'right'],
    expiresAt: 1_000,
    task: 'A',
    swarm: 'ada',
  },
  escalation_answered: { option: 'left', answer: 'it is shorter' },
  escalation_expired: {},
  escalation_notified: { channel: 'ops', event: 'opened', delivered: false, attempts: 1, reason: 'no route' },
  approval_taken: { digest: 'ab12' },
  module_loaded: {
    contract: makeContract('S', { version: '1.2.0' }),
    ...{ bytes: 812, signedBy: 'release+1a2b3c4d', replaces: 'cd34' },
  },
  module_unloaded: { sha256: 'ab12', reason: 'too slow' },
  credential_issued: {
    ...claim,
    task: 'A',
    endpoints: [{ host: 'api.example.com', port: 443, scheme: 'https', methods: ['GET'], paths: ['/'] }],
    expiresAt: 1_000,
    replaces: { id: 'credential-3', expiresAt: 500 },
  },
  credential_revoked: { ...claim, task: 'A', reason: 'leaked' },
  credential_used: {
    ...claim,
    task: 'A',
    ...{ host: 'api.example.com', port: 443, method: 'GET' },
    ...{ outcome: 'answered', status: 200 },
  },
  credential_refused: { ...claim, task: 'A', host: 'a b', port: 80, method: 'GET', reason: 'endpoint', count: 2 },
  run_ended: {
    ...{ task: 'A', epoch: 7, digest: 'ab12', version: '1.4.0', end: 'deadline', fuel: 900, memoryBytes: 65_536 },
    ...{ wallMs: 30_001, cpuMs: 20, hostCalls: 3, refusedCalls: 1, jail: 'bubblewrap' },
  },
  service_level_violated: { level: 'success', target: 0.99, actual: 0.97531 },
  service_level_restored: { level: 'p99', target: 500, actual: 420 },
  reputation_aged: { reputation: 0.9, before: 0.8 },
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
    'token S lets ada in as swarm until 1970-01-01T00:00:01.000Z',
    'token S of ada is revoked: "lost"',
    'S: created "Parse \\"SDP\\""',
    'S: updated "Parse \\"SDP\\""',
    'S: can start: its dependencies are completed',
    'S: claimed by ada under epoch 9, attempt 2, lease 90s, holds $2.50',
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
    'A S: help asked of bob (code:ts, db:sql), eve, holds $2.50',
    'A S: bob helps, under epoch 9',
    'A S: bob does not help: "busy"',
    'A S: help is not to be had: "No help was found"',
    'A: message to S: "hello"',
    'inboxes read: ada',
    'board S imported: 1 created, 2 completed, 3 unchanged',
    'policy S is in force, which replaces ab12',
    'S: granted deploy:production',
    'S: ada spent $0.05 (tokens: 12000 in, 900 out) on opus, report turn-1, after the end of its hold',
    'S: ada warned: $2.00 of $2.50 are spent',
    'A: budget S FROZEN, overdrawn by ada: $3.00 spent, $0.00 held',
    'A: budget S extended by $5.00: "worth it"',
    'S: claim of ada stopped: "all is spent"',
    'S: claim of ada goes on',
    'S: trial call #9 let through until 1970-01-01T00:00:01.000Z',
    'S: trial call #8 failed',
    'S: circuit breaker opened (failures), until 1970-01-01T00:00:01.000Z: "3 in a row"',
    'S: circuit breaker half-open, lets 3 trial calls through',
    'S: circuit breaker closed by an administrator: "mended"',
    'A S: people asked (question, warning) until 1970-01-01T00:00:01.000Z: "Which one?", to be answered with left, right',
    'S: answered with left: "it is shorter"',
    'S: expired',
    'S: people NOT told over ops that it is opened, 1 attempt: "no route"',
    'S: approval used for ab12',
    'S: a module of 812 bytes works for S: version "1.2.0", signed by "release+1a2b3c4d", in place of cd34',
    'S: module ab12 of S is unloaded: "too slow"',
    'A: credential S lets ada send requests to api.example.com:443 until 1970-01-01T00:00:01.000Z, in place of credential-3',
    'A: credential S of ada is revoked: "leaked"',
    'A: ada sent GET to api.example.com:443 under S: status 200',
    'A: REFUSED GET to "a b":80 of ada: endpoint, 2 times',
    'A S: module 1.4.0 ran: deadline after 30001 ms, 900 fuel, in bubblewrap, requests refused: 1',
    'S: promised success rate VIOLATED: 97.53%, not 99%',
    'S: p99 latency kept again: 420 ms of 500 ms',
    'S: reputation rose from 0.8 to 0.9 with time',
  ])
})

test('an entry says what happened where it can mean more than one thing', () => {
  const texts: readonly (readonly [name: string, data: object, text: string])[] = [
    ['task_released', { cause: 'budget_spent' }, 'S: lost: what it may cost is spent'],
    ['task_released', { cause: 'breaker_open' }, 'S: lost: the circuit breaker of its holder opened'],
    ['capabilities_granted', { capabilities: [] }, 'S: granted nothing any more'],
    ['usage_reported', { ...claim, ...NOTHING, report: 'r' }, 'S: ada spent $0.00, report r'],
    [
      'breaker_opened',
      { cause: 'budget', reason: 'r', latched: true },
      'S: circuit breaker opened (budget), latched: "r"',
    ],
    ['breaker_closed', { cause: 'probes' }, 'S: circuit breaker closed: its trial calls succeeded'],
    ['call_reported', { succeeded: true, generation: 3 }, 'S: call succeeded'],
    [
      'budget_extended',
      { nanos: 3, holdNanos: 2, reason: 'r' },
      'budget S extended by $0.000000003, the hold by $0.000000002: "r"',
    ],
    ['escalation_answered', { answer: 'no' }, 'S: answered: "no"'],
    [
      'credential_used',
      { ...claim, host: 'h', port: 80, method: 'GET', outcome: 'failed', reason: 'timeout' },
      'ada sent GET to h:80 under S: FAILED, timeout',
    ],
    ['credential_refused', { ...claim, reason: 'expired', count: 1 }, 'REFUSED a request of ada: expired'],
    ['service_level_restored', { level: 'availability' }, 'S: availability is not promised any more'],
    [
      'escalation_notified',
      { channel: 'ops', event: 'answered', delivered: true, attempts: 2 },
      'S: people told over ops that it is answered, 2 attempts',
    ],
  ]
  for (const [name, data, text] of texts) expect(textOf(entry(name, data))).toBe(text)
})

test('what a line stands under goes without saying', () => {
  const raised = entry('blocker_raised', SAMPLES.blocker_raised, 'blocker-9')
  expect(textOf(raised, ['A'])).toMatch(/^blocker-9: stuck /)
  expect(textOf(raised, ['A', 'blocker-9'])).toMatch(/^stuck /)
})

test('an entry that this version has no words for is shown as it is', () => {
  expect(textOf(entry('hold_placed', { scope: 'all' }))).toBe('hold_placed S {"scope":"all"}')
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
    const odd = {
      hold: 3,
      asks: 'none',
      nanos: -1,
      amount: null,
      task: 4,
      until: {},
      title: null,
      evidence: 'none',
      swarms: 7,
      capabilities: {},
      leaseMs: 'x',
      silentSince: 1e300,
    }
    for (const type of Object.keys(SAMPLES)) expect(textOf(entry(type, odd))).not.toBe('')
  })
})
