import { describe, expect, test } from 'vitest'
import type { FabricEntry } from '../../../src/fabric/entries.js'
import { encodeEntry } from '../../../src/fabric/entry-codec.js'
import { NOTHING } from '../../../src/model/budget.js'
import type { EntryDraft } from '../../../src/model/entry.js'
import { makeTask } from '../../../src/testing/factories.js'
import { factsOf, parseEntry, traceIdOf } from '../../../src/witness/query/facts.js'
import { START, traceparent } from './made-log.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'

function encoded(draft: EntryDraft<FabricEntry>, actor = 'admin') {
  return encodeEntry(draft, { index: 7, at: START, actor, fabric: 'test', traceparent: traceparent(TRACE) })
}

type Case = readonly [draft: EntryDraft<FabricEntry>, actor: string, tasks: string[], swarms: string[]]

const word = { swarm: 'sip', epoch: 3 }
const CASES: readonly Case[] = [
  [{ type: 'fabric_created', subject: 'f', data: { name: 'f' } }, 'fabric', [], []],
  [{ type: 'command_received', subject: 'key', data: { digest: 'd', reply: { task: 'A' } } }, 'swarm:sip', [], ['sip']],
  [
    { type: 'swarm_registered', subject: 'sip', data: { capabilities: [], capacity: 1, metadata: {} } },
    'admin',
    [],
    ['sip'],
  ],
  [
    { type: 'task_created', subject: 'A', data: makeTask('A', { owner: 'web', dependencies: ['B'] }) },
    'admin',
    ['A'],
    ['web'],
  ],
  [{ type: 'task_claimed', subject: 'A', data: { swarm: 'sip', leaseMs: 1, attempt: 1 } }, 'swarm:sip', ['A'], ['sip']],
  [{ type: 'task_released', subject: 'A', data: { ...word, cause: 'lease_expired' } }, 'fabric', ['A'], ['sip']],
  [{ type: 'milestone_reported', subject: 'A', data: { ...word, percent: 25 } }, 'swarm:sip', ['A'], ['sip']],
  [
    {
      type: 'blocker_raised',
      subject: 'blocker-7',
      data: { ...word, task: 'A', kind: 'task', needs: 'B', requires: [], waitsFor: 'B' },
    },
    'swarm:sip',
    ['A', 'B'],
    ['sip'],
  ],
  [
    { type: 'help_requested', subject: 'blocker-7', data: { task: 'A', swarms: ['web', 'db'] } },
    'admin',
    ['A'],
    ['web', 'db'],
  ],
  [{ type: 'message_sent', subject: 'web', data: { text: 'hello', task: 'A' } }, 'swarm:sip', ['A'], ['sip', 'web']],
  [
    { type: 'inboxes_acknowledged', subject: 'inboxes', data: { cursors: { sip: 1, web: 2 } } },
    'fabric',
    [],
    ['sip', 'web'],
  ],
  [
    {
      type: 'request_refused',
      subject: 'A',
      data: {
        code: 'STALE_CLAIM',
        operation: 'complete_task',
        count: 2,
        firstAt: 1,
        lastAt: 2,
        task: 'A',
        swarm: 'web',
      },
    },
    'swarm:sip',
    ['A'],
    ['sip', 'web'],
  ],
  [
    {
      type: 'usage_reported',
      subject: 'A',
      data: { ...word, ...NOTHING, hold: 'claim-3', report: 'r', late: false },
    },
    'swarm:sip',
    ['A'],
    ['sip'],
  ],
  [
    {
      type: 'budget_frozen',
      subject: 'fabric/total',
      data: { task: 'A', swarm: 'sip', settledNanos: 1, heldNanos: 0 },
    },
    'swarm:sip',
    ['A'],
    ['sip'],
  ],
  [
    {
      type: 'budget_frozen',
      subject: 'swarm:web/day:2026-01-31',
      data: { task: 'A', swarm: 'sip', settledNanos: 1, heldNanos: 0 },
    },
    'fabric',
    ['A'],
    ['web', 'sip'],
  ],
  [{ type: 'budget_extended', subject: 'task:A/total', data: { nanos: 1, reason: 'r' } }, 'admin', ['A'], []],
  [{ type: 'budget_extended', subject: 'help:A/total', data: { nanos: 1, reason: 'r' } }, 'admin', ['A'], []],
  [{ type: 'budget_extended', subject: 'swarm:sip/total', data: { nanos: 1, reason: 'r' } }, 'admin', [], ['sip']],
  [{ type: 'budget_extended', subject: 'board:A/total', data: { nanos: 1, reason: 'r' } }, 'admin', [], []],
  [{ type: 'breaker_half_opened', subject: 'sip', data: { probes: 3 } }, 'fabric', [], ['sip']],
  [
    {
      type: 'escalation_opened',
      subject: 'escalation-7',
      data: {
        kind: 'help',
        severity: 'warning',
        asker: 'fabric',
        question: 'Who?',
        context: {},
        options: [],
        expiresAt: 1,
        task: 'A',
        swarm: 'web',
      },
    },
    'swarm:sip',
    ['A'],
    ['sip', 'web'],
  ],
  [{ type: 'escalation_answered', subject: 'escalation-7', data: { answer: 'me' } }, 'swarm:web', [], ['web']],
]

describe('the facts of an entry', () => {
  test.each(CASES)('are what it concerns: $type', (draft, actor, tasks, swarms) => {
    const entry = encoded(draft, actor)
    const facts = factsOf(entry)
    expect(facts).toMatchObject({
      index: 7,
      name: draft.type,
      subject: draft.subject,
      actor,
      at: START,
      traceId: TRACE,
    })
    expect(facts.tasks).toEqual(tasks)
    expect(facts.swarms).toEqual(swarms)
  })

  test('are the same from the engine and from the stored bytes', () => {
    for (const [draft, actor] of CASES) {
      const entry = encoded(draft, actor)
      expect(factsOf(parseEntry(7, entry.bytes))).toEqual(factsOf(entry))
    }
  })

  test('of a name nobody knows yet still have a component and an actor', () => {
    const event = { id: '7', type: 'infrafabric.governor.hold_placed.v2', time: '2026-01-31T08:30:00.000Z', data: null }
    const bytes = Buffer.from(JSON.stringify({ ...event, subject: 's', actor: 'swarm:sip' }))
    const facts = factsOf(parseEntry(7, bytes))
    expect(facts).toMatchObject({ component: 'governor', name: 'hold_placed', swarms: ['sip'], severity: 'info' })
    expect(facts.traceId).toBeUndefined()
  })

  test('leave out what is no name', () => {
    const odd = { task: 4, swarms: ['web', 5, null], swarm: null }
    const entry = { index: 0, type: 'help_requested', subject: 'b', at: 0, actor: 'admin', data: odd }
    expect(factsOf(entry)).toMatchObject({ tasks: [], swarms: ['web'] })
  })
})

test.each<readonly [name: string, escalation: string | undefined]>([
  ['escalation_opened', 'S'],
  ['escalation_answered', 'S'],
  ['escalation_expired', 'S'],
  ['escalation_notified', 'S'],
  ['approval_taken', 'S'],
  ['budget_extended', undefined],
  ['task_created', undefined],
])('the question for people is found in what becomes of it: %s', (type, escalation) => {
  const entry = { index: 0, type, subject: 'S', at: 0, actor: 'admin', data: {} }
  expect(factsOf(entry).escalation).toBe(escalation)
})

describe('bytes that are no entry', () => {
  const good = { type: 'infrafabric.fabric.fabric_created.v1', subject: 's', actor: 'a', time: '2026-01-31T08:30:00Z' }
  const bad: readonly unknown[] = [
    null,
    [],
    'text',
    {},
    { ...good, type: 'com.example.other' },
    { ...good, time: 'yesterday' },
    { ...good, subject: 1 },
    { ...good, actor: undefined },
  ]

  test('are refused', () => {
    for (const bytes of [...bad.map((value) => Buffer.from(JSON.stringify(value))), Buffer.of(0xff), Buffer.of()]) {
      expect(() => parseEntry(3, bytes)).toThrow(
        expect.objectContaining({ code: 'DATA_CORRUPT', details: { index: 3 } }),
      )
    }
    expect(parseEntry(3, Buffer.from(JSON.stringify(good))).type).toBe('fabric_created')
  })
})

test('a trace id is read from any version of the header, and from nothing else', () => {
  expect(traceIdOf(traceparent(TRACE))).toBe(TRACE)
  expect(traceIdOf(`cc-${TRACE}-b7ad6b7169203331-01-more`)).toBe(TRACE)
  expect(traceIdOf('00-short-01')).toBeUndefined()
  expect(traceIdOf('')).toBeUndefined()
})
