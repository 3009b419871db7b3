import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FilePostingStorage, MemoryPostingStorage } from '../../../src/witness/query/posting-storage.js'

class Directory implements AsyncDisposable {
  constructor(readonly path: string) {}

  static async make(): Promise<Directory> {
    return new Directory(await mkdtemp(join(tmpdir(), 'ifab-postings-')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

describe.each(['memory', 'file'])('runs kept in %s', (kind) => {
  const open = async (place: Directory) =>
    kind === 'memory' ? new MemoryPostingStorage() : FilePostingStorage.open(join(place.path, 'new', 'postings'))

  test('are listed in order, read in parts, replaced and removed', async () => {
    await using place = await Directory.make()
    const storage = await open(place)
    expect(await storage.list()).toEqual([])
    await storage.write(100, Buffer.from('second'))
    await storage.write(20, Buffer.from('first'))
    expect(await storage.list()).toEqual([20, 100])
    expect((await storage.read(20, 1, 3)).toString()).toBe('irs')
    await storage.write(20, Buffer.from('other content'))
    expect(await storage.size(20)).toBe(13)
    expect((await storage.read(20, 6, 7)).toString()).toBe('content')
    await storage.remove(20)
    await storage.remove(20)
    expect(await storage.list()).toEqual([100])
  })

  test('tell when they end too early or are not there', async () => {
    await using place = await Directory.make()
    const storage = await open(place)
    await storage.write(0, Buffer.from('short'))
    await expect(storage.read(0, 3, 3)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await expect(storage.read(7, 0, 1)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(storage.size(7)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })
})

describe('a directory of runs', () => {
  test('leaves alone what is not a run, and has each run in its own file', async () => {
    await using place = await Directory.make()
    const storage = await FilePostingStorage.open(place.path)
    await writeFile(join(place.path, '00000000000000000005.run.tmp'), 'interrupted')
    await writeFile(join(place.path, 'notes.txt'), 'mine')
    await storage.write(5, Buffer.from('run'))
    expect(await storage.list()).toEqual([5])
    expect((await readdir(place.path)).sort()).toEqual(['00000000000000000005.run', 'notes.txt'])
  })

  test('that cannot be used says so', async () => {
    await using place = await Directory.make()
    const file = join(place.path, 'file')
    await writeFile(file, '')
    await expect(FilePostingStorage.open(file)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    const storage = await FilePostingStorage.open(join(place.path, 'gone'))
    await rm(join(place.path, 'gone'), { recursive: true })
    await expect(storage.list()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(storage.write(0, Buffer.of(1))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })
})
