import { describe, expect, test } from 'vitest'
import { serveFabric, until } from '../../support/served-fabric.js'
import { agentOf } from './agent.js'

describe('an agent that is stuck', () => {
  test('is offered other work for the meantime, and goes on when the blocker is resolved', async () => {
    await using served = await serveFabric()
    await using alice = await agentOf(served, 'alice')
    await served.client.task.create({ id: 'A', title: 'Hard', priority: 90 })
    await served.client.task.create({ id: 'B', title: 'Tidy up', kind: 'filler' })
    const { epoch } = await alice.done('next_task')
    const word = { task: 'A', epoch, kind: 'external', needs: 'the partner sends a key' }
    const { blocker, filler } = await alice.done('report_blocker', word)
    expect(filler).toMatchObject({ kind: 'filler', task: { id: 'B', state: 'available' } })
    const other = await alice.done('claim_task', { task: 'B' })
    // Holder and blocker are known, so it says itself that it can go on.
    expect(await alice.done('complete_task', { blocker, epoch, summary: 'it came' })).toEqual({
      task: 'A',
      state: 'resolved',
    })
    expect(await alice.done('next_task')).toMatchObject({ kind: 'resume', task: { id: 'A' }, epoch })
    expect(await alice.done('release_task', { task: 'B', epoch: other.epoch, reason: 'A is free' })).toMatchObject({
      task: 'B',
      state: 'available',
      failures: 0,
    })
  })

  test('is told when there is nothing else to do', async () => {
    await using served = await serveFabric()
    await using alice = await agentOf(served, 'alice')
    await served.client.task.create({ id: 'A', title: 'Hard' })
    const { epoch } = await alice.done('next_task')
    const word = { task: 'A', epoch, kind: 'human', needs: 'a decision' }
    expect(await alice.done('report_blocker', word)).toEqual({ blocker: expect.any(String), filler: null })
    expect(await alice.done('show_task', { task: 'A' })).toMatchObject({
      task: { id: 'A', holder: 'alice', openBlockers: [expect.any(String)] },
      blockers: [{ kind: 'human', needs: 'a decision' }],
    })
  })

  test('asks for help, which another agent accepts and gives', async () => {
    await using served = await serveFabric()
    await using alice = await agentOf(served, 'alice')
    await using bob = await agentOf(served, 'bob')
    await served.client.task.create({ id: 'A', title: 'Hard' })
    const { epoch } = await alice.done('next_task')
    const wait = bob.done('wait_for_work')
    await until(async () => (await served.fabric.status()).waitingSwarms === 1)
    const { blocker, asked } = await alice.done('ask_for_help', { task: 'A', epoch, needs: 'somebody who knows SIP' })
    expect(asked).toEqual(['bob'])
    const request = await wait
    expect(request).toMatchObject({ kind: 'help', blocker: { id: blocker, needs: 'somebody who knows SIP' } })
    expect(request).not.toHaveProperty('epoch')
    const help = await bob.done('claim_task', { blocker })
    expect(help).toEqual({ task: 'A', epoch: expect.any(Number) })
    // Again: it is still at it, under the same epoch, which its offers tell too.
    expect(await bob.done('claim_task', { blocker })).toEqual(help)
    expect(await bob.done('next_task')).toMatchObject({ kind: 'help', epoch: help.epoch })
    await bob.done('complete_task', { blocker, epoch: help.epoch, summary: 'use the other port' })
    expect(await alice.done('wait_for_work')).toMatchObject({ kind: 'resume', task: { id: 'A' } })
  })

  test('is helped by nobody who declines', async () => {
    await using served = await serveFabric()
    await using alice = await agentOf(served, 'alice')
    await using bob = await agentOf(served, 'bob')
    await served.client.task.create({ id: 'A', title: 'Hard' })
    const { epoch } = await alice.done('next_task')
    const { blocker } = await alice.done('ask_for_help', { task: 'A', epoch, needs: 'a hand' })
    expect(await bob.done('release_task', { blocker, reason: 'busy' })).toEqual({ task: 'A', state: 'declined' })
    expect(await bob.done('next_task')).toMatchObject({ kind: 'none' })
    expect(await bob.refused('claim_task', { blocker })).toMatchObject({
      code: expect.stringMatching(/WRONG_STATE|NOT_/),
    })
  })
})

test('a question for people is answered in a message', async () => {
  await using served = await serveFabric()
  await using alice = await agentOf(served, 'alice')
  const { escalation } = await alice.done('escalate_to_human', {
    question: 'Which dialect?',
    options: ['rfc3261', 'lync'],
    severity: 'critical',
  })
  const wait = alice.done('wait_for_work')
  await until(async () => (await served.fabric.status()).waitingSwarms === 1)
  await served.client.escalation.answer({ escalation: String(escalation), option: 'rfc3261' })
  expect(await wait).toMatchObject({
    kind: 'none',
    messages: [{ kind: 'escalation_answered', escalation, text: expect.stringContaining('rfc3261') }],
  })
})

test('an attempt that failed is tried again, unless the agent says otherwise', async () => {
  await using served = await serveFabric()
  await using alice = await agentOf(served, 'alice')
  await served.client.task.create({ id: 'A', title: 'Hard' })
  const { epoch } = await alice.done('next_task')
  expect(await alice.refused('release_task', { task: 'A', epoch, failed: true })).toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { field: 'reason' },
  })
  const failed = { task: 'A', epoch, failed: true, reason: 'it does not link', retry: false }
  expect(await alice.done('release_task', failed)).toEqual({ task: 'A', state: 'failed', failures: 1 })
})

test('an agent that has spent its budget is told to stop by each of its next words', async () => {
  await using served = await serveFabric()
  await using alice = await agentOf(served, 'alice')
  await served.client.task.create({ id: 'A', title: 'Cheap', maxCostNanos: 1_000 })
  const { epoch } = await alice.done('next_task')
  const spent = { id: 'turn-1', costNanos: 2_000 }
  const beat = await alice.done('heartbeat', { task: 'A', epoch, usage: spent })
  expect(beat).toMatchObject({
    stop: { reason: expect.stringContaining('budget') },
    messages: [{ kind: 'claim_stopped' }],
  })
  expect(await alice.done('report_milestone', { task: 'A', epoch, percent: 25 })).toMatchObject({
    stop: { reason: expect.stringContaining('budget') },
  })
  expect(await alice.done('wait_for_work')).toMatchObject({ stops: [{ task: 'A' }] })
})

test('an agent whose breaker is open is given no work, and still hears when it closes', async () => {
  await using served = await serveFabric()
  await using alice = await agentOf(served, 'alice')
  await served.client.task.create({ id: 'A', title: 'Work' })
  await served.client.breaker.trip({ swarm: 'alice', reason: 'it went astray' })
  const { acknowledge, ...told } = await alice.done('wait_for_work')
  expect(told).toMatchObject({
    kind: 'none',
    refused: { code: 'BREAKER_OPEN' },
    messages: [{ kind: 'breaker_opened' }],
  })
  const wait = alice.done('wait_for_work', { acknowledge })
  await until(async () => (await served.fabric.status()).waitingSwarms === 1)
  await served.client.breaker.reset({ swarm: 'alice', reason: 'looked at' })
  expect(await wait).toMatchObject({ messages: [{ kind: 'breaker_closed' }] })
  expect(await alice.done('wait_for_work', { waitSeconds: 0 })).toMatchObject({ kind: 'primary', task: { id: 'A' } })
})
