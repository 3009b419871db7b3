import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Chunk } from '../../src/journal/journal.js'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { FabricError } from '../../src/model/errors.js'
import { FaultyJournal } from '../../src/testing/faulty-journal.js'
import { openCheckpoint, parseCheckpoint } from '../../src/witness/note/checkpoint.js'
import { parseNote } from '../../src/witness/note/note.js'
import { NoteSigner } from '../../src/witness/note/signer.js'
import { parseVkey } from '../../src/witness/note/verifier.js'
import { parseEntry } from '../../src/witness/query/facts.js'
import { memoryStorage, type Notes, type WitnessStorage } from '../../src/witness/storage.js'
import { Rotations } from '../../src/witness/verify/rotations.js'
import { Witness } from '../../src/witness/witness.js'
import { ifab } from '../cli/console.js'
import { openFixture, settle } from '../fabric/fixture.js'
import { until } from '../support/served-fabric.js'
import { WitnessPlace } from './witness-place.js'

const SIGN_AFTER_MS = 100
const SIGN_AGAIN_AFTER_MS = 5_000
const CHECKPOINT = 'witness/checkpoint'
const KEY = 'witness/key'
const admin = { actor: ADMIN_ACTOR }

let place: WitnessPlace
beforeEach(async () => {
  place = await WitnessPlace.create()
})
afterEach(() => place.remove())

async function storedSize(): Promise<number> {
  return parseCheckpoint(parseNote(await readFile(place.path(CHECKPOINT), 'utf8')).text).size
}

describe('two writers', () => {
  test('of one data directory: the second is refused before it touches the witness', async () => {
    await using running = await place.open()
    await running.create('A')
    const { note } = await running.fabric.witness.checkpoint()
    await expect(place.open()).rejects.toMatchObject({ code: 'DATA_LOCKED' })
    await running.create('B')
    expect(await readFile(place.path(CHECKPOINT), 'utf8')).toBe(note)
    expect((await running.fabric.witness.checkpoint()).size).toBe(7)
    expect(running.faults).toEqual([])
  })

  /** A witness over these entries that shares only its notes with others. */
  function witnessOf(entries: readonly string[], { notes }: WitnessStorage): Promise<Witness> {
    const chunk = entries.map((text, index) => ({ index, bytes: entryBytes(index, text) }))
    const read = async function* (from: number): AsyncGenerator<Chunk> {
      yield chunk.slice(from)
    }
    return Witness.open({
      storage: { ...memoryStorage(), notes },
      origin: 'log.example',
      read,
      size: entries.length,
      announced: undefined,
      report: () => {},
    })
  }

  function entryBytes(index: number, text: string): Buffer {
    const type = 'infrafabric.coordinator.message_sent.v1'
    const time = '2026-01-01T00:00:00.000Z'
    return Buffer.from(JSON.stringify({ id: `${index}`, type, subject: 's1', time, actor: 'admin', data: { text } }))
  }

  function grow(witness: Witness, text: string): void {
    const bytes = entryBytes(witness.size, text)

    witness.append([{ ...parseEntry(witness.size, bytes), bytes }])
  }

  test('of one history: whoever has another than was signed never signs, whether it opens or runs', async () => {
    const storage = memoryStorage()
    const first = await witnessOf(['a', 'b'], storage)
    const second = await witnessOf(['a', 'b'], storage)
    grow(first, 'c')
    grow(second, 'x')
    grow(second, 'y')
    const before = (await storage.notes.read('checkpoint')) ?? ''
    const { note } = await first.checkpoint()
    const attempts = [
      () => second.checkpoint(),
      () => second.checkpoint(),
      () => witnessOf(['a', 'b', 'x', 'y'], storage),
    ]
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect(await storage.notes.read('checkpoint')).toBe(note)
    const incident = await storage.notes.read('incident')
    expect(incident).toContain('log.example\n3\n')
    await expect(witnessOf(['a', 'b', 'c', 'd'], storage)).resolves.toMatchObject({ size: 4 })
    // For good, whatever is put in its way.
    await storage.notes.replace('checkpoint', before)
    await expect(second.checkpoint()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
  })
})

describe('a disk that takes no checkpoint', () => {
  /** Nothing can be renamed over a directory, nor written into its place. */
  const blocker = `${CHECKPOINT}.tmp`
  async function block(): Promise<void> {
    await mkdir(place.path(blocker))
    await writeFile(place.path(`${blocker}/full`), '')
  }
  const unblock = () => rm(place.path(blocker), { recursive: true })

  test('is reported, holds up nobody, and is signed on again when it does', async () => {
    await using running = await place.open()
    const { fabric, timing, faults } = running
    await block()
    await running.create('A')
    timing.advance(SIGN_AFTER_MS)
    await until(() => faults.length > 0)
    expect(faults).toEqual([expect.objectContaining({ code: 'STORAGE_FAILED' })])
    await expect(fabric.witness.checkpoint()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect((await fabric.status()).state).toBe('running')
    await running.create('B')
    timing.advance(SIGN_AGAIN_AFTER_MS)
    await until(() => faults.length > 1)
    expect((await fabric.status()).witness).toMatchObject({ size: 7, signed: 0 })
    expect(await storedSize()).toBe(0)
    await unblock()
    timing.advance(SIGN_AGAIN_AFTER_MS)
    expect((await fabric.witness.published()).size).toBe(7)
    expect(await storedSize()).toBe(7)
  })

  test('at the end leaves nothing behind that would sign later; the next start does', async () => {
    const running = await place.open()
    await running.create('A')
    await block()
    await running.fabric.close()
    expect(running.faults).toContainEqual(expect.objectContaining({ code: 'STORAGE_FAILED' }))
    expect(running.timing.pending).toBe(0)
    await unblock()
    await using again = await place.open()
    const { size } = await again.fabric.witness.checkpoint()
    running.timing.advance(10 * SIGN_AGAIN_AFTER_MS)
    await settle()
    expect([await storedSize(), size]).toEqual([size, again.fabric.witness.size])
  })
})

describe('a rotation of the key on a dying disk', () => {
  /** Notes whose writes fail as told, counted from the call of `start` on. */
  function dying(storage: WitnessStorage, fails: (write: number) => boolean) {
    let write = Number.NEGATIVE_INFINITY
    const { notes } = storage
    const act = async (work: () => Promise<void>) => {
      write += 1
      if (fails(write)) throw new FabricError('STORAGE_FAILED', 'The disk fails.')
      await work()
    }
    const failing: Notes = {
      read: (name) => notes.read(name),
      replace: (name, text) => act(() => notes.replace(name, text)),
      remove: (name) => act(() => notes.remove(name)),
    }
    const start = () => {
      write = -1
    }
    return { storage: { ...storage, notes: failing }, start }
  }

  async function keysOf(journal: FaultyJournal): Promise<{ keys: string[]; rotations: Rotations }> {
    const rotations = new Rotations('test')
    const keys: string[] = []
    for await (const chunk of journal.read(0)) {
      for (const { bytes } of chunk) {
        rotations.see(bytes)
        const { type, data } = JSON.parse(Buffer.from(bytes).toString())
        if (/\.key_(introduced|rotated)\./.test(type)) keys.push(data.vkey)
      }
    }
    return { keys, rotations }
  }

  /** Rotates while writes fail, and once more afterwards; starts anew in between or not. */
  async function rotate(fails: (write: number) => boolean, restart: boolean) {
    const storage = memoryStorage()
    const journal = new FaultyJournal(new MemoryJournal())
    const disk = dying(storage, fails)
    const opened = await openFixture({ witness: storage, journal })
    const { vkey } = opened.fabric.witness
    await opened.fabric.close()
    let running = await openFixture({ witness: disk.storage, journal })
    await running.fabric.witness.checkpoint()
    disk.start()
    const failed = await running.fabric.witness.rotateKey(admin).then(
      () => false,
      () => true,
    )
    await running.fabric.witness.rotateKey(admin).catch(() => undefined)
    if (restart) {
      await running.fabric.close()
      running = await openFixture({ witness: storage, journal })
    }
    await running.create('A')
    await running.fabric.witness.checkpoint()
    const last = await running.fabric.witness.rotateKey(admin)
    await running.create('B')
    const { note } = await running.fabric.witness.checkpoint()
    await running.fabric.close()
    return { storage, journal, vkey, failed, last, note }
  }

  test.each([
    ['once', (write: number) => write === 0, false],
    ['for ever', (write: number) => write >= 0, true],
    ['once, and then for ever', (write: number) => write === 0 || write >= 2, true],
  ])('breaks no chain of keys, wherever it fails %s', async (_, fails, restart) => {
    let failures = 0
    for (let from = 0; from < 6; from += 1) {
      const { storage, journal, vkey, failed, last, note } = await rotate((write) => fails(write - from), restart)
      if (failed) failures += 1
      await journal.open()
      const { keys, rotations } = await keysOf(journal)
      // One key after the other, each named by the one before: none was introduced anew.
      expect([from, keys]).toEqual([from, [vkey, ...rotations.after(vkey)]])
      expect(keys.at(-1)).toBe(last.vkey)
      expect(() => openCheckpoint(note, [parseVkey(last.vkey)])).not.toThrow()
      expect(NoteSigner.parse((await storage.notes.read('key'))?.trim() ?? '').vkey).toBe(last.vkey)
      await journal.close()
      await using again = await openFixture({ witness: storage, journal })
      expect([again.fabric.witness.vkey, again.faults]).toEqual([last.vkey, []])
    }
    expect(failures).toBeGreaterThan(3)
  })
})

describe('ifab witness reset', () => {
  const reset = (...options: string[]) => ifab({ IFAB_DATA: place.data }, 'witness', 'reset', ...options)

  /** The log of another fabric under the witness of this one. Returns the key of the witness. */
  async function diverge(): Promise<string> {
    const running = await place.open()
    await running.create('A')
    const older = await place.crashed()
    await running.create('B')
    const { vkey } = running.fabric.witness
    await running.fabric.close()
    await rm(place.path('log'), { recursive: true })
    await rm(place.path('snapshots'), { recursive: true, force: true })

    await cp(older.path('log'), place.path('log'), { recursive: true })
    return vkey
  }

  test('lets a log start again that lost what was signed, under a new key, and keeps the old identity', async () => {
    const previous = await diverge()
    await expect(place.open()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    const kept = await Promise.all(
      [KEY, CHECKPOINT, 'witness/incident'].map((name) => readFile(place.path(name), 'utf8')),
    )
    const redactionKey = await readFile(place.path('witness/redaction-key'), 'utf8')

    expect(await reset()).toMatchObject({ exit: 2, out: '', err: expect.stringContaining('Repeat with --yes') })
    await expect(place.open()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect(await reset('--yes')).toMatchObject({
      exit: 0,
      out: expect.stringContaining(place.path('witness/retired-1')),
      err: '',
    })

    const running = await place.open()
    const { vkey } = running.fabric.witness
    expect(vkey).not.toBe(previous)
    expect((await running.log()).slice(-2)).toEqual(['fabric_started log.example', 'key_introduced log.example'])
    const page = await running.fabric.witness.query({ operation: 'key_introduced' }, { from: 0, limit: 10 })
    const introduced = page.entries.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()).data)
    expect(introduced).toEqual([{ vkey: previous }, { vkey, replaces: previous }])
    const { note, size } = await running.fabric.witness.checkpoint()
    expect(openCheckpoint(note, [parseVkey(vkey)]).checkpoint.size).toBe(size)
    expect(() => openCheckpoint(note, [parseVkey(previous)])).toThrow(
      expect.objectContaining({ code: 'PROOF_INVALID' }),
    )
    await running.fabric.close()

    expect(await readdir(place.path('witness/retired-1'))).toEqual(['checkpoint', 'incident', 'key'])
    const names = ['key', 'checkpoint', 'incident']
    expect(await Promise.all(names.map((name) => readFile(place.path(`witness/retired-1/${name}`), 'utf8')))).toEqual(
      kept,
    )
    // Secrets that were replaced before are told to be the same afterwards.
    expect(await readFile(place.path('witness/redaction-key'), 'utf8')).toBe(redactionKey)
    await using again = await place.open()
    expect([again.fabric.witness.vkey, again.faults]).toEqual([vkey, []])
  })

  test('waits for no fabric that runs', async () => {
    await using running = await place.open()
    await running.create('A')
    expect(await reset('--yes')).toMatchObject({ out: '', err: expect.stringContaining('is in use by') })
    expect((await running.fabric.witness.checkpoint()).size).toBe(5)
  })
})
