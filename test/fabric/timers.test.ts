import { describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/model/time.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { type Fixture, logOf, openFixture, settle } from './fixture.js'

/** Counts how often a timer was set. */
class CountingTiming extends FakeTiming {
  set = 0

  override after(delayMs: number, callback: () => void): () => void {
    this.set += 1
    return super.after(delayMs, callback)
  }
}

async function pass({ timing }: Fixture, ms: number): Promise<void> {
  timing.advance(ms)
  await settle()
}

const claimOf = ({ fabric }: Fixture, task: string) => fabric.read((state) => state.tasks.get(task)?.claim)

describe('timers', () => {
  test('an idle fabric has none and does nothing, however long it waits', async () => {
    await using fixture = await openFixture()
    await fixture.register('s1')
    await fixture.create('t1')
    const { size } = await fixture.journal.head()
    expect(fixture.timing.pending).toBe(0)
    await pass(fixture, 365 * DAY_MS)
    expect((await fixture.journal.head()).size).toBe(size)
  })

  test('one is set for the nearest deadline, and fires at its time: stall, end of lease, retention', async () => {
    await using fixture = await openFixture()
    await fixture.register('s1')
    await fixture.create('t1')
    await fixture.claim('t1', 's1')
    const { size } = await fixture.journal.head()
    expect(fixture.timing.pending).toBe(1)
    await pass(fixture, 15 * MINUTE_MS)
    await pass(fixture, 15 * MINUTE_MS)
    expect(fixture.timing.pending).toBe(0)
    await fixture.send({ type: 'cancel_task', task: 't1', cascade: false })
    await pass(fixture, 7 * DAY_MS)
    expect(fixture.timing.pending).toBe(0)
    const names = ['task_stalled t1', 'task_released t1', 'task_cancelled t1', 'task_archived t1']
    expect(await logOf(fixture, size)).toEqual(names)
  })

  test('heartbeats set no timer of their own: one look at the old deadline finds the new one', async () => {
    const timing = new CountingTiming()
    await using fixture = await openFixture({ timing })
    await fixture.register('s1')
    await fixture.create('t1')
    const { epoch } = await fixture.claim('t1', 's1')
    const set = timing.set
    for (let beat = 0; beat < 100; beat += 1) {
      await fixture.send({ type: 'heartbeat', task: 't1', epoch })
      await pass(fixture, 6_000)
    }
    expect(timing.set).toBe(set)
    await pass(fixture, 10 * MINUTE_MS)
    expect(timing.set).toBe(set + 1)
    expect(await claimOf(fixture, 't1')).not.toHaveProperty('stalledAt')
  })

  test('thousands of deadlines at one moment are all met, in batches', async () => {
    await using fixture = await openFixture()
    const names = Array.from({ length: 1_000 }, (_, n) => `x${n}`)
    await fixture.register(...names)
    await fixture.create(...names)
    await Promise.all(names.map((name) => fixture.claim(name, name)))
    for (let round = 0; round < 12; round += 1) await pass(fixture, round === 0 ? HOUR_MS : 0)
    expect((await fixture.fabric.status()).tasks).toMatchObject({ available: 1_000, claimed: 0 })
    expect([fixture.timing.pending, fixture.faults]).toEqual([0, []])
  })

  test('a clock set back changes nothing: time goes on from the last entry as fast as it really passes', async () => {
    const timing = new CountingTiming()
    await using fixture = await openFixture({ timing })
    await fixture.register('s1')
    await fixture.create('t1')
    await fixture.claim('t1', 's1')
    timing.jump(-HOUR_MS)
    await fixture.create('t2')
    const times = await fixture.fabric.read((state) => [...state.tasks.values()].map(({ createdAt }) => createdAt))
    expect(times[1]).toBeGreaterThanOrEqual(times[0] ?? 0)
    const { set } = timing
    await pass(fixture, 14 * MINUTE_MS)
    expect(await claimOf(fixture, 't1')).not.toHaveProperty('stalledAt')
    await pass(fixture, 2 * MINUTE_MS)
    expect(await claimOf(fixture, 't1')).toHaveProperty('stalledAt')
    expect(timing.set - set).toBeLessThan(10)
  })

  test('one start with the clock far ahead does not stop time for those after it', async () => {
    const ahead = await openFixture({ timing: new FakeTiming(Date.UTC(2099, 0, 1)) })
    await ahead.register('s1')
    await ahead.create('t1')
    await ahead.fabric.close()
    await using fixture = await openFixture({ journal: ahead.journal, timing: new FakeTiming(Date.UTC(2026, 0, 1)) })
    await fixture.claim('t1', 's1')
    await pass(fixture, 29 * MINUTE_MS)
    expect((await fixture.fabric.task('t1')).task.state).toBe('claimed')
    await pass(fixture, 2 * MINUTE_MS)
    expect((await fixture.fabric.task('t1')).task.state).toBe('available')
  })

  test('a clock set forward wakes no timer by itself; what is due then comes early by no more than it was set', async () => {
    await using fixture = await openFixture()
    await fixture.register('s1')
    await fixture.create('t1')
    await fixture.claim('t1', 's1')
    fixture.timing.jump(20 * MINUTE_MS)
    await pass(fixture, 14 * MINUTE_MS)
    expect(await claimOf(fixture, 't1')).not.toHaveProperty('stalledAt')
    await pass(fixture, 2 * MINUTE_MS)
    expect((await fixture.fabric.task('t1')).task.state).toBe('available')
  })
})

describe('a restart', () => {
  test('gives every live lease a full term, after a crash as after a close', async () => {
    const first = await openFixture()
    await first.register('s1')
    await first.create('t1')
    const { epoch } = await first.claim('t1', 's1')
    await pass(first, 14 * MINUTE_MS)
    await first.journal.close()
    const crashed = await openFixture({ journal: first.journal, timing: new FakeTiming(first.timing.now() + HOUR_MS) })
    await pass(crashed, 14 * MINUTE_MS)
    expect(await claimOf(crashed, 't1')).toMatchObject({ epoch })
    await crashed.fabric.close()
    await using closed = await openFixture({ journal: first.journal, timing: crashed.timing })
    await pass(closed, 14 * MINUTE_MS)
    const reply = await closed.send({ type: 'heartbeat', task: 't1', epoch })
    expect(reply.leaseEndsAt).toBe(closed.timing.now() + 30 * MINUTE_MS)
  })

  test('sets its timers anew', async () => {
    const first = await openFixture()
    await first.register('s1')
    await first.create('t1')
    const { epoch } = await first.claim('t1', 's1')
    await first.send({ type: 'fail_task', task: 't1', epoch, reason: 'x', retry: true })
    await first.fabric.close()
    await using again = await openFixture({ journal: first.journal, timing: new FakeTiming(first.timing.now()) })
    await pass(again, 10_000)
    expect(await again.claim('t1', 's1')).toMatchObject({ task: 't1' })
  })
})
