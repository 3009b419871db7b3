import { describe, expect, test } from 'vitest'
import { encodeEntry } from '../../src/fabric/entry-codec.js'
import { MINUTE_MS } from '../../src/model/time.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import type { FaultyJournal } from '../../src/testing/faulty-journal.js'
import { codeOf, collect, type Fixture, logOf, openFixture, rowsOf, settle } from '../fabric/fixture.js'

const FAULTS = [
  ['a refused append', (journal: FaultyJournal) => journal.failNextAppend(), 'STORAGE_FAILED', false],
  ['a torn append', (journal: FaultyJournal) => journal.tearNextAppend(), 'STORAGE_FAILED', false],
  ['a lost request', (journal: FaultyJournal) => journal.loseNextAppend(), 'AMBIGUOUS', false],
  ['a lost acknowledgement', (journal: FaultyJournal) => journal.loseNextAcknowledgement(), undefined, true],
] as const

async function opened(): Promise<Fixture> {
  const fixture = await openFixture()
  await fixture.register('s1', 's2')
  await fixture.create('t1')
  return fixture
}

/** One batch as another writer would have put it at the end of the log. */
async function foreignBatch({ journal, timing }: Fixture, subject: string) {
  const { size: index } = await journal.head()
  const draft = { type: 'message_sent', subject, data: { text: 'from elsewhere' } } as const
  const { bytes } = encodeEntry(draft, { index, at: timing.now(), actor: 'admin', fabric: 'test' })
  return { writerId: 'other', batchId: 'theirs', entries: [bytes] }
}

describe.each(FAULTS)('%s', (_, script, code, written) => {
  test('is told as what it is, and what is then in the log is what everybody sees', async () => {
    await using fixture = await opened()
    script(fixture.journal)
    const answers = await Promise.allSettled([fixture.claim('t1', 's1'), fixture.claim('t1', 's2')])
    const task = await fixture.fabric.read((state) => state.tasks.get('t1'))
    const entries = await logOf(fixture)
    expect((await fixture.fabric.status()).entries).toBe(entries.length)
    if (written) {
      expect(answers).toMatchObject([{ value: { swarm: 's1' } }, { reason: { code: 'ALREADY_CLAIMED' } }])
      expect([task?.state, entries.at(-1)]).toEqual(['claimed', 'task_claimed t1'])
    } else {
      expect(answers).toMatchObject([{ reason: { code } }, { reason: { code } }])
      expect(answers.map((answer) => answer.status === 'rejected' && answer.reason.retryable)).toEqual([true, true])
      expect([task?.state, entries.at(-1)]).toEqual(['available', 'task_created t1'])
      expect(await fixture.claim('t1', 's2')).toMatchObject({ epoch: entries.length })
    }
    expect(fixture.faults).toEqual([])
  })

  test('leaves no gap and no double for a follower', async () => {
    await using fixture = await opened()
    const following = collect(fixture.fabric, 9, 0)
    script(fixture.journal)
    await codeOf(fixture.create('t2'))
    await fixture.create('t3')
    await fixture.create('t4')
    await fixture.create(...(written ? ['t5'] : ['t5', 't6']))
    const seen = await following
    expect(seen.map(({ index }) => index)).toEqual(seen.map((__, position) => position))
    expect(seen.map(({ type, subject }) => `${type} ${subject}`)).toEqual(await logOf(fixture))
  })

  test('gives live leases a full term, and keeps timers going', async () => {
    await using fixture = await opened()
    await fixture.claim('t1', 's1')
    fixture.timing.advance(14 * MINUTE_MS)
    script(fixture.journal)
    await codeOf(fixture.create('t2'))
    fixture.timing.advance(14 * MINUTE_MS)
    await settle()
    expect(await fixture.fabric.read((state) => state.tasks.get('t1')?.claim?.stalledAt)).toBeUndefined()
    for (const minutes of [1, 15]) {
      fixture.timing.advance(minutes * MINUTE_MS)
      await settle()
    }
    expect(await fixture.fabric.read((state) => state.tasks.get('t1')?.state)).toBe('available')
  })

  test('at the start closes the journal and throws; the next start finds a sound log', async () => {
    const fixture = await opened()
    await fixture.fabric.close()
    script(fixture.journal)
    await expect(openFixture({ journal: fixture.journal })).rejects.toMatchObject({ code: code ?? 'AMBIGUOUS' })
    expect(fixture.journal.health().state).toBe('closed')
    await using again = await openFixture({ journal: fixture.journal })
    expect(await again.claim('t1', 's1')).toMatchObject({ task: 't1' })
  })
})

describe('another writer', () => {
  test('fences the batch; what it wrote is taken over and pushed', async () => {
    await using fixture = await opened()
    const following = collect(fixture.fabric, 7, 0)
    fixture.journal.fenceNextAppend(await foreignBatch(fixture, 's2'))
    await expect(fixture.claim('t1', 's1')).rejects.toMatchObject({ code: 'FENCED', retryable: true })
    expect(await fixture.fabric.inbox('s2', -1, 10, 0)).toMatchObject({ messages: [{ text: 'from elsewhere' }] })
    await fixture.claim('t1', 's1')
    expect((await following).slice(-2).map(({ type }) => type)).toEqual(['message_sent', 'task_claimed'])
  })

  test('that writes what this version does not know stops the engine', async () => {
    await using fixture = await opened()
    const { size } = await fixture.journal.head()
    const bytes = Buffer.from(JSON.stringify({ id: String(size), type: 'infrafabric.coordinator.task_cloned.v1' }))
    fixture.journal.fenceNextAppend({ writerId: 'newer', batchId: 'theirs', entries: [bytes] })
    expect(await codeOf(fixture.claim('t1', 's1'))).toBe('DATA_TOO_NEW')
    expect(await codeOf(fixture.claim('t1', 's1'))).toBe('DATA_TOO_NEW')
  })
})

describe('a failed flush', () => {
  test('stops the engine for good: every caller hears of it, waiting ones too, and nothing is tried again', async () => {
    const fixture = await opened()
    const { fabric, journal, timing } = fixture
    await fixture.claim('t1', 's1')
    const poll = codeOf(fabric.next({ type: 'offer_next', swarm: 's2', claim: true }, { actor: 'admin' }, MINUTE_MS))
    const following = codeOf(collect(fabric, 1))
    await settle()
    const { size } = await journal.head()
    journal.failNextFlush()
    const codes = [fixture.create('t2'), fixture.create('t3'), fabric.read(() => 0)].map(codeOf)
    expect(await Promise.all(codes)).toEqual(['STORAGE_FAILED', 'STORAGE_FAILED', 'STORAGE_FAILED'])
    expect(await poll).toBe('STORAGE_FAILED')
    expect(await following).toBe('STORAGE_FAILED')
    expect(await fabric.failed).toMatchObject({ code: 'STORAGE_FAILED', details: { stage: 'flush' } })
    await expect(fixture.create('t4')).rejects.toMatchObject({ details: { stage: 'flush' } })
    expect(await codeOf(fabric.read(() => 0))).toBe('STORAGE_FAILED')
    expect(fixture.faults).toHaveLength(1)
    expect(timing.pending).toBe(0)
    await fabric.close()
    await journal.open()
    expect((await logOf(fixture)).slice(size)).toEqual(['task_created t2', 'task_created t3'])
  })

  test('is over with a restart, which reads what the disk really holds', async () => {
    const fixture = await opened()
    fixture.journal.failNextFlush()
    await codeOf(fixture.create('t2'))
    await fixture.fabric.close()
    await using again = await openFixture({ journal: fixture.journal })
    expect(await again.fabric.read((state) => [...state.tasks.keys()])).toEqual(['t1', 't2'])
  })
})

test('a storage that stays broken fails each command and heals when the storage does', async () => {
  await using fixture = await opened()
  for (let round = 0; round < 5; round += 1) {
    fixture.journal.failNextAppend()
    expect(await codeOf(fixture.create(`lost${round}`))).toBe('STORAGE_FAILED')
  }
  await fixture.create('kept')
  expect(await fixture.fabric.read((state) => [...state.tasks.keys()])).toEqual(['t1', 'kept'])
})

test('a crash at any append leaves a log that folds to what was acknowledged', async () => {
  for (let survivors = 0; survivors < 8; survivors += 1) {
    const fixture = await opened()
    for (let passed = 0; passed < survivors; passed += 1) fixture.journal.passNextAppend()
    fixture.journal.tearNextAppend()
    const acknowledged: string[] = []
    for (let command = 0; command < 8; command += 1) {
      const id = `n${command}`
      if ((await codeOf(fixture.create(id))) === 'accepted') acknowledged.push(id)
    }
    const before = await rowsOf(fixture.fabric)
    await fixture.journal.close()
    await using again = await openFixture({ journal: fixture.journal, timing: new FakeTiming(fixture.timing.now()) })
    expect(await rowsOf(again.fabric)).toEqual(before)
    expect(await again.fabric.read((state) => [...state.tasks.keys()])).toEqual(['t1', ...acknowledged])
    expect(acknowledged).toHaveLength(7)
  }
})
