import { beforeEach, describe, expect, test } from 'vitest'
import type { FabricClient } from '../../src/client/client.js'
import type { LogEntry } from '../../src/client/events.js'
import { isFabricError } from '../../src/model/errors.js'
import { makeRegistration } from '../../src/testing/factories.js'
import { Place, until } from './place.js'

let place: Place
let client: FabricClient

beforeEach(async () => {
  place = await Place.open()
  client = place.connect()
  return () => place.remove()
})

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'accepted',
    (error: unknown) => (isFabricError(error) ? error.code : String(error)),
  )

/** Type and subject of each entry of the log, in order. */
async function log(): Promise<string[]> {
  const { entries } = await client.log.read({ limit: 1_000 })
  return entries.map(({ type, subject }) => `${String(type).split('.')[2]} ${subject}`)
}

async function register(...swarms: string[]): Promise<void> {
  for (const swarm of swarms) await client.swarm.register({ swarm })
}

test('full task lifecycle', async () => {
  await register('s1', 's2')
  await client.task.create({ id: 'plan', title: 'Plan' })
  await client.task.create({ id: 'build', title: 'Build', dependencies: ['plan'] })
  expect(await codeOf(client.task.claim({ task: 'build', as: 's1' }))).toBe('BLOCKED_BY')

  const offer = await client.task.next({ as: 's1', claim: true })
  expect(offer).toMatchObject({ kind: 'primary', task: { id: 'plan' }, claim: { reclaimed: false } })
  const epoch = offer.claim?.epoch ?? -1
  expect(await client.task.claim({ task: 'plan', as: 's1' })).toMatchObject({ epoch, reclaimed: true })
  await client.task.heartbeat({ task: 'plan', as: 's1', epoch })
  await client.task.milestone({ task: 'plan', as: 's1', epoch, percent: 50, note: 'half', testsPassed: 3 })

  const waiting = client.task.next({ as: 's2', claim: true, waitMs: 60_000 })
  const evidence = [{ kind: 'command' as const, command: 'npm test', exitCode: 0 }]
  const done = await client.task.complete({ task: 'plan', as: 's1', epoch, evidence, summary: 'planned' })
  expect(done).toMatchObject({ task: { state: 'completed', evidence, completedBy: 's1' }, unblocked: ['build'] })
  expect(await client.task.complete({ task: 'plan', as: 's1', epoch, evidence })).toMatchObject({ unblocked: [] })

  const taken = await waiting
  expect(taken).toMatchObject({ kind: 'primary', task: { id: 'build' } })
  const first = taken.claim?.epoch ?? -1
  await client.task.release({ task: 'build' })
  const second = await client.task.claim({ task: 'build', as: 's1' })
  expect(second.epoch).toBeGreaterThan(first)
  expect(await codeOf(client.task.complete({ task: 'build', as: 's2', epoch: first }))).toBe('STALE_CLAIM')
  await client.task.complete({ task: 'build', as: 's1', epoch: second.epoch })
  expect((await client.fabric.status()).tasks).toMatchObject({ completed: 2, claimed: 0, available: 0 })
})

test('gang up on a blocker', async () => {
  await register('s1', 's2', 's3', 's4')
  await client.task.create({ id: 't1', title: 'Hard' })
  const { epoch } = await client.task.claim({ task: 't1', as: 's1' })
  const orchestrator = client.inbox.read({ swarm: 'orchestrator', waitMs: 60_000 })
  const idle = client.task.next({ as: 's2', claim: true, waitMs: 60_000 })
  await until(async () => (await client.fabric.status()).waitingSwarms === 2)

  const { id: blocker } = await client.task.block({ task: 't1', as: 's1', epoch, kind: 'help', needs: 'etcd leases' })
  expect((await orchestrator).messages).toMatchObject([
    { kind: 'blocker_raised', task: 't1', blocker, from: 'swarm:s1' },
  ])
  expect((await client.task.show({ task: 't1' })).stuck).toBe(true)

  // The governor asked one by itself, and that woke it; the orchestrator asks another.
  expect(await idle).toMatchObject({ kind: 'help', blocker: { id: blocker, needs: 'etcd leases' } })
  expect(await codeOf(client.blocker.assign({ blocker, swarms: ['s1'] }))).toBe('NOT_ELIGIBLE')
  expect(await codeOf(client.blocker.assign({ blocker, swarms: ['s2', 's3', 's4'] }))).toBe('POLICY_VIOLATION')
  const assigned = await client.blocker.assign({ blocker, swarms: ['s2', 's3'] })
  expect(assigned.helpers.map(({ swarm }) => swarm)).toEqual(['s2', 's3'])
  const helpers = (await client.blocker.answer({ blocker, as: 's2', accept: true })).helpers
  const own = helpers.find(({ swarm }) => swarm === 's2')?.epoch ?? -1
  expect(own).toBeGreaterThan(epoch)
  await client.blocker.answer({ blocker, as: 's3', accept: false, reason: 'busy' })

  const seen = (await client.inbox.read({ swarm: 's1' })).messages
  const resolved = client.inbox.read({ swarm: 's1', after: seen.at(-1)?.index ?? -1, waitMs: 60_000 })
  expect(await codeOf(client.blocker.resolve({ blocker, as: 's3', epoch: own }))).toBe('STALE_CLAIM')
  await client.blocker.resolve({ blocker, as: 's2', epoch: own, resolution: 'use a keepalive' })
  expect((await resolved).messages).toMatchObject([{ kind: 'blocker_resolved', blocker, from: 'swarm:s2' }])
  expect(await client.task.next({ as: 's1' })).toMatchObject({ kind: 'resume', claim: { epoch } })
  await client.task.complete({ task: 't1', as: 's1', epoch })
})

test('race prevention: 10,000 claims of one task from many connections have one winner', async () => {
  const swarms = Array.from({ length: 10_000 }, (_, n) => `racer-${n}`)
  await Promise.all(swarms.map((swarm) => place.fabric.submit(makeRegistration(swarm), { actor: 'admin' })))
  await client.task.create({ id: 'prize', title: 'Prize' })
  const racer = place.connect(200)
  const winners: { readonly swarm: string; readonly epoch: number }[] = []
  const refusals: Record<string, number> = {}
  await Promise.all(
    swarms.map(async (as) => {
      try {
        winners.push(await racer.task.claim({ task: 'prize', as }))
      } catch (error) {
        const said = isFabricError(error) ? `${error.code} ${error.details.holder}` : String(error)
        refusals[said] = (refusals[said] ?? 0) + 1
      }
    }),
  )
  expect(winners).toHaveLength(1)
  expect(refusals).toEqual({ [`ALREADY_CLAIMED ${winners[0]?.swarm}`]: 9_999 })
  const { task } = await client.task.show({ task: 'prize' })
  expect(task).toMatchObject({ attempts: 1, claim: { swarm: winners[0]?.swarm, epoch: winners[0]?.epoch } })
  const claims: unknown[] = []
  const end = (await client.fabric.status()).entries
  for (let from = 0; from < end; ) {
    const page = await client.log.read({ from, limit: 1_000 })
    claims.push(...page.entries.filter(({ type }) => String(type).includes('task_claimed')))
    from = page.next
  }
  expect(claims).toMatchObject([{ subject: 'prize', data: winners.map(({ swarm }) => ({ swarm }))[0] }])
}, 60_000)

describe('connection recovery', () => {
  test('the log goes on without a gap and every claim lives on when the fabric is back', async () => {
    await register('s1')
    await client.task.create({ id: 't1', title: 'One' })
    const { epoch } = await client.task.claim({ task: 't1', as: 's1' })
    const seen: LogEntry[] = []
    const ending = new AbortController()
    const following = (async () => {
      for await (const entry of client.events({ from: 0, signal: ending.signal })) seen.push(entry)
    })()
    await until(() => seen.some(({ event }) => String(event.type).includes('task_claimed')))

    await place.restart()
    expect(await client.task.heartbeat({ task: 't1', as: 's1', epoch })).toMatchObject({ epoch })
    await client.task.complete({ task: 't1', as: 's1', epoch })
    await until(() => seen.some(({ event }) => String(event.type).includes('task_completed')))
    ending.abort()
    await following
    expect(seen.map(({ index }) => index)).toEqual(seen.map((_, position) => position))
    const types = seen.map(({ event }) => String(event.type).split('.')[2])
    expect(types.filter((type) => type === 'fabric_started')).toHaveLength(2)
  })

  test('a command whose answer was lost is sent again under its key and done once', async () => {
    await register('s1')
    const key = { idempotencyKey: 'the-same-word' }
    const sent = await client.swarm.send({ to: 's1', text: 'hello' }, key)
    expect(await client.swarm.send({ to: 's1', text: 'hello' }, key)).toEqual(sent)
    expect((await client.inbox.read({ swarm: 's1' })).messages).toHaveLength(1)
  })
})

test('witness logging: each step is an entry, in order, with its actor', async () => {
  await register('s1', 's2')
  await client.task.create({ id: 't1', title: 'One' })
  const { epoch } = await client.task.claim({ task: 't1', as: 's1' })
  await client.task.heartbeat({ task: 't1', as: 's1', epoch })
  await client.task.milestone({ task: 't1', as: 's1', epoch, percent: 25 })
  const { id: blocker } = await client.task.block({ task: 't1', as: 's1', epoch, kind: 'help', needs: 'a hand' })
  await client.blocker.assign({ blocker, swarms: ['s2'] })
  const { helpers } = await client.blocker.answer({ blocker, as: 's2', accept: true })
  await client.blocker.resolve({ blocker, as: 's2', epoch: helpers[0]?.epoch ?? -1 })
  await client.swarm.send({ to: 's2', text: 'thanks', as: 's1' })
  await client.task.complete({ task: 't1', as: 's1', epoch })
  const steps = [
    'swarm_registered s1',
    'swarm_registered s2',
    'task_created t1',
    'task_claimed t1',
    'milestone_reported t1',
    `blocker_raised ${blocker}`,
    `help_requested ${blocker}`,
    `help_accepted ${blocker}`,
    `blocker_resolved ${blocker}`,
    'message_sent s2',
    'task_completed t1',
  ]
  const written = (await log()).slice(3).filter((entry) => !entry.startsWith('command_received'))
  expect(written).toEqual(steps)
  const { entries } = await client.log.read({})
  expect(entries.map(({ id }) => id)).toEqual(entries.map((_, index) => String(index)))
  const claimed = entries[epoch]
  expect(claimed).toMatchObject({ specversion: '1.0', subject: 't1', actor: 'swarm:s1', data: { swarm: 's1' } })
})
