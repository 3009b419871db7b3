import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/model/limits.js'
import { makeTask } from '../../../src/testing/index.js'
import { traceOf } from '../../../src/witness/query/trace.js'
import { askOf, drawn, makeHistory } from './trace-history.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const one = `00-${TRACE}-b7ad6b7169203331-01`
const other = `00-${TRACE}-00f067aa0ba902b7-01`

describe('the trace of a traced request', () => {
  test('has its entries by span, and the tasks they touched', async () => {
    await using history = await makeHistory()
    const { send } = history
    await history.register('ada')
    await history.create('A')
    const call = { type: 'claim_task', task: 'A', swarm: 'ada' } as const
    const { epoch } = await send(call, 'swarm:ada', { traceparent: one })
    const raised = { type: 'raise_blocker', task: 'A', epoch, kind: 'human', needs: 'a key', requires: [] } as const
    await send(raised, 'swarm:ada', { traceparent: other })
    await send({ type: 'send_message', to: 'ada', text: 'hello' })
    await send({ type: 'release_task', task: 'A', epoch }, 'swarm:ada', { traceparent: one })
    const trace = await history.trace(TRACE)
    expect(trace).toMatchObject({ kind: 'trace', also: [], complete: true })
    expect(drawn(trace)).toEqual([
      'trace 0af7651916cd43dd8448eb211c80319c: 5 entries in 2 spans, 1 task',
      '├─ span b7ad6b7169203331',
      '│  ├─ #5 00:00 swarm:ada A: claimed by ada under epoch 5, attempt 1, lease 30m, holds $10.00',
      '│  ├─ #9 00:00 swarm:ada A blocker-6: closed: the claim ended',
      '│  └─ #10 00:00 swarm:ada A: given back by its holder',
      '├─ span 00f067aa0ba902b7',
      '│  ├─ #6 00:00 swarm:ada A blocker-6: stuck (human): "a key"',
      '│  └─ #7 00:00 swarm:ada A blocker-6 escalation-7: people asked (help, warning) until 2026-01-02T00:00:00.000Z: "ada is stuck on A: a key"',
      '└─ tasks it touched',
      '   └─ A at #5, #6, #7, #9, #10',
    ])
    for (const id of [one, other, TRACE.toUpperCase()]) expect(await history.tree(id)).toEqual(drawn(trace))
  })

  test('says where it was cut', async () => {
    const many = Array.from({ length: LIMITS.traceEntries + 1 }, () => ({
      name: 'task_retried',
      subject: 'A',
      traceparent: one,
    }))
    const trace = await traceOf(askOf(many), TRACE, 'trace')
    expect(trace).toMatchObject({ complete: false, nodes: LIMITS.traceNodes })
    expect(trace.root.leftOut).toBeGreaterThan(0)
  })
})

describe('a name', () => {
  test('of a task and a swarm is taken for the task, and the answer says what else has it', async () => {
    await using history = await makeHistory()
    await history.register('A')
    await history.create('A')
    expect(await history.trace('A')).toMatchObject({ kind: 'task', also: ['swarm'] })
    expect(await history.trace('A', 'task')).toMatchObject({ kind: 'task', also: ['swarm'] })
    expect(await history.trace('A', 'swarm')).toMatchObject({ kind: 'swarm', also: ['task'] })
  })

  test('of a task that looks like a trace id is still the task', async () => {
    await using history = await makeHistory()
    await history.create(TRACE)
    expect(await history.trace(TRACE)).toMatchObject({ kind: 'task', also: [] })
    await history.send({ type: 'cancel_task', task: TRACE, cascade: false }, 'admin', { traceparent: one })
    expect(await history.trace(TRACE)).toMatchObject({ kind: 'task', also: ['trace'] })
    expect(await history.trace(TRACE, 'trace')).toMatchObject({ kind: 'trace', also: ['task'] })
  })

  test('of a swarm that registered another is not taken for that one', async () => {
    // No fabric lets a swarm do that any more; a log that is old enough has it.
    const profile = { capabilities: [], capacity: 1, metadata: {} }
    const registered = { name: 'swarm_registered', subject: 'bob', data: profile, actor: 'swarm:ada' }
    const ask = askOf([registered, { name: 'task_created', subject: 'ada', data: makeTask('ada') }])
    expect(await traceOf(ask, 'ada')).toMatchObject({ kind: 'task', also: [] })
    expect(await traceOf(ask, 'bob')).toMatchObject({ kind: 'swarm', also: [] })
  })

  test('that the log does not have is refused with what was looked for', async () => {
    await using history = await makeHistory()
    await history.create('A')
    const { entries: size } = await history.fabric.status()
    await expect(history.trace('nobody')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `None of the ${size} entries of the log is about a task or swarm nobody. Look it up with \`ifab task list\` or \`ifab swarm list\`.`,
      details: { id: 'nobody', sought: ['task', 'swarm'], size },
    })
    await expect(history.trace(TRACE)).rejects.toMatchObject({ details: { sought: ['task', 'swarm', 'trace'] } })
    await expect(history.trace('A', 'swarm')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      details: { sought: ['swarm'] },
    })
    await expect(history.trace(TRACE, 'trace')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      details: { sought: ['trace'] },
    })
  })

  test('has to look like a trace id to be one', async () => {
    await using history = await makeHistory()
    for (const id of ['A', TRACE.slice(1), `${TRACE}0`, `00-${TRACE}`, one.slice(0, -1)]) {
      await expect(history.trace(id, 'trace')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })
})
