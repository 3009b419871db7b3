import { describe, expect, test } from 'vitest'
import { parseInput } from '../../src/operations/input.js'
import { query } from '../../src/operations/witness-query.js'
import { traceIdOf } from '../../src/witness/query/facts.js'
import { type ServedFabric, serveFabric } from '../support/served-fabric.js'

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** Two tasks, one of them worked on by a swarm in a traced call. */
async function work(served: ServedFabric): Promise<void> {
  const { task, swarm } = served.client
  await swarm.register({ swarm: 'sip' })
  await task.create({ id: 'A', title: 'Parse SDP' })
  served.timing.advance(60_000)
  await task.create({ id: 'B', title: 'Play ringtones' })
  const traced = served.connect({ traceparent: TRACEPARENT })
  const { epoch } = await traced.task.claim({ task: 'A', as: 'sip' })
  await task.fail({ task: 'A', epoch, reason: 'the parser is odd' })
}

const names = (page: { entries: readonly Record<string, unknown>[] }) =>
  page.entries.map(({ type }) => String(type).split('.')[2])

describe('a query over the log', () => {
  test('finds entries by each condition, and repeats what was asked', async () => {
    await using served = await serveFabric()
    await work(served)
    const { witness } = served.client
    const ask = async (filter: Parameters<typeof witness.query>[0]) => names(await witness.query(filter))
    expect(await ask({ task: 'A' })).toEqual(['task_created', 'task_claimed', 'task_attempt_failed'])
    expect(await ask({ swarm: 'sip' })).toEqual(['swarm_registered', 'task_claimed', 'task_attempt_failed'])
    expect(await ask({ severity: 'warning' })).toEqual(['task_attempt_failed'])
    expect(await ask({ operation: 'task_created' })).toEqual(['task_created', 'task_created'])
    expect(await ask({ component: 'witness' })).toEqual(['key_introduced'])
    expect(await ask({ trace: traceIdOf(TRACEPARENT) })).toEqual(['task_claimed'])
    // The answer to a call with an idempotency key is an entry of its own.
    expect(await ask({ text: 'RINGTONES' })).toEqual(['task_created', 'command_received'])
    const since = new Date(served.timing.now()).toISOString()
    expect(await ask({ since, component: 'coordinator' })).toEqual([
      'task_created',
      'task_claimed',
      'task_attempt_failed',
    ])
    expect(await ask({ until: since, component: 'coordinator' })).toEqual(['swarm_registered', 'task_created'])
    expect(await ask({ task: 'A', swarm: 'sip', operation: 'task_claimed' })).toEqual(['task_claimed'])
    expect(await ask({ task: 'B', swarm: 'sip' })).toEqual([])
    expect((await witness.query({ task: 'A', since, limit: 1 })).filter).toEqual({ task: 'A', since })
  })

  test('goes on where the page before ended, with the entries as they are stored', async () => {
    await using served = await serveFabric()
    await work(served)
    const { witness, log } = served.client
    const first = await witness.query({ task: 'A', limit: 2 })
    expect(first).toMatchObject({ entries: [{ subject: 'A' }, { subject: 'A' }], done: false })
    const last = await witness.query({ task: 'A', from: first.next, limit: 2 })
    expect(last).toMatchObject({ done: true, next: last.size, size: first.size })
    const stored = (await log.read()).entries.filter(({ subject }) => subject === 'A')
    expect([...first.entries, ...last.entries]).toEqual(stored)
  })

  test('is refused where a condition has no sense', async () => {
    await using served = await serveFabric()
    const { witness } = served.client
    const refused = (field: string) =>
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: expect.objectContaining({ field }) })
    await expect(witness.query({ operation: 'task_clamed' })).rejects.toEqual(refused('operation'))
    await expect(witness.query({ since: 'yesterday' })).rejects.toEqual(refused('since'))
    await expect(witness.query({ trace: 'A' })).rejects.toEqual(refused('trace'))
    await expect(witness.query({ task: 'A B' })).rejects.toEqual(refused('task'))
    await expect(witness.query({ limit: 100_000 })).rejects.toEqual(refused('limit'))
    const times = { since: '2026-01-31T08:30:00Z', until: '2026-01-31T08:30:00Z' }
    await expect(witness.query(times)).rejects.toEqual(refused('until'))
    expect(() => parseInput(query.input, { severity: 'high' })).toThrow(/^severity/)
    expect(() => parseInput(query.input, { component: 'kernel' })).toThrow(/^component/)
  })
})
