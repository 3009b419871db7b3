import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { storageFailed } from '../../journal/file/disk.js'
import { FabricError } from '../../model/errors.js'
import { type LogFiles, StaticSource } from './static-source.js'

/** A log that was exported into a directory. */
export function directorySource(directory: string): StaticSource {
  return new StaticSource(new DirectoryFiles(directory))
}

class DirectoryFiles implements LogFiles {
  readonly describe: string

  constructor(directory: string) {
    this.describe = directory
  }

  async read(path: string, maxBytes: number): Promise<Buffer | undefined> {
    const place = join(this.describe, path)
    try {
      const found = await stat(place)
      // Reading a pipe or a device may never end.
      if (!found.isFile()) return undefined
      if (found.size <= maxBytes) return await readFile(place)
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
        return undefined
      }
      throw storageFailed('Reading', place, error)
    }
    throw new FabricError('DATA_CORRUPT', `${path} is damaged: it has more than ${maxBytes} bytes`, { path, maxBytes })
  }
}
