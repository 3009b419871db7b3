import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { blockingDisk, type Disk } from '../../src/journal/file/disk.js'
import { inspectOwner } from '../../src/journal/file/lock.js'
import { batch, fill, found, snapshot, texts } from '../conformance/journal.js'
import { type FilePlace, filePlace } from '../journal/place.js'

/** A disk that breaks on request: writes of at least `tooLarge` bytes, or flushes, fail with the given code. */
class BreakableDisk implements Disk {
  failWrites: string | undefined
  failFlushes: string | undefined
  tooLarge = 0
  /** What was asked of it: `flush`, or the position of a write. */
  readonly asked: ('flush' | number)[] = []

  write(file: number, bytes: Uint8Array, position: number): void {
    this.asked.push(position)
    if (this.failWrites !== undefined && bytes.length >= this.tooLarge) {
      blockingDisk.write(file, bytes.subarray(0, bytes.length >> 1), position)
      throw systemError(this.failWrites)
    }
    blockingDisk.write(file, bytes, position)
  }

  flush(): void {
    this.asked.push('flush')
    if (this.failFlushes !== undefined) throw systemError(this.failFlushes)
  }

  repair(): void {
    this.failWrites = undefined
    this.failFlushes = undefined
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'write' })
}

describe('a journal on a disk that fails', () => {
  let place: FilePlace
  let disk: BreakableDisk
  let journal: ReturnType<FilePlace['journal']>

  beforeEach(async () => {
    disk = new BreakableDisk()
    place = await filePlace({ disk })
    journal = place.journal()
    await journal.open()
    await journal.append(0, batch('before', ['a', 'b']))
  })

  afterEach(async () => {
    await journal.close()
    await place.dispose()
  })

  test.each([
    ['ENOSPC', /disk is full/],
    ['EIO', /input\/output error/],
  ])('a write that fails with %s stops the journal until it is opened again', async (code, advice) => {
    disk.failWrites = code
    const append = journal.append(2, batch('lost', ['c']))
    await expect(append).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { code } })
    await expect(append).rejects.toThrow(advice)
    disk.repair()
    await expect(journal.append(2, batch('too late', ['d']))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(journal.head()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(journal.health()).toMatchObject({ state: 'failed', entries: 2 })
    expect(await texts(journal, 0)).toEqual(['a', 'b'])

    await journal.close()
    expect(await journal.open()).toEqual({ size: 2, lastBatch: { writerId: 'writer', batchId: 'before' } })
    expect(journal.cutBytes).toBeGreaterThan(0)
    await journal.append(2, batch('after', ['e']))
    expect(await texts(journal, 0)).toEqual(['a', 'b', 'e'])
  })

  test('after a failed write it goes on in place: the directory never changes hands, and no free space is needed', async () => {
    const { generation } = journal
    disk.failWrites = 'ENOSPC'
    await expect(journal.append(2, batch('lost', ['c']))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(journal.open()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await inspectOwner(place.directory)).toMatchObject({ state: 'alive', generation })
    disk.repair()
    expect(await journal.open()).toMatchObject({ size: 2 })
    expect(await inspectOwner(place.directory)).toMatchObject({ state: 'alive', generation })
    await journal.append(2, batch('after', ['d']))
    expect(await texts(journal, 0)).toEqual(['a', 'b', 'd'])
  })

  test.each(['ENOSPC', 'EIO'])('a flush that fails with %s is not repeated, nor is the entry shown', async (code) => {
    disk.failFlushes = code
    await expect(journal.append(2, batch('unsure', ['c']))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    const asked = disk.asked.length
    await expect(journal.append(2, batch('too late', ['d']))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(disk.asked).toHaveLength(asked)
    expect(await texts(journal, 0)).toEqual(['a', 'b'])
  })

  test('after a failed flush the head tells whether the batch survived, and what it shows is written anew', async () => {
    disk.failFlushes = 'EIO'
    await expect(journal.append(2, batch('unsure', ['c']))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    const [position] = disk.asked.slice(-2)
    await journal.close()
    disk.asked.length = 0
    await expect(journal.open()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await inspectOwner(place.directory)).toMatchObject({ state: 'released' })
    // The kernel may show a page that never reached the disk, and would not write it again by itself.
    expect(disk.asked).toEqual([position, 'flush'])
    disk.repair()
    expect(await journal.open()).toEqual({ size: 3, lastBatch: { writerId: 'writer', batchId: 'unsure' } })
    expect(await texts(journal, 0)).toEqual(['a', 'b', 'c'])
  })

  test('a next segment that cannot be prepared fails only the append that needs it', async () => {
    disk.failWrites = 'ENOSPC'
    disk.tooLarge = 4_000
    const expected = ['a', 'b']
    const failure = await appendUntilFailure(expected)
    expect(failure).toMatchObject({ code: 'STORAGE_FAILED', details: { code: 'ENOSPC' } })
    expect(expected.length).toBeGreaterThan(10)
    disk.repair()
    await journal.close()
    await journal.open()
    expect(await texts(journal, 0)).toEqual(expected)
    expected.push(...(await fill(journal, 100, expected.length)))
    expect(await texts(journal, 0)).toEqual(expected)
    const log = join(place.directory, 'log')
    for (const name of await readdir(log)) expect((await stat(join(log, name))).size).toBe(4_096)
  })

  test('a snapshot that cannot be written leaves the log alone', async () => {
    await journal.putSnapshot(snapshot(1, ['good']))
    const failing = { ...snapshot(2, []), chunks: fullDisk() }
    await expect(journal.putSnapshot(failing)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await readdir(join(place.directory, 'snapshots'))).toEqual(['00000000000000000001.snapshot'])
    await journal.append(2, batch('after', ['c']))
    expect(await found(journal, 3)).toMatchObject({ size: 1, content: 'good' })
  })

  async function appendUntilFailure(entries: string[]): Promise<unknown> {
    for (;;) {
      const entry = `entry ${entries.length}`.padEnd(100, '.')
      try {
        await journal.append(entries.length, batch(`batch ${entries.length}`, [entry]))
      } catch (error) {
        return error
      }
      entries.push(entry)
    }
  }
})

async function* fullDisk(): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from('half')
  throw systemError('ENOSPC')
}
