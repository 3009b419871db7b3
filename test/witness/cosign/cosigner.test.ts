import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FabricError } from '../../../src/model/errors.js'
import { Cosigner } from '../../../src/witness/cosign/cosigner.js'
import { formatAddCheckpoint } from '../../../src/witness/cosign/request.js'
import { type CosignerStore, FileCosignerStore, originHash } from '../../../src/witness/cosign/store.js'
import { openCheckpoint } from '../../../src/witness/note/checkpoint.js'
import { formatNote, parseNote, parseSignatures, verifyNote } from '../../../src/witness/note/note.js'
import { CosignatureSigner, NoteSigner } from '../../../src/witness/note/signer.js'
import { SampleLog } from './sample-log.js'

const NOW_MS = 1_700_000_000_999
const signer = CosignatureSigner.generate('witness.example/w1')
const HASH = originHash('example.com/log')

let directory: string
let log: SampleLog
let cosigner: Cosigner
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ifab-cosigner-'))
  log = await SampleLog.of(40)
  cosigner = start()
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function start(store: CosignerStore = new FileCosignerStore(directory), logs = [log.signer.verifier]): Cosigner {
  return new Cosigner({ signer, logs, store, clock: { now: () => NOW_MS } })
}

/** Asks for a cosignature on the log's checkpoint of `size`. */
async function add(oldSize: number, size: number, from: SampleLog = log) {
  const proof = oldSize <= size ? await from.proof(oldSize, size) : []
  return cosigner.addCheckpoint(formatAddCheckpoint({ oldSize, proof, checkpoint: await from.note(size) }))
}

async function storedSize(): Promise<number> {
  const note = await start().latest(HASH)
  return note === undefined ? -1 : openCheckpoint(note, [log.signer.verifier]).checkpoint.size
}

describe('a cosigner', () => {
  test('cosigns the first checkpoint, of whatever size, with its key and the time in seconds', async () => {
    const { status, contentType, body } = await add(0, 7)
    expect({ status, contentType }).toEqual({ status: 200, contentType: 'text/plain; charset=utf-8' })
    const { signatures } = verifyNote({ text: await log.text(7), signatures: parseSignatures(body) }, [signer.verifier])
    expect(signatures).toMatchObject([{ timestamp: 1_700_000_000 }])
  })

  test('cosigns what extends the last one, from any size to any size', async () => {
    let last = 0
    for (const size of [0, 0, 1, 2, 7, 8, 8, 13, 32, 40]) {
      expect(await add(last, size)).toMatchObject({ status: 200 })
      last = size
    }
    expect(await storedSize()).toBe(40)
  })

  test('serves the last checkpoint with the signature of the log and its own, and nothing before the first', async () => {
    expect(await cosigner.latest(HASH)).toBeUndefined()
    const text = await log.text(5)
    const stranger = NoteSigner.generate('example.com/stranger')
    const checkpoint = formatNote(text, [stranger.sign(text), log.signer.sign(text)])
    const { body } = await cosigner.addCheckpoint(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint }))
    expect(await cosigner.latest(HASH)).toBe(formatNote(text, [log.signer.sign(text), body.trimEnd()]))
    expect(await cosigner.latest(originHash('example.com/other'))).toBeUndefined()
    expect(await cosigner.latest(HASH.toUpperCase())).toBeUndefined()
    expect(await cosigner.latest('../key')).toBeUndefined()
  })

  test('names the size it has to whoever starts from another: 409', async () => {
    await add(0, 7)
    for (const oldSize of [0, 3, 6, 8]) {
      expect(await add(oldSize, 20)).toEqual({ status: 409, contentType: 'text/x.tlog.size', body: '7\n' })
    }
    expect(await add(3, 3)).toMatchObject({ status: 409, body: '7\n' })
    expect(await storedSize()).toBe(7)
  })

  test('says 0 when it never cosigned that log', async () => {
    expect(await add(5, 7)).toMatchObject({ status: 409, body: '0\n' })
  })

  test('refuses another root at the same size, and a log that forked: 422', async () => {
    await add(0, 7)
    const fork = await SampleLog.of(40, log.signer, 'other')
    for (const size of [7, 8, 20]) expect(await add(7, size, fork)).toMatchObject({ status: 422 })
    expect(await storedSize()).toBe(7)
    expect(await add(7, 20)).toMatchObject({ status: 200 })
  })

  test('refuses a proof that is too short, too long or wrong: 422', async () => {
    await add(0, 7)
    const proof = await log.proof(7, 20)
    const changed = proof.map((hash, at) => (at === 1 ? Buffer.alloc(32) : hash))
    const extra = Buffer.alloc(32)
    const wrong = [
      [],
      proof.slice(1),
      proof.slice(0, -1),
      [...proof, extra],
      [extra, ...proof],
      changed,
      proof.toReversed(),
    ]
    for (const bad of wrong) {
      const body = formatAddCheckpoint({ oldSize: 7, proof: bad, checkpoint: await log.note(20) })
      expect(await cosigner.addCheckpoint(body)).toMatchObject({
        status: 422,
        contentType: 'text/plain; charset=utf-8',
      })
    }
    const same = formatAddCheckpoint({ oldSize: 7, proof: [extra], checkpoint: await log.note(7) })
    expect(await cosigner.addCheckpoint(same)).toMatchObject({ status: 422 })
    expect(await storedSize()).toBe(7)
  })

  test('refuses a proof from nothing, and an empty log with another root: 422', async () => {
    const proven = formatAddCheckpoint({ oldSize: 0, proof: [Buffer.alloc(32)], checkpoint: await log.note(7) })
    expect(await cosigner.addCheckpoint(proven)).toMatchObject({ status: 422 })
    const text = (await log.text(7)).replace('\n7\n', '\n0\n')
    const empty = formatNote(text, [log.signer.sign(text)])
    const body = formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: empty })
    expect(await cosigner.addCheckpoint(body)).toMatchObject({ status: 422 })
    expect(await storedSize()).toBe(-1)
  })

  test('does not know other logs: 404', async () => {
    const other = await SampleLog.of(3, NoteSigner.generate('example.com/other'))
    expect(await add(0, 3, other)).toMatchObject({ status: 404 })
    expect(await readdir(directory)).toEqual([])
  })

  test('wants a signature of a key of that origin that holds: 403', async () => {
    const homonym = await SampleLog.of(7, NoteSigner.generate('example.com/log'))
    expect(await add(0, 7, homonym)).toMatchObject({ status: 403 })
    const other = NoteSigner.generate('example.com/other')
    cosigner = start(undefined, [log.signer.verifier, other.verifier])
    const text = await log.text(7)
    const elsewhere = await log.text(8)
    for (const lines of [
      [other.sign(text)],
      [signer.sign(text, 1)],
      [log.signer.sign(elsewhere)],
      [log.signer.sign(text), log.signer.sign(elsewhere)],
    ]) {
      const body = formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: formatNote(text, lines) })
      expect(await cosigner.addCheckpoint(body)).toMatchObject({ status: 403 })
    }
    expect(await storedSize()).toBe(-1)
  })

  test('takes a new key of a log beside the old one', async () => {
    const next = NoteSigner.generate('example.com/log')
    cosigner = start(undefined, [log.signer.verifier, next.verifier])
    expect(await add(0, 7)).toMatchObject({ status: 200 })
    expect(await add(7, 9, await SampleLog.of(9, next))).toMatchObject({ status: 200 })
  })

  test('refuses an old size beyond the checkpoint, whatever it has itself: 400', async () => {
    expect(await add(8, 7)).toMatchObject({ status: 400 })
    await add(0, 8)
    expect(await add(8, 7)).toMatchObject({ status: 400 })
  })

  test('refuses what is malformed: 400', async () => {
    const note = await log.note(7)
    const text = await log.text(7)
    const line = Buffer.alloc(32).toString('base64')
    for (const body of [
      '',
      'old 0\n',
      note,
      `old 0\n\n${text}`,
      `old 0\n\n${text}\n`,
      `old 0\n\n${note.slice(0, -1)}`,
      `old 00\n\n${note}`,
      `old 0\n${'A'.repeat(44)}\n\n${note}`,
      `old 0\n${`${line}\n`.repeat(64)}\n${note}`,
      `old 0\n\n${note.replace('\n7\n', '\n07\n')}`,
      `old 0\n\n\n${note}`,
      Buffer.concat([Buffer.from(`old 0\n\n${note}`), Buffer.of(0xff)]),
    ]) {
      expect(await cosigner.addCheckpoint(body)).toMatchObject({
        status: 400,
        contentType: 'text/plain; charset=utf-8',
      })
    }
    expect(await storedSize()).toBe(-1)
  })

  test('of 20 requests at once for one log leaves the largest, and never goes back', async () => {
    await add(0, 1)
    const sizes: number[] = []
    const files = new FileCosignerStore(directory)
    const watching: CosignerStore = {
      load: (origin) => files.load(origin),
      save: async (origin, note) => {
        sizes.push(openCheckpoint(note, [log.signer.verifier]).checkpoint.size)
        await files.save(origin, note)
      },
    }
    cosigner = start(watching)
    const climb = async (size: number) => {
      let oldSize = 1
      for (;;) {
        const { status, body } = await add(oldSize, size)
        if (status === 200) return 'cosigned'
        expect(status).toBe(409)
        oldSize = Number(body)
        if (oldSize > size) return 'overtaken'
      }
    }
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, at) => climb(at + 2)))
    expect(outcomes).toContain('cosigned')
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b))
    expect(sizes.at(-1)).toBe(21)
    expect(await storedSize()).toBe(21)
  })

  test('of 20 requests from the same size lets one through', async () => {
    await add(0, 1)
    const replies = await Promise.all(Array.from({ length: 20 }, (_, at) => add(1, at + 2)))
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, ...Array(19).fill(409)])
    const won = replies.findIndex(({ status }) => status === 200)
    expect(await storedSize()).toBe(won + 2)
  })

  test('sends those away who come when too many wait for one log', async () => {
    let release = () => {}
    const held = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined)
    })
    cosigner = start({ load: () => held, save: async () => {} })
    const waiting = Array.from({ length: 257 }, () => add(0, 1))
    const statuses = waiting.map(async (reply) => (await reply).status)
    expect(await Promise.race(statuses)).toBe(429)
    release()
    const counted = await Promise.all(statuses)
    expect(counted.filter((status) => status === 429)).toHaveLength(1)
    expect(counted.filter((status) => status === 200)).toHaveLength(1)
    expect((await add(1, 2)).status).toBe(200)
  })
})

describe('what a cosigner remembers', () => {
  test('outlives it: a fork offered after a restart is refused', async () => {
    await add(0, 7)
    cosigner = start()
    const fork = await SampleLog.of(40, log.signer, 'other')
    expect(await add(0, 7, fork)).toMatchObject({ status: 409, body: '7\n' })
    expect(await add(7, 7, fork)).toMatchObject({ status: 422 })
    expect(await add(7, 20, fork)).toMatchObject({ status: 422 })
    expect(await add(7, 20)).toMatchObject({ status: 200 })
    cosigner = start()
    expect(await add(7, 30)).toMatchObject({ status: 409, body: '20\n' })
  })

  test('is one private file a log', async () => {
    await add(0, 7)
    expect(await readdir(directory)).toEqual([HASH])
    expect((await stat(join(directory, HASH))).mode & 0o777).toBe(0o600)
    expect(parseNote(await readFile(join(directory, HASH), 'utf8')).signatures).toHaveLength(2)
  })

  test('is on disk before the answer: when it cannot be stored, nothing is answered, and the truth is read back', async () => {
    const files = new FileCosignerStore(directory)
    let failing: 'before' | 'after' | undefined
    cosigner = start({
      load: (origin) => files.load(origin),
      save: async (origin, note) => {
        if (failing === 'before') throw new FabricError('STORAGE_FAILED', 'full')
        await files.save(origin, note)
        if (failing === 'after') throw new FabricError('STORAGE_FAILED', 'late')
      },
    })
    await add(0, 7)
    failing = 'before'
    await expect(add(7, 8)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    failing = 'after'
    await expect(add(7, 9)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    failing = undefined
    expect(await add(7, 10)).toMatchObject({ status: 409, body: '9\n' })
    expect(await add(9, 10)).toMatchObject({ status: 200 })
  })

  test('is not believed when it was edited, cut, or cosigned by another key', async () => {
    await add(0, 7)
    const path = join(directory, HASH)
    const note = await readFile(path, 'utf8')
    const other = CosignatureSigner.generate(signer.name)
    const text = await log.text(3)
    for (const bad of [
      note.replace('\n7\n', '\n6\n'),
      note.slice(0, 80),
      '',
      formatNote(text, [log.signer.sign(text)]),
      formatNote(text, [log.signer.sign(text), other.sign(text, 9)]),
    ]) {
      await writeFile(path, bad)
      cosigner = start()
      await expect(add(7, 8)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
      await expect(cosigner.latest(HASH)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
      expect(await readFile(path, 'utf8')).toBe(bad)
    }
    await writeFile(path, note)
    expect(await add(7, 8)).toMatchObject({ status: 200 })
  })

  test('of one log is not taken for that of another', async () => {
    const other = await SampleLog.of(9, NoteSigner.generate('example.com/other'))
    await add(0, 7)
    await writeFile(join(directory, originHash('example.com/other')), await readFile(join(directory, HASH)))
    cosigner = start(undefined, [log.signer.verifier, other.signer.verifier])
    await expect(add(7, 9, other)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    expect(await add(7, 9)).toMatchObject({ status: 200 })
  })
})
