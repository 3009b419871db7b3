import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/model/limits.js'
import { makeRegistration } from '../../../src/testing/index.js'
import { traceOf } from '../../../src/witness/query/trace.js'
import { askOf, drawn, makeHistory } from './trace-history.js'

describe('the trace of a swarm', () => {
  test('has its claims with what happened under them, its messages, refusals and its end', async () => {
    await using history = await makeHistory({ policy: { leaseMs: 60_000, stallMs: 20_000 } })
    const { send } = history
    await send(makeRegistration('ada', { capabilities: ['code:ts'], tier: 'sonnet', capacity: 2 }))
    await history.register('bob')
    await history.create('A')
    await history.create('B', { dependencies: ['A'] })
    await history.create('C', { requires: ['food:cook'] })
    await history.complete('A', 'ada', await history.claim('A', 'ada'))
    expect(await history.refusal({ type: 'claim_task', task: 'C', swarm: 'ada' }, 'swarm:ada')).toBe('NOT_ELIGIBLE')
    const epoch = await history.claim('B', 'ada')
    await send({ type: 'raise_blocker', task: 'B', epoch, kind: 'help', needs: 'eyes', requires: [] }, 'swarm:ada')
    await send({ type: 'assign_helpers', blocker: `blocker-${epoch + 1}`, swarms: ['bob'] })
    await send({ type: 'send_message', to: 'ada', text: 'stop\nit', task: 'B' }, 'swarm:bob')
    await send({ type: 'cancel_task', task: 'B', reason: 'superseded', cascade: false })
    await send({ type: 'retry_task', task: 'B' })
    await history.claim('B', 'ada')
    await send({ type: 'retire_swarm', swarm: 'ada', reason: 'done' })
    expect(await history.tree('ada')).toEqual([
      'swarm ada: retired, 3 claims',
      '├─ #3 00:00 admin registered, capacity 2, tier sonnet, can code:ts',
      '├─ #8 00:00 swarm:ada A: claimed by ada under epoch 8, attempt 1, lease 1m, holds $10.00',
      '│  └─ #9 00:00 swarm:ada completed by ada under epoch 8',
      '│     └─ #10 00:00 swarm:ada B: can start: its dependencies are completed',
      '├─ #11 00:00 swarm:ada C: REFUSED "claim_task": NOT_ELIGIBLE',
      '├─ #12 00:00 swarm:ada B: claimed by ada under epoch 12, attempt 1, lease 1m, holds $10.00',
      '│  ├─ #13 00:00 swarm:ada blocker-13: stuck (help): "eyes"',
      '│  │  ├─ #14 00:00 swarm:ada help asked of bob, holds $10.00',
      '│  │  └─ #16 00:00 admin closed: the claim ended',
      '│  └─ #17 00:00 admin cancelled: "superseded"',
      '├─ #15 00:00 swarm:bob B: message to ada: "stop it"',
      '├─ #19 00:00 swarm:ada B: claimed by ada under epoch 19, attempt 2, lease 1m, holds $10.00',
      '│  └─ #20 00:00 admin lost: the swarm was retired',
      '└─ #21 00:00 admin retired: "done"',
    ])
  })

  test('shows help that it was asked for, and what it wrote for the fabric only as a number', async () => {
    await using history = await makeHistory()
    const { send } = history
    await history.register('ada', 'bob')
    await history.create('A')
    const epoch = await history.claim('A', 'ada')
    await send({ type: 'raise_blocker', task: 'A', epoch, kind: 'help', needs: 'eyes', requires: [] }, 'swarm:ada')
    const blocker = `blocker-${epoch + 1}`
    await send({ type: 'assign_helpers', blocker, swarms: ['bob'] })
    const keyed = { idempotencyKey: 'once' }
    await send({ type: 'answer_help', blocker, swarm: 'bob', accept: true }, 'swarm:bob', keyed)
    expect(await history.tree('bob')).toEqual([
      'swarm bob: active, 0 claims',
      '├─ #4 00:00 admin registered, capacity 1',
      '├─ #8 00:00 swarm:ada A blocker-7: help asked of bob, holds $10.00',
      '│  └─ #9 00:00 swarm:bob bob helps, under epoch 9',
      '└─ 1 more: answers that were kept for repeated commands, and inboxes that were read',
    ])
  })

  test('has what others did about its claims, and nothing of what came after them', async () => {
    await using history = await makeHistory()
    const { send } = history
    await history.register('ada', 'bob')
    for (const task of ['A', 'B']) {
      await history.create(task)
      const epoch = await history.claim(task, 'ada')
      await send({ type: 'raise_blocker', task, epoch, kind: 'help', needs: 'eyes', requires: [] }, 'swarm:ada')
      await send({ type: 'assign_helpers', blocker: `blocker-${epoch + 1}`, swarms: ['bob'] })
      await send({ type: 'release_task', task, epoch }, 'swarm:ada')
    }
    await history.claim('A', 'bob')
    for (const task of ['A', 'B']) await send({ type: 'cancel_task', task, reason: 'superseded', cascade: false })
    const lines = await history.tree('ada')
    expect(lines.filter((line) => line.includes('help asked of bob'))).toHaveLength(2)
    expect(lines.join('\n')).not.toContain('superseded')
    expect((await history.tree('bob')).filter((line) => line.includes('superseded'))).toHaveLength(1)
  })

  test('is of a swarm that never registered when something else names it', async () => {
    const refused = { code: 'FORBIDDEN', operation: 'claim_task', count: 7, firstAt: 0, lastAt: 5_000, swarm: 'ghost' }
    const ask = askOf([{ name: 'request_refused', subject: 'ghost', data: refused }])
    expect(drawn(await traceOf(ask, 'ghost'))).toEqual([
      'swarm ghost: never registered, 0 claims',
      '└─ #0 00:00 admin REFUSED "claim_task" for ghost: FORBIDDEN, 7 times until 1970-01-01T00:00:05.000Z',
    ])
  })

  test('says when it does not know how its claims went on', async () => {
    const registered = {
      name: 'swarm_registered',
      subject: 'ada',
      data: { capabilities: [], capacity: 1, metadata: {} },
    }
    const claims = Array.from({ length: LIMITS.traceTasks + 1 }, (_, at) => ({
      name: 'task_claimed',
      subject: `T${at}`,
      data: { swarm: 'ada', leaseMs: 1_000, attempt: 1 },
    }))
    const trace = await traceOf(askOf([registered, ...claims]), 'ada')
    expect(trace.complete).toBe(false)
    expect(trace.root.children.at(-1)?.text).toBe('not shown: what others did to 1 claimed task, there are too many')
  })

  test('says where it was cut', async () => {
    const sent = Array.from({ length: LIMITS.traceEntries + 1 }, () => ({
      name: 'message_sent',
      subject: 'ada',
      data: { text: 'hello' },
    }))
    const trace = await traceOf(askOf(sent), 'ada')
    expect(trace).toMatchObject({ kind: 'swarm', complete: false, nodes: LIMITS.traceNodes })
  })
})
