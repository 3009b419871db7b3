import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Disk, pooledDisk, storageFailed } from '../../journal/file/disk.js'
import { assertInvariant, type FabricError } from '../../model/errors.js'
import { type HashStore, STORE_LEVELS } from './hash-store.js'
import { LevelFile } from './level-file.js'
import { TREE_LEVELS } from './tile.js'

export interface FileHashStoreOptions {
  /** Told when writes to a file begin to fail, not again until they work, and when hashes are dropped for that. */
  readonly onFault?: (fault: FabricError) => void
  /** How bytes are written; in the thread pool by default. */
  readonly disk?: Pick<Disk, 'write'>
}

/**
 * One flat file per level, `level-0` and so on, `middle-0` and so on for their middles: hash i is at offset 32 * i. Full
 * tiles are written in the background and never flushed to the disk itself, since all of it can be derived from the
 * journal again.
 */
export class FileHashStore implements HashStore {
  readonly #levels: readonly LevelFile[]

  private constructor(levels: readonly LevelFile[]) {
    this.#levels = levels
  }

  /** Opens or creates the directory; cuts what a torn write left behind the last whole hash. Throws STORAGE_FAILED. */
  static async open(directory: string, options: FileHashStoreOptions = {}): Promise<FileHashStore> {
    const { disk = pooledDisk, onFault = () => {} } = options
    const levels: LevelFile[] = []
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      for (let level = 0; level < STORE_LEVELS; level += 1) {
        levels.push(await LevelFile.open(join(directory, fileName(level)), { disk, onFault }))
      }
    } catch (error) {
      await Promise.all(levels.map((level) => level.close()))
      throw storageFailed('Opening', directory, error)
    }
    return new FileHashStore(levels)
  }

  counts(): number[] {
    return this.#levels.map((level) => level.count)
  }

  append(level: number, hashes: Uint8Array): void {
    this.#level(level).append(hashes)
  }

  read(level: number, first: number, count: number): Promise<Buffer> {
    return this.#level(level).read(first, count)
  }

  truncate(level: number, count: number): Promise<void> {
    return this.#level(level).truncate(count)
  }

  async flush(): Promise<void> {
    await this.#each((level) => level.flush())
  }

  async close(): Promise<void> {
    await this.#each((level) => level.close())
  }

  /** Does it for every level, also behind one that fails, and then throws what failed first. */
  async #each(act: (level: LevelFile) => Promise<void>): Promise<void> {
    const outcomes = await Promise.allSettled(this.#levels.map(act))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  #level(level: number): LevelFile {
    const file = this.#levels[level]
    assertInvariant(file !== undefined, `a store has levels 0 to ${STORE_LEVELS - 1}`)
    return file
  }
}

function fileName(level: number): string {
  return level < TREE_LEVELS ? `level-${level}` : `middle-${level - TREE_LEVELS}`
}
