import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FabricError } from '../../../src/model/errors.js'
import { LIMITS } from '../../../src/model/limits.js'
import { encodeRun, RUN_ENTRIES } from '../../../src/witness/query/posting-run.js'
import { MemoryPostingStorage } from '../../../src/witness/query/posting-storage.js'
import { Postings } from '../../../src/witness/query/postings.js'
import { MadeLog, makeEntries, START, someEntries } from './made-log.js'

/** A storage that refuses writes while `full`. */
class FullStorage extends MemoryPostingStorage {
  full = true

  override async write(first: number, bytes: Uint8Array): Promise<void> {
    if (this.full) throw new FabricError('STORAGE_FAILED', 'The disk is full.')
    await super.write(first, bytes)
  }
}

/** Every third entry is of task A, the others of a task of their own. */
function subjects(count: number) {
  return Array.from({ length: count }, (_, index) => ({ subject: index % 3 === 0 ? 'A' : `T${index}`, later: 1 }))
}

describe('a log as long as a run, or nearly', () => {
  test.each([0, 1, 15, 16, 17, 31, 32, 33])(
    'of %i entries is found whole, before and after a restart',
    async (count) => {
      const storage = new MemoryPostingStorage()
      const log = await MadeLog.open(subjects(count), { storage, runEntries: 16 })
      expect(log.postings.size).toBe(count)
      expect(await log.find({ task: 'A' })).toEqual(log.scan({ task: 'A' }))
      await log.reopen(storage, { runEntries: 16 })
      expect(await storage.list()).toEqual(Array.from({ length: Math.floor(count / 16) }, (_, run) => run * 16))
      expect(log.postings.size).toBe(count)
      expect(await log.find({ task: 'A' })).toEqual(log.scan({ task: 'A' }))
    },
  )

  test.each([-1, 0, 1])(
    'of the usual length and %i entries keeps all but the last run in the storage',
    async (more) => {
      const count = RUN_ENTRIES + more
      const storage = new MemoryPostingStorage()
      const log = await MadeLog.open(subjects(count), { storage, chunk: 1_024 })
      await log.postings.close()
      expect((await Postings.open(storage)).size).toBe(more < 0 ? 0 : RUN_ENTRIES)
      const last = `T${count - 1 - ((count - 1) % 3 === 0 ? 1 : 0)}`
      expect(await log.find({ task: last })).toEqual(log.scan({ task: last }))
      expect(await log.find({ task: 'T1' })).toEqual([1])
    },
  )
})

describe('the runs', () => {
  test('are those that an auditor computes from the entries', async () => {
    await fc.assert(
      fc.asyncProperty(someEntries, async (made) => {
        const storage = new MemoryPostingStorage()
        const log = await MadeLog.open(made, { storage, runEntries: 8 })
        await log.postings.flush()
        expect(await storage.list()).toHaveLength(Math.floor(made.length / 8))
        for (const first of await storage.list()) {
          const bytes = await storage.read(first, 0, await storage.size(first))
          expect(bytes.equals(encodeRun(log.entries.slice(first, first + 8)))).toBe(true)
        }
      }),
    )
  })

  test('leave memory when they are written', async () => {
    const storage = new MemoryPostingStorage()
    const log = await MadeLog.open(subjects(40), { storage, runEntries: 16 })
    await log.postings.flush()
    await storage.remove(0)
    await expect(log.find({ task: 'A' })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })
})

describe('a start', () => {
  test('removes a damaged run with those behind it, and derives them again', async () => {
    const storage = new MemoryPostingStorage()
    const log = await MadeLog.open(subjects(70), { storage, runEntries: 16 })
    await log.postings.flush()
    const bytes = await storage.read(16, 0, await storage.size(16))
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    await storage.write(16, bytes)
    const faults: FabricError[] = []
    const reopened = await Postings.open(storage, { runEntries: 16, onFault: (fault) => faults.push(fault) })
    expect(reopened.size).toBe(16)
    expect(faults).toMatchObject([{ code: 'DATA_CORRUPT', details: { file: '00000000000000000016.run' } }])
    expect(await storage.list()).toEqual([0])
    await log.reopen(storage, { runEntries: 16 })
    expect(await log.find({ task: 'A' })).toEqual(log.scan({ task: 'A' }))
    await log.postings.flush()
    expect(await storage.list()).toEqual([0, 16, 32, 48])
  })

  test('removes runs behind a gap, runs of another length, and runs beyond the log', async () => {
    const openAfter = async (change: (storage: MemoryPostingStorage) => Promise<void>, options = {}) => {
      const storage = new MemoryPostingStorage()
      const log = await MadeLog.open(subjects(64), { storage, runEntries: 16 })
      await log.postings.flush()
      await change(storage)
      const { size } = await Postings.open(storage, { runEntries: 16, ...options })
      return { size, list: await storage.list() }
    }
    const same = async () => {}
    expect(await openAfter(same)).toEqual({ size: 64, list: [0, 16, 32, 48] })
    expect(await openAfter((storage) => storage.remove(16))).toEqual({ size: 16, list: [0] })
    expect(await openAfter(same, { size: 47 })).toEqual({ size: 32, list: [0, 16] })
    expect(await openAfter(same, { runEntries: 8 })).toEqual({ size: 0, list: [] })
  })

  test('fails when the storage does', async () => {
    const storage = new MemoryPostingStorage()
    storage.list = async () => [0]
    await expect(Postings.open(storage)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })
})

describe('a disk that refuses runs', () => {
  test('is reported once, leaves them in memory, and gets them later', async () => {
    const storage = new FullStorage()
    const faults: FabricError[] = []
    const options = { storage, runEntries: 8, onFault: (fault: FabricError) => faults.push(fault) }
    const log = await MadeLog.open(subjects(30), options)
    await expect(log.postings.flush()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(log.postings.flush()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(faults).toHaveLength(1)
    expect(await log.find({ task: 'A' })).toEqual(log.scan({ task: 'A' }))
    storage.full = false
    await log.postings.flush()
    expect(await storage.list()).toEqual([0, 8, 16])
    expect(await log.find({ task: 'A' })).toEqual(log.scan({ task: 'A' }))
    storage.full = true
    for (const entry of makeEntries(subjects(40)).slice(30)) log.add(entry)
    await log.postings.close()
    expect(faults).toHaveLength(2)
  })

  test('for very long ends the index; queries read the log behind it', async () => {
    const storage = new FullStorage()
    const faults: FabricError[] = []
    const made = subjects(4 * (LIMITS.unwrittenPostingRuns + 3))
    const options = { storage, runEntries: 4, onFault: (fault: FabricError) => faults.push(fault) }
    const log = await MadeLog.open(made, options)
    expect(log.postings.size).toBe(4 * (LIMITS.unwrittenPostingRuns + 1))
    expect(faults.map(({ message }) => message)).toContainEqual(expect.stringContaining('queries read the log itself'))
    expect(await log.find({ task: 'A' })).toEqual(log.scan({ task: 'A' }))
    expect(await log.find({ task: 'A', since: START + made.length - 5 })).toEqual(
      log.scan({ task: 'A', since: START + made.length - 5 }),
    )
    storage.full = false
    await log.reopen(storage, { runEntries: 4 })
    expect(log.postings.size).toBe(made.length)
  })
})

test('entries must come in order', async () => {
  const postings = await Postings.open(new MemoryPostingStorage())
  const [, second] = makeEntries([{}, {}])
  expect(() => second && postings.add(second)).toThrow(/not the next/)
})
