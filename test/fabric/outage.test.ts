import { expect, test } from 'vitest'
import { MINUTE_MS } from '../../src/model/time.js'
import { codeOf, collect, type Fixture, logOf, openFixture, settle } from './fixture.js'

/** Lets time pass up to an attempt at a time. */
async function pass({ timing }: Fixture, ms: number): Promise<void> {
  for (let left = ms; left > 0; ) {
    const step = Math.min(left, Math.max(1, timing.untilNext ?? left))
    timing.advance(step)
    left -= step
    await settle()
  }
}

test('while no server answers everything is refused, and it all goes on when they do', async () => {
  await using fixture = await openFixture()
  const { fabric, journal, faults } = fixture
  await fixture.create('before')
  journal.disconnect()
  const first = [fixture.create('lost'), fabric.read(() => 'read')]
  expect(await Promise.all(first.map(codeOf))).toEqual(['UNAVAILABLE', 'UNAVAILABLE'])
  const late = [fixture.create('late'), fabric.read(() => 'read')]
  expect(await Promise.all(late.map(codeOf))).toEqual(['UNAVAILABLE', 'UNAVAILABLE'])
  await pass(fixture, 10 * MINUTE_MS)
  expect(await codeOf(fixture.create('later'))).toBe('UNAVAILABLE')
  expect(faults).toMatchObject([{ code: 'UNAVAILABLE' }])

  journal.reconnect()
  await pass(fixture, 5_000)
  await fixture.create('after')
  expect((await fabric.status()).state).toBe('running')
  expect((await logOf(fixture)).slice(2)).toEqual(['task_created before', 'task_created after'])
  expect(faults).toHaveLength(1)
})

test('attempts come less and less often, and never less than every five seconds', async () => {
  await using fixture = await openFixture()
  const { journal, timing } = fixture
  journal.disconnect()
  await codeOf(fixture.create('lost'))
  await settle()
  const pauses: (number | undefined)[] = []
  for (let attempt = 0; attempt < 8; attempt += 1) {
    pauses.push(timing.untilNext)
    await pass(fixture, timing.untilNext ?? 0)
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
})

test('a batch that was written before the servers went away is in the state and is told when they are back', async () => {
  await using fixture = await openFixture()
  const { fabric, journal } = fixture
  await fixture.register('s1')
  await fixture.create('t1')
  const { size } = await journal.head()
  const heard = collect(fabric, 1, size)
  journal.disconnectAfterNextAppend()
  expect(await codeOf(fixture.claim('t1', 's1'))).toBe('AMBIGUOUS')
  journal.reconnect()
  await pass(fixture, 5_000)
  expect((await heard).map(({ type }) => type)).toEqual(['task_claimed'])
  expect(await fixture.claim('t1', 's1')).toMatchObject({ epoch: size, reclaimed: true })
})

test('a fabric can be closed while no server answers', async () => {
  const fixture = await openFixture()
  const { fabric, journal } = fixture
  journal.disconnect()
  expect(await codeOf(fixture.create('lost'))).toBe('UNAVAILABLE')
  await settle()
  await fabric.close()
  expect(await codeOf(fixture.create('late'))).toBe('UNAVAILABLE')
  expect(await Promise.race([fabric.failed, settle().then(() => 'not failed')])).toBe('not failed')
})

test('no waiting helps against a broken disk, or when the journal was closed', async () => {
  await using broken = await openFixture()
  broken.journal.disconnect()
  expect(await codeOf(broken.create('lost'))).toBe('UNAVAILABLE')
  await settle()
  broken.journal.reconnect()
  broken.journal.tearNextAppend()
  await expect(broken.journal.append(0, { writerId: 'w', batchId: 'b', entries: [] })).rejects.toThrow()
  await pass(broken, 100)
  expect(await broken.fabric.failed).toMatchObject({ code: 'STORAGE_FAILED' })

  await using closed = await openFixture()
  await closed.journal.close()
  expect(await codeOf(closed.create('lost'))).toBe('UNAVAILABLE')
  expect(await closed.fabric.failed).toMatchObject({ code: 'UNAVAILABLE' })
})
