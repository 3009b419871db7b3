import { describe, expect, test } from 'vitest'
import { serveFabric } from '../../support/served-fabric.js'
import { agentOf, REVISIONS } from './agent.js'

describe.each(REVISIONS)('an agent that speaks %s', (revision) => {
  test('works through a task', async () => {
    await using served = await serveFabric()
    await using agent = await agentOf(served, 'alice', { revision })
    expect(agent.client.getServerVersion()?.name).toBe('infrafabric')
    expect(agent.client.getInstructions()).toContain('next_task')
    const { tools } = await agent.client.listTools()
    expect(tools).toHaveLength(12)
    await served.client.task.create({ id: 'A', title: 'The first task', acceptance: ['it works'] })
    await served.client.task.create({ id: 'B', title: 'The second', dependencies: ['A'] })
    const work = await agent.done('next_task')
    expect(work).toMatchObject({ kind: 'primary', task: { id: 'A', acceptance: ['it works'], holder: 'alice' } })
    const { epoch } = work
    expect(await agent.done('claim_task', { task: 'A' })).toMatchObject({ task: 'A', epoch, reclaimed: true })
    expect(await agent.done('heartbeat', { task: 'A', epoch })).toMatchObject({ messages: [], unread: 0 })
    expect(await agent.done('report_milestone', { task: 'A', epoch, percent: 50 })).toEqual({
      task: 'A',
      state: 'claimed',
      percent: 50,
    })
    const evidence = [{ kind: 'command', command: 'npm test', exitCode: 0 }]
    expect(await agent.done('complete_task', { task: 'A', epoch, evidence })).toEqual({
      task: 'A',
      state: 'completed',
      unblocked: ['B'],
    })
    expect(await agent.done('next_task', { claim: false })).toMatchObject({ kind: 'primary', task: { id: 'B' } })
    expect(served.faults).toEqual([])
  })
})

test('the trace of a call is kept in the entries that it leads to', async () => {
  await using served = await serveFabric()
  await using agent = await agentOf(served, 'alice')
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  for (const [id, trace] of [
    ['A', traceparent],
    ['B', 'no trace'],
  ] as const) {
    const params = { name: 'create_task', arguments: { id, title: 'Traced' }, _meta: { traceparent: trace } }
    await agent.client.callTool(params)
  }
  const { entries } = await served.client.log.read()
  const traces = entries.filter(({ type }) => String(type).includes('task_created')).map((entry) => entry.traceparent)
  expect(traces).toEqual([traceparent, undefined])
})
