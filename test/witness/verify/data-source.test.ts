import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FileJournal } from '../../../src/journal/file/file-journal.js'
import { formatCheckpoint } from '../../../src/witness/note/checkpoint.js'
import { formatNote, formatSignature } from '../../../src/witness/note/note.js'
import { CosignatureSigner } from '../../../src/witness/note/signer.js'
import { parseEntry } from '../../../src/witness/query/facts.js'
import { runName } from '../../../src/witness/query/posting-format.js'
import { encodeRun, RUN_ENTRIES } from '../../../src/witness/query/posting-run.js'
import { FileHashStore } from '../../../src/witness/tree/hash-file.js'
import { MerkleTree } from '../../../src/witness/tree/tree.js'
import { DataSource } from '../../../src/witness/verify/data-source.js'
import { directorySource } from '../../../src/witness/verify/directory-source.js'
import { exportLog } from '../../../src/witness/verify/export.js'
import type { Verification } from '../../../src/witness/verify/verify.js'
import { entriesOf, ORIGIN, outcome, Place, signer } from './logs.js'

let place: Place
let data: string
beforeEach(async () => {
  place = await Place.open()
  data = place.path('data')
})
afterEach(() => place[Symbol.asyncDispose]())

/** Writes a data directory as a fabric does; the checkpoint is of the first `signed` entries. */
async function write(entries: readonly Uint8Array[], signed = entries.length): Promise<void> {
  const journal = new FileJournal({ directory: data, segmentBytes: 64 * 1024 })
  const { size } = await journal.open()
  const tree = await MerkleTree.open(await FileHashStore.open(join(data, 'witness', 'hashes')))
  for (let from = size; from < entries.length; from += 100) {
    const batch = entries.slice(from, from + 100)
    await journal.append(from, { writerId: 'test', batchId: String(from), entries: batch })
    for (const entry of batch) tree.append(entry)
  }
  const text = formatCheckpoint({ origin: ORIGIN, size: signed, root: await tree.rootAt(signed) })
  await writeFile(join(data, 'witness', 'checkpoint'), formatNote(text, [signer.sign(text)]))
  await writeFile(join(data, 'witness', 'key'), `${signer.skey}\n`)
  await tree.close()
  await journal.close()
}

async function verify(): Promise<Verification> {
  const source = new DataSource(data)
  try {
    return await place.verify({ source })
  } finally {
    await source.close()
  }
}

function eventAt(index: number): Buffer {
  const event = {
    specversion: '1.0',
    id: String(index),
    source: '/fabrics/log.example',
    type: 'infrafabric.coordinator.task_claimed.v1',
    subject: `task-${index % 7}`,
    time: new Date(index).toISOString(),
    actor: 'swarm:alice',
    data: { swarm: 'alice' },
  }
  return Buffer.from(JSON.stringify(event))
}

/** Every file below a directory with its content, to show that nothing was changed. */
async function contentOf(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const file of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name)
    if (file.isFile()) found[path] = `${(await stat(path)).mtimeMs} ${(await readFile(path)).toString('base64')}`
  }
  return found
}

describe('a stopped data directory', () => {
  test.each([0, 1, 255, 256, 257, 1_000])('of %i entries is verified and nothing in it changes', async (size) => {
    await write(entriesOf(size))
    const before = await contentOf(data)
    const found = await verify()
    expect(outcome(found)).toMatchObject({ integrity: 'ok intact', signature: 'ok signed' })
    expect(found.verdicts.integrity.details).not.toHaveProperty('tilesNotStored')
    expect(await contentOf(data)).toEqual(before)
  })

  test('gives its own verifier key', async () => {
    await write(entriesOf(3))
    expect(await new DataSource(data).vkey()).toBe(signer.vkey)
    await rm(join(data, 'witness', 'key'))
    expect(await new DataSource(data).vkey()).toBeUndefined()
  })

  test('names entries behind the last signed checkpoint, and is not fresh with them', async () => {
    await write(entriesOf(1_000), 700)
    const first = await verify()
    expect(first.remembered.saved).toBe(true)
    expect(first.verdicts.freshness).toMatchObject({
      code: 'nothing_remembered',
      message: expect.stringContaining('300 entries behind the checkpoint'),
    })
    const { freshness } = (await verify()).verdicts
    expect(freshness).toMatchObject({
      status: 'unchecked',
      code: 'entries_unsigned',
      details: { entriesBeyondCheckpoint: 300, remembered: { size: 700 } },
    })
  })

  test('whose hashes lag behind, as after a crash, is intact all the same', async () => {
    await write(entriesOf(1_000))
    for (const [level, bytes] of [
      [0, 32 * 700 + 5],
      [1, 0],
    ] as const) {
      const file = await open(join(data, 'witness', 'hashes', `level-${level}`), 'r+')
      await file.truncate(bytes)
      await file.close()
    }
    const { integrity } = (await verify()).verdicts
    expect(integrity).toMatchObject({ status: 'ok', details: { tilesNotStored: 3 } })
    await rm(join(data, 'witness', 'hashes'), { recursive: true })
    expect((await verify()).verdicts.integrity.status).toBe('ok')
  })

  test('with a flipped byte in its hashes names tile and entry', async () => {
    await write(entriesOf(1_000))
    const file = await open(join(data, 'witness', 'hashes', 'level-0'), 'r+')
    await file.write(Buffer.alloc(1), 0, 1, 32 * 300 + 7)
    await file.write(Buffer.alloc(1, 1), 0, 1, 32 * 300 + 8)
    await file.close()
    expect((await verify()).verdicts.integrity).toMatchObject({
      code: 'tile_mismatch',
      details: { path: 'tile/0/001', first: 300 },
    })
  })

  test('with a flipped byte in its log fails and names file and entry', async () => {
    await write(entriesOf(1_000))
    const path = join(data, 'log', '00000000000000000000.log')
    const content = await readFile(path)
    const offset = content.indexOf('"250"')
    await writeFile(path, content.fill('9', offset + 1, offset + 2))
    const found = await verify()
    expect(outcome(found)).toMatchObject({ integrity: 'failed entries_damaged', signature: 'ok signed' })
    expect(found.verdicts.integrity.message).toMatch(/log.*entry 200 is damaged/)
    expect(found.remembered.saved).toBe(false)
  })

  test('whose log was written anew with another entry names the entry', async () => {
    const entries = entriesOf(1_000)
    await write(entries)
    await rm(join(data, 'log'), { recursive: true })
    const journal = new FileJournal({ directory: data })
    await journal.open()
    const changed = entries.with(321, Buffer.from('forged'))
    await journal.append(0, { writerId: 'forger', batchId: '1', entries: changed })
    await journal.close()
    expect((await verify()).verdicts.integrity).toMatchObject({ code: 'entry_mismatch', details: { first: 321 } })
  })

  test('whose log ends before the checkpoint misses entries', async () => {
    await write(entriesOf(1_000))
    await rm(join(data, 'log'), { recursive: true })
    const journal = new FileJournal({ directory: data })
    await journal.open()
    await journal.append(0, { writerId: 'forger', batchId: '1', entries: entriesOf(900) })
    await journal.close()
    const { integrity } = (await verify()).verdicts
    expect(integrity).toMatchObject({ status: 'failed', code: 'entries_missing', details: { size: 1_000 } })
  })

  test('without a checkpoint is not one that can be verified', async () => {
    await mkdir(data)
    await expect(verify()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('shows the cosignatures when they are for its last checkpoint', async () => {
    await write(entriesOf(10))
    const signed = await readFile(join(data, 'witness', 'checkpoint'), 'utf8')
    const cosigner = CosignatureSigner.generate('w.example')
    const text = signed.slice(0, signed.indexOf('\n\n') + 1)
    const cosigned = `${signed}${cosigner.sign(text, 1)}\n`
    await writeFile(join(data, 'witness', 'cosigned'), cosigned)
    expect(Buffer.from(await new DataSource(data).checkpoint()).toString()).toBe(cosigned)
    await write(entriesOf(20))
    const later = await readFile(join(data, 'witness', 'checkpoint'), 'utf8')
    expect(Buffer.from(await new DataSource(data).checkpoint()).toString()).toBe(later)
    await writeFile(
      join(data, 'witness', 'cosigned'),
      formatSignature({ name: 'x', keyId: 1, signature: Buffer.alloc(64) }),
    )
    expect(Buffer.from(await new DataSource(data).checkpoint()).toString()).toBe(later)
  })

  test('is exported as it is, whatever its hashes are', async () => {
    await write(entriesOf(1_000), 700)
    await rm(join(data, 'witness', 'hashes'), { recursive: true })
    const source = new DataSource(data)
    await exportLog(source, place.path('log'))
    await source.close()
    const found = await place.verify({ source: directorySource(place.path('log')) })
    expect(outcome(found)).toMatchObject({ integrity: 'ok intact', signature: 'ok signed' })
    expect(await readFile(place.path('log', 'vkey.txt'), 'utf8')).toBe(`${signer.vkey}\n`)
  })
})

describe('the index of a data directory', () => {
  const events = Array.from({ length: 2 * RUN_ENTRIES + 10 }, (_, index) => eventAt(index))
  const runs = [0, RUN_ENTRIES].map((first) =>
    encodeRun(events.slice(first, first + RUN_ENTRIES).map((bytes, offset) => parseEntry(first + offset, bytes))),
  )
  const runPath = (first: number) => join(data, 'witness', 'postings', runName(first))

  beforeEach(async () => {
    await write(events)
    await mkdir(join(data, 'witness', 'postings'))
    for (const [position, run] of runs.entries()) await writeFile(runPath(position * RUN_ENTRIES), run)
  })

  test('is complete when it holds what the entries say', async () => {
    await writeFile(join(data, 'witness', 'postings', 'other.tmp'), 'not a run')
    const { completeness } = (await verify()).verdicts
    expect(completeness).toMatchObject({ status: 'ok', code: 'postings_complete', details: { runs: 2 } })
    await rm(runPath(0))
    expect((await verify()).verdicts.completeness.details).toMatchObject({ runs: 1 })
  })

  test('that has a flipped byte, or is of other entries, is named', async () => {
    const run = Buffer.from(runs[1] ?? [])
    run[2_000] = (run[2_000] ?? 0) ^ 1
    await writeFile(runPath(RUN_ENTRIES), run)
    const failure = { status: 'failed', code: 'postings_changed', details: { first: RUN_ENTRIES } }
    expect((await verify()).verdicts.completeness).toMatchObject(failure)
    const forged = events.slice(RUN_ENTRIES, 2 * RUN_ENTRIES).with(5, eventAt(RUN_ENTRIES + 6))
    const entries = forged.map((bytes, offset) => parseEntry(RUN_ENTRIES + offset, bytes))
    await writeFile(runPath(RUN_ENTRIES), encodeRun(entries))
    expect((await verify()).verdicts.completeness).toMatchObject(failure)
  })

  test('is judged together with the result of a query', async () => {
    const source = new DataSource(data)
    const result = { filter: { task: 'task-1' }, from: 0, size: 1_000, entries: [] }
    const { completeness } = (await place.verify({ source, result })).verdicts
    await source.close()
    expect(completeness).toMatchObject({ status: 'failed', code: 'entries_missing', details: { runs: 2 } })
  })
})

test('bundles may be asked for out of order', async () => {
  const entries = entriesOf(1_000)
  await write(entries)
  const source = new DataSource(data)
  const [late, early, again, beyond] = await Promise.all([
    source.bundle(3, 232),
    source.bundle(0, 256),
    source.bundle(0, 2),
    source.bundle(3, 233),
  ])
  await source.close()
  expect(late?.map(String)).toEqual(entries.slice(768).map(String))
  expect(early?.map(String)).toEqual(entries.slice(0, 256).map(String))
  expect(again?.map(String)).toEqual(entries.slice(0, 2).map(String))
  expect(beyond).toBeUndefined()
})
