import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/model/limits.js'
import { rawRequest } from '../../support/raw-http.js'
import { serveFabric, TOKEN } from '../../support/served-fabric.js'
import { Agent, agentOf, transportTo } from './agent.js'

const ERAS = ['2026-07-28', '2025-06-18'] as const

describe.each(ERAS)('an agent that speaks %s is told', (revision) => {
  test('who holds a task, and what to do next', async () => {
    await using served = await serveFabric()
    await using alice = await agentOf(served, 'alice', { revision })
    await using bob = await agentOf(served, 'bob', { revision })
    await served.client.task.create({ id: 'A', title: 'Wanted' })
    await alice.done('claim_task', { task: 'A' })
    const { isError, value, text } = await bob.call('claim_task', { task: 'A' })
    expect(isError).toBe(true)
    expect(value).toMatchObject({ code: 'ALREADY_CLAIMED', holder: 'alice', retryable: false })
    expect(value.hint).toContain('next_task')
    expect(JSON.parse(text)).toEqual(value)
  })

  test('that its epoch is stale', async () => {
    await using served = await serveFabric()
    await using alice = await agentOf(served, 'alice', { revision })
    await served.client.task.create({ id: 'A', title: 'Wanted' })
    const { epoch } = await alice.done('claim_task', { task: 'A' })
    const stale = { task: 'A', epoch: Number(epoch) - 1 }
    for (const [name, rest] of [
      ['heartbeat', {}],
      ['report_milestone', { percent: 25 }],
      ['complete_task', {}],
      ['release_task', {}],
      ['report_blocker', { kind: 'human', needs: 'a decision' }],
      ['ask_for_help', { needs: 'a hand' }],
    ] as const) {
      const failed = await alice.refused(name, { ...stale, ...rest })
      expect(failed).toMatchObject({ code: 'STALE_CLAIM', holder: 'alice', details: { liveEpoch: epoch } })
    }
  })

  test('which arguments are wrong', async () => {
    await using served = await serveFabric()
    await using alice = await agentOf(served, 'alice', { revision })
    const refused = (name: string, input: Record<string, unknown>) => alice.refused(name, input)
    const invalid = (field: string) => ({ code: 'INVALID_ARGUMENT', retryable: false, details: { field } })
    expect(await refused('claim_task', { task: 7 })).toMatchObject(invalid('task'))
    expect(await refused('claim_task', {})).toMatchObject(invalid('task'))
    expect(await refused('claim_task', { task: 'A', blocker: 'B' })).toMatchObject(invalid('task'))
    expect(await refused('claim_task', { task: 'A', as: 'bob' })).toMatchObject(invalid('as'))
    expect(await refused('show_task', { task: '../etc' })).toMatchObject(invalid('task'))
    expect(await refused('wait_for_work', { waitSeconds: 241 })).toMatchObject(invalid('waitSeconds'))
    expect(await refused('release_task', { task: 'A' })).toMatchObject(invalid('epoch'))
    expect(await refused('create_task', { id: 'x', title: 'y\nz' })).toMatchObject(invalid('title'))
    const sloppy = [{ kind: 'command', text: 'npm test' }]
    expect(await refused('complete_task', { task: 'A', epoch: 1, evidence: sloppy })).toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('which tools there are when it asks for another', async () => {
    await using served = await serveFabric()
    await using alice = await agentOf(served, 'alice', { revision })
    await expect(alice.call('steal_task')).rejects.toMatchObject({
      code: -32602,
      message: expect.stringMatching(/steal_task.*next_task/),
    })
    await expect(alice.call('task_list')).rejects.toMatchObject({ code: -32602 })
  })
})

describe('roles', () => {
  test('an administrator adds tasks, and takes none without the token of a swarm', async () => {
    await using served = await serveFabric()
    await using admin = await Agent.connect(transportTo(served.server.url, TOKEN), '2026-07-28')
    expect(await admin.done('create_task', { id: 'A', title: 'By an administrator' })).toEqual({
      id: 'A',
      state: 'available',
    })
    for (const name of ['next_task', 'wait_for_work']) {
      expect(await admin.refused(name)).toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('swarm') })
    }
  })

  test('a viewer looks, and changes nothing', async () => {
    await using served = await serveFabric()
    const { token } = await served.client.token.issue({ name: 'screen', role: 'viewer' })
    await served.client.task.create({ id: 'A', title: 'Seen' })
    await using viewer = await Agent.connect(transportTo(served.server.url, token, '?tools=all'), '2025-06-18')
    expect(await viewer.done('show_task', { task: 'A' })).toMatchObject({ task: { id: 'A' }, blockers: [] })
    expect(await viewer.done('task_list')).toMatchObject({ items: [{ id: 'A' }] })
    expect(await viewer.refused('create_task', { id: 'B', title: 'Not' })).toMatchObject({ code: 'FORBIDDEN' })
    await expect(viewer.call('task_cancel', { task: 'A' })).rejects.toMatchObject({ code: -32602 })
  })

  test('a swarm that asks for all tools reads its own inbox without naming itself', async () => {
    await using served = await serveFabric()
    await using alice = await agentOf(served, 'alice', { query: '?tools=all' })
    await served.client.swarm.send({ to: 'alice', text: 'Hello.' })
    expect(await alice.done('inbox_read')).toMatchObject({ swarm: 'alice', messages: [{ text: 'Hello.' }] })
    expect(await alice.done('token_whoami')).toMatchObject({ actor: 'swarm:alice' })
  })
})

describe('the door', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
  }
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }

  test.each([
    ['without a token', { authorization: '' }, 401],
    ['with a token of nobody', { authorization: 'Bearer ifab_0000000000000000_nothing' }, 401],
    ['under a name that was bound to this address', { host: 'evil.example' }, 403],
    ['from a page of another site', { origin: 'https://evil.example' }, 403],
    ['in another format', { 'content-type': 'text/plain' }, 415],
  ])('is shut to a request %s', async (_, changed, status) => {
    await using served = await serveFabric()
    const body = JSON.stringify(initialize)
    const answer = await rawRequest(`${served.server.url}/mcp`, {
      method: 'POST',
      headers: { ...headers, ...changed },
      body,
    })
    expect(answer.status).toBe(status)
  })

  test('refuses what is no message', async () => {
    await using served = await serveFabric()
    const post = (body: string) => rawRequest(`${served.server.url}/mcp`, { method: 'POST', headers, body })
    expect((await post('{"jsonrpc":')).status).toBe(400)
    expect((await post('[]')).status).toBe(400)
    expect((await post('{"hello":"world"}')).status).toBe(400)
    expect((await post(`{"long":"${'x'.repeat(LIMITS.mcpBodyBytes)}"}`)).status).toBe(413)
    expect(served.faults).toEqual([])
  })

  test('has no stream to open and no session to end', async () => {
    await using served = await serveFabric()
    for (const method of ['GET', 'DELETE']) {
      expect(
        (await rawRequest(`${served.server.url}/mcp`, { method, headers: { authorization: headers.authorization } }))
          .status,
      ).toBe(405)
    }
  })

  test('tells browsers what every answer of the fabric tells them', async () => {
    await using served = await serveFabric()
    const body = JSON.stringify(initialize)
    const answer = await fetch(`${served.server.url}/mcp`, { method: 'POST', headers, body })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    await answer.text()
  })
})
