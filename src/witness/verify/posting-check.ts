import { hash } from 'node:crypto'
import { isFabricError } from '../../model/errors.js'
import { parseEntry } from '../query/facts.js'
import { runName } from '../query/posting-format.js'
import { PostingRun, RUN_ENTRIES } from '../query/posting-run.js'
import type { PostingFiles } from './source.js'
import { failed, notAsked, ok, unchecked, type Verdict } from './verdict.js'

export type PostingCode = 'postings_complete' | 'postings_changed' | 'entries_unreadable' | 'not_asked'

/** Makes the stored index anew from the entries: what is left out of it would be left out of queries. */
export class PostingCheck {
  readonly #files: PostingFiles
  /** First entries of the runs that are stored. */
  readonly #stored: ReadonlySet<number>
  /** Digests of the runs as they should be, by their first entry. */
  readonly #expected = new Map<number, string>()
  #run: PostingRun | undefined
  #unreadable: number | undefined

  private constructor(files: PostingFiles, stored: ReadonlySet<number>) {
    this.#files = files
    this.#stored = stored
  }

  static async open(files: PostingFiles): Promise<PostingCheck> {
    return new PostingCheck(files, new Set(await files.firsts()))
  }

  see(index: number, entry: Uint8Array): void {
    if (this.#stored.has(index) && index % RUN_ENTRIES === 0) this.#run = new PostingRun(index, RUN_ENTRIES)
    const run = this.#run
    if (run === undefined) return
    try {
      run.add(parseEntry(index, entry))
    } catch (error) {
      if (!isFabricError(error, 'DATA_CORRUPT')) throw error
      this.#unreadable ??= index
      this.#run = undefined
      return
    }
    if (!run.isFull) return
    this.#expected.set(run.first, hash('sha256', run.encode()))
    this.#run = undefined
  }

  async judge(): Promise<Verdict<PostingCode>> {
    const runs = this.#expected.size
    for (const [first, digest] of this.#expected) {
      if (hash('sha256', await this.#files.read(first)) === digest) continue
      const file = runName(first)
      const message = `The index file ${file} does not hold what entries ${first} to ${first + RUN_ENTRIES - 1} say: queries may leave entries out.`
      return failed('postings_changed', message, { file, first })
    }
    if (this.#unreadable !== undefined) {
      const message = `Entry ${this.#unreadable} is not an event of InfraFabric, so that the index cannot be made again.`
      return unchecked('entries_unreadable', message, { index: this.#unreadable })
    }
    if (runs === 0) return notAsked('There is no index file to be checked.')
    return ok('postings_complete', `${runs} index files hold exactly what the entries say.`, { runs })
  }
}
