import { access, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openCheckpoint, parseCheckpoint } from '../../src/witness/note/checkpoint.js'
import { parseNote } from '../../src/witness/note/note.js'
import { parseVkey } from '../../src/witness/note/verifier.js'
import { HEADER_BYTES } from '../../src/witness/query/posting-format.js'
import { RUN_ENTRIES } from '../../src/witness/query/posting-run.js'
import { decodeBundle } from '../../src/witness/tree/bundle.js'
import { HASH_BYTES, leafHash } from '../../src/witness/tree/hash.js'
import { WitnessPlace } from './witness-place.js'

const CHECKPOINT = 'witness/checkpoint'
const KEY = 'witness/key'
const INCIDENT = 'witness/incident'
const HASHES = 'witness/hashes/level-0'

let place: WitnessPlace
beforeEach(async () => {
  place = await WitnessPlace.create()
})
afterEach(() => place.remove())

function idsOf(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `T-${at}`)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** A log of these tasks, signed whole and closed. Returns the verifier key. */
async function history(count: number): Promise<string> {
  await using running = await place.open()
  await running.create(...idsOf(count))
  return running.fabric.witness.vkey
}

describe('a record at the end of the log that a crash left torn', () => {
  /** A crash after entry B was written and acknowledged; `signed` says whether a checkpoint covers it. */
  async function torn(signed: boolean) {
    await using running = await place.open()
    await running.create('A')
    const before = await running.fabric.witness.checkpoint()
    const start = await place.written()
    await running.create('B')
    if (signed) await running.fabric.witness.checkpoint()
    const left = await place.crashed()
    const whole = await readFile(left.path(await left.lastSegment()))
    await left.tear(start)
    return { left, start, whole, before, vkey: running.fabric.witness.vkey }
  }

  test('is cut when no checkpoint covers it, and the log goes on from there', async () => {
    const { left, before, vkey } = await torn(false)
    await using again = await left.open()
    const log = await again.log()
    expect([log.slice(before.size), again.faults]).toEqual([['fabric_started log.example'], []])
    const { note, size } = await again.fabric.witness.checkpoint()
    expect([again.fabric.witness.vkey, size]).toEqual([vkey, before.size + 1])
    expect(() => openCheckpoint(note, [parseVkey(vkey)])).not.toThrow()
  })

  test('stops the start when one does, each time, and leaves what was signed as evidence', async () => {
    const { left, start } = await torn(true)
    const signed = await readFile(left.path(CHECKPOINT), 'utf8')
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(left.open()).rejects.toMatchObject({ code: 'LOG_DIVERGED', details: { signedSize: 7 } })
      const incident = await readFile(left.path(INCIDENT), 'utf8')
      expect(incident).toBe(`the journal has 5 entries, but 7 were witnessed\n\n${signed}`)
      expect(await readFile(left.path(CHECKPOINT), 'utf8')).toBe(signed)
    }
    // Nothing was written behind what is left.
    expect(await left.written()).toBe(start)
  })

  test('stops the start also when the incident cannot be written down', async () => {
    const { left } = await torn(true)
    await mkdir(left.path(`${INCIDENT}.tmp`))
    await writeFile(left.path(`${INCIDENT}.tmp/full`), '')
    await expect(left.open()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
  })

  test('is forgotten when what was lost comes back', async () => {
    const { left, whole } = await torn(true)
    await expect(left.open()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    await writeFile(left.path(await left.lastSegment()), whole)
    await using restored = await left.open()
    expect([(await restored.log()).slice(5, 7), restored.faults]).toEqual([['board_imported B', 'task_created B'], []])
    expect(await exists(left.path(INCIDENT))).toBe(false)
  })
})

describe('a flipped byte', () => {
  test('in the log is found at the start', async () => {
    await history(30)
    await place.flip(await place.lastSegment(), 600)
    await expect(place.open()).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  })

  test('in the log cannot be hidden by a right checksum: it is another log than the signed one', async () => {
    await history(30)
    await place.forge('Task T-7', 'Task T-8')
    await expect(place.open()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect(await readFile(place.path(INCIDENT), 'utf8')).toContain(await readFile(place.path(CHECKPOINT), 'utf8'))
  })

  test('in an old hash is refused on use and never signed over; without the file it is computed again', async () => {
    const vkey = await history(600)
    await place.flip(HASHES, 3 * HASH_BYTES)
    {
      await using running = await place.open()
      await expect(running.fabric.witness.prove(5)).rejects.toMatchObject({
        code: 'DATA_CORRUPT',
        details: { tile: 'tile/0/000' },
      })
      await expect(running.fabric.witness.tile(0, 0, 256)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
      await expect(running.fabric.witness.prove(300)).resolves.toContain('tlog-proof')
      await running.create('X')
      const { note } = await running.fabric.witness.checkpoint()
      expect(() => openCheckpoint(note, [parseVkey(vkey)])).not.toThrow()
      expect(running.faults).toEqual([])
    }
    await rm(place.path('witness/hashes'), { recursive: true })
    await using mended = await place.open()
    await expect(mended.fabric.witness.prove(5)).resolves.toContain('tlog-proof')
    await expectTile(mended, 0)
    expect(mended.faults).toEqual([])
  })

  test('in one of the newest hashes is reported, and all are computed from the log', async () => {
    await history(600)
    const { size } = await stat(place.path(HASHES))
    for (const hash of [1, 255]) {
      await place.flip(HASHES, size - hash * HASH_BYTES)
      await using mended = await place.open()
      expect(mended.faults).toEqual([
        expect.objectContaining({ code: 'DATA_CORRUPT', details: { directory: 'witness/hashes' } }),
      ])
      for (const tile of [0, 1]) await expectTile(mended, tile)
    }
  })

  async function expectTile({ fabric: { witness } }: Awaited<ReturnType<WitnessPlace['open']>>, index: number) {
    const entries = decodeBundle(await witness.bundle(index, 256), 256)
    expect((await witness.tile(0, index, 256)).equals(Buffer.concat(entries.map(leafHash)))).toBe(true)
  }

  test.each([CHECKPOINT, KEY])('anywhere in %s stops the start', async (name) => {
    await history(3)
    const good = await readFile(place.path(name))
    for (let offset = 0; offset < good.length; offset += 13) {
      await place.flip(name, offset)
      const opening = place.open()
      await expect(opening).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
      await expect(opening).rejects.not.toThrow(/PRIVATE/)
      await place.flip(name, offset)
    }
    expect((await readFile(place.path(name))).equals(good)).toBe(true)
    await using sound = await place.open()
    expect(sound.faults).toEqual([])
  })
})

describe('a full run of the index', () => {
  const filter = { task: 'T-9000' }
  const page = { from: 0, limit: 10 }

  test('that is damaged is removed and made again at the start, and refused when that happens later', async () => {
    await history(RUN_ENTRIES)
    const [run = ''] = (await readdir(place.path('witness/postings'))).sort()
    const name = `witness/postings/${run}`
    const good = await readFile(place.path(name))
    for (const offset of [0, 100, Math.floor(good.length / 2), good.length - 1]) {
      await place.flip(name, offset)
      await using mended = await place.open()
      expect([offset, mended.faults]).toEqual([offset, [expect.objectContaining({ code: 'DATA_CORRUPT' })]])
      const { entries } = await mended.fabric.witness.query(filter, page)
      expect(entries.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()).subject)).toEqual(['T-9000'])
    }
    expect((await readFile(place.path(name))).equals(good)).toBe(true)
    await using running = await place.open()
    await place.flip(
      name,
      ...Array.from(
        { length: 1_000 },
        (_, at) => HEADER_BYTES + Math.floor(((good.length - HEADER_BYTES) * at) / 1_000),
      ),
    )
    await expect(running.fabric.witness.query(filter, page)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await running.create('X')
    expect((await running.log()).at(-1)).toBe('task_created X')
  })
})

describe('what is missing', () => {
  test.each([
    ['the checkpoint', [CHECKPOINT], CHECKPOINT],
    ['the key', [KEY], KEY],
    ['all but the key', [CHECKPOINT, 'witness/hashes', 'witness/postings', 'witness/redaction-key'], CHECKPOINT],
    ['the directory of the witness', ['witness'], KEY],
    ['the key together with the log', [KEY, 'log', 'snapshots'], KEY],
  ])('%s is told, and not made anew', async (_, names, file) => {
    await history(3)
    for (const name of names) await rm(place.path(name), { recursive: true, force: true })
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(place.open()).rejects.toMatchObject({ code: 'DATA_CORRUPT', details: { file } })
    }
  })

  test('the log itself is told by what was signed of it', async () => {
    await history(3)
    await rm(place.path('log'), { recursive: true })
    await rm(place.path('snapshots'), { recursive: true, force: true })
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(place.open()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    }
  })

  test('the hashes and the index are computed again, and nobody is troubled', async () => {
    const vkey = await history(600)
    const { root, size } = parseCheckpoint(parseNote(await readFile(place.path(CHECKPOINT), 'utf8')).text)
    for (const name of ['hashes', 'postings']) await rm(place.path(`witness/${name}`), { recursive: true })
    await using running = await place.open()
    expect([running.fabric.witness.vkey, running.faults]).toEqual([vkey, []])
    const { entries } = await running.fabric.witness.query({ task: 'T-300' }, { from: 0, limit: 10 })
    expect(entries).toHaveLength(1)
    expect((await running.fabric.witness.checkpoint()).size).toBe(size + 1)
    expect(root).toHaveLength(HASH_BYTES)
  })
})
