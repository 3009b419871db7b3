import { describe, expect, test } from 'vitest'
import { loadFold } from '../../src/fabric/recovery.js'
import { SNAPSHOT_VERSION } from '../../src/fabric/snapshot.js'
import type { Journal, Snapshot } from '../../src/journal/journal.js'
import { makePolicy, makeTask } from '../../src/testing/factories.js'
import { type Fixture, openFixture, rowsOf, settle } from './fixture.js'

/** A little of everything that a row can hold. */
async function work(fixture: Fixture): Promise<void> {
  await fixture.register('s1', 's2')
  await fixture.create('t1', 't2', 't3')
  await fixture.send(
    { type: 'create_task', task: makeTask('t4', { dependencies: ['t3'], title: 'Ünïcödé 🚀' }) },
    'key',
  )
  const { epoch } = await fixture.claim('t1', 's1')
  const { id } = await fixture.send({
    type: 'raise_blocker',
    task: 't1',
    epoch,
    kind: 'help',
    needs: 'x',
    requires: [],
  })
  await fixture.send({ type: 'assign_helpers', blocker: id, swarms: ['s2'] })
  await fixture.send({ type: 'cancel_task', task: 't2', cascade: false })
}

async function foldedRows(journal: Journal) {
  const { fold, snapshotSize } = await loadFold(journal, makePolicy())
  return {
    snapshotSize,
    rows: fold
      .rows()
      .map((row) => JSON.stringify(row))
      .sort(),
  }
}

async function* pieces(...texts: (string | Uint8Array)[]) {
  for (const text of texts) yield Buffer.from(text)
}

async function contentOf(snapshot: Snapshot | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of snapshot?.chunks ?? []) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('a snapshot', () => {
  test('with what came after it gives the same state as the whole log, and the state that was running', async () => {
    await using fixture = await openFixture()
    await work(fixture)
    const whole = await foldedRows(fixture.journal)
    expect(whole.snapshotSize).toBe(0)
    const covered = await fixture.fabric.snapshot()
    expect(await foldedRows(fixture.journal)).toEqual({ snapshotSize: covered, rows: whole.rows })
    await fixture.claim('t3', 's2')
    const withTail = await foldedRows(fixture.journal)
    expect(withTail.snapshotSize).toBe(covered)
    for (const row of await rowsOf(fixture.fabric)) expect(withTail.rows).toContain(row)
  })

  test('is taken on its own after so many entries, and at the end', async () => {
    const fixture = await openFixture({ snapshotEvery: 10 })
    for (let created = 0; created < 25; created += 1) await fixture.create(`t${created}`)
    await settle()
    expect((await fixture.journal.latestSnapshot(1_000))?.size).toBe(20)
    await fixture.fabric.close()
    await fixture.journal.open()
    expect((await fixture.journal.latestSnapshot(1_000))?.size).toBe(27)
  })

  test('shows one moment, however long it takes to store while commands go on', async () => {
    await using fixture = await openFixture()
    await work(fixture)
    const before = await rowsOf(fixture.fabric)
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { journal } = fixture
    const put = journal.putSnapshot.bind(journal)
    journal.putSnapshot = async (snapshot) => {
      await held
      return put(snapshot)
    }
    const taking = fixture.fabric.snapshot()
    await settle()
    await fixture.create('later')
    await fixture.send({ type: 'cancel_task', task: 't1', cascade: false })
    release()
    const size = await taking
    expect(size).toBeLessThan((await fixture.fabric.status()).entries)
    const content = (await contentOf(await journal.latestSnapshot(size))).toString().trim().split('\n')
    const rows = content.filter((row) => !/^{"table":"(head|receipt)"/.test(row))
    expect(rows.sort()).toEqual(before)
  })

  test('that cannot be stored is reported and hurts nobody', async () => {
    await using fixture = await openFixture({ snapshotEvery: 3 })
    const full = new Error('disk full')
    fixture.journal.putSnapshot = () => Promise.reject(full)
    await fixture.create('t1', 't2', 't3', 't4')
    await settle()
    expect(fixture.faults).toContain(full)
    await fixture.create('t5')
    expect((await fixture.fabric.status()).state).toBe('running')
  })
})

describe('a snapshot is passed over and the log read instead', () => {
  const damages: [string, (content: Buffer) => Partial<Snapshot>][] = [
    ['of another version', () => ({ version: SNAPSHOT_VERSION + 1 })],
    ['that ends early', (content) => ({ chunks: pieces(content.subarray(0, content.length - 9)) })],
    ['that lacks its end', (content) => ({ chunks: pieces(content.subarray(0, content.length - 1)) })],
    ['that is empty', () => ({ chunks: pieces('') })],
    ['that is no JSON', (content) => ({ chunks: pieces('{"table":', content) })],
    ['with a row that is none', (content) => ({ chunks: pieces(content, 'null\n') })],
    ['with a row without content', (content) => ({ chunks: pieces(content, '{"table":"task"}\n') })],
  ]

  test.each(damages)('%s', async (_, damage) => {
    const fixture = await openFixture()
    await work(fixture)
    const whole = await foldedRows(fixture.journal)
    const size = await fixture.fabric.snapshot()
    const content = await contentOf(await fixture.journal.latestSnapshot(size))
    const snapshot = { size, version: SNAPSHOT_VERSION, chunks: pieces(content), ...damage(content) }
    await fixture.journal.putSnapshot(snapshot)
    expect(await foldedRows(fixture.journal)).toEqual({ snapshotSize: 0, rows: whole.rows })
    await fixture.fabric.close()
  })
})

describe('a log that cannot be folded', () => {
  const entry = (index: number, changes: object = {}) =>
    JSON.stringify({
      specversion: '1.0',
      id: String(index),
      source: '/fabrics/test',
      type: 'infrafabric.coordinator.message_sent.v1',
      subject: 'orchestrator',
      time: '2026-01-01T00:00:00.000Z',
      actor: 'admin',
      data: { text: 'x' },
      ...changes,
    })

  test.each([
    ['an unknown type', { type: 'infrafabric.coordinator.task_cloned.v1' }, 'DATA_TOO_NEW'],
    ['a newer version of a type', { type: 'infrafabric.coordinator.message_sent.v2' }, 'DATA_TOO_NEW'],
    ['a type of another component', { type: 'infrafabric.governor.message_sent.v1' }, 'DATA_TOO_NEW'],
    ['an entry that is not in its place', { id: '7' }, 'DATA_CORRUPT'],
  ])('has %s: the start is refused and the journal closed', async (_, changes, code) => {
    const fixture = await openFixture()
    const { size } = await fixture.journal.head()
    await fixture.journal.append(size, { writerId: 'w', batchId: 'b', entries: [Buffer.from(entry(size, changes))] })
    await fixture.journal.close()
    await expect(openFixture({ journal: fixture.journal })).rejects.toMatchObject({ code, details: { index: size } })
    expect(fixture.journal.health().state).toBe('closed')
  })

  test.each([
    ['cut off', (text: string) => Buffer.from(text.slice(0, -5))],
    ['not UTF-8', (text: string) => Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xff, 0x7d, 0x7d])])],
  ])('has an entry that is %s: DATA_CORRUPT', async (_, damage) => {
    const fixture = await openFixture()
    const { size } = await fixture.journal.head()
    await fixture.journal.append(size, { writerId: 'w', batchId: 'b', entries: [damage(entry(size))] })
    await fixture.journal.close()
    await expect(openFixture({ journal: fixture.journal })).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  })
})
