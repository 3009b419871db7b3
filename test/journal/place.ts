import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileJournal, type FileJournalOptions } from '../../src/journal/file/file-journal.js'
import type { JournalPlace } from '../conformance/journal.js'

export interface FilePlace extends JournalPlace {
  readonly directory: string
  journal(): FileJournal
}

/** A new directory for one test. Small segments, so that a few hundred entries fill several. */
export async function filePlace(options: Omit<FileJournalOptions, 'directory'> = {}): Promise<FilePlace> {
  const directory = await mkdtemp(join(tmpdir(), 'ifab-journal-'))
  return {
    directory,
    journal: () => new FileJournal({ segmentBytes: 4_096, ...options, directory }),
    dispose: () => rm(directory, { recursive: true, force: true }),
  }
}
