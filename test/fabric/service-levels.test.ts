import { expect, test } from 'vitest'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { FABRIC_ACTOR } from '../../src/model/entry.js'
import { DAY_MS } from '../../src/model/time.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { FaultyJournal } from '../../src/testing/faulty-journal.js'
import { makeRun } from '../coordinator/make-run.js'
import { collect, type Fixture, logOf, openFixture, rowsOf, settle } from './fixture.js'

const LEVELS = { successRate: 0.9 }

async function run({ fabric }: Fixture, times: number): Promise<void> {
  const command = makeRun('s1', { end: 'trap', levels: LEVELS })
  await Promise.all(Array.from({ length: times }, () => fabric.submit(command, { actor: FABRIC_ACTOR })))
}

const reputationOf = ({ fabric }: Fixture) => fabric.read((state) => state.swarms.get('s1')?.measuredReputation)

test.each(['from a snapshot', 'from the log alone'])(
  'a reputation is there after a restart %s, and fades',
  async (how) => {
    const journal = new FaultyJournal(new MemoryJournal())
    const timing = new FakeTiming()
    const first = await openFixture({ journal, timing })
    await first.register('s1')
    await run(first, 10)
    if (how === 'from a snapshot') await first.fabric.snapshot()
    // Those that come after a snapshot are folded on top of it.
    await run(first, 2)
    const rows = await rowsOf(first.fabric)
    expect(rows.filter((row) => row.includes('"table":"service_level"'))).toHaveLength(1)
    await first.fabric.close()

    const later = new FakeTiming(timing.now())
    await using second = await openFixture({ journal, timing: later })
    expect(await rowsOf(second.fabric)).toEqual(rows)
    expect(await reputationOf(second)).toBe(0)
    later.advance(DAY_MS)
    await settle()
    expect((await logOf(second)).at(-1)).toBe('reputation_aged s1')
    expect(await reputationOf(second)).toBe(0.35)
  },
)

test('the facts of a run are in the log as they are, though they look like secrets', async () => {
  await using fixture = await openFixture()
  await fixture.register('s1')
  const digest = '93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476'
  const { type: _, swarm: __, ...facts } = makeRun('s1', { digest, version: '1.0.0-rc.1+build.5', levels: LEVELS })
  await fixture.fabric.submit({ type: 'record_run', swarm: 's1', ...facts }, { actor: FABRIC_ACTOR })
  const [entry] = (await collect(fixture.fabric, 1, 3)).slice(-1)
  expect(entry).toMatchObject({ type: 'run_ended', subject: 's1', data: facts })
})

test('a promise that was broken in a batch that was lost is broken once', async () => {
  await using fixture = await openFixture()
  await fixture.register('s1')
  await run(fixture, 9)
  fixture.journal.failNextAppend()
  await expect(run(fixture, 1)).rejects.toMatchObject({ retryable: true })
  expect(await reputationOf(fixture)).toBeUndefined()
  await run(fixture, 2)
  const told = (await logOf(fixture)).filter((line) => line.startsWith('service_level_violated'))
  expect(told).toEqual(['service_level_violated s1'])
})
