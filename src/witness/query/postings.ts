import { asFabricError, FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { type Clause, entriesOf } from './clauses.js'
import type { LoggedEntry } from './facts.js'
import { runCorrupt } from './posting-format.js'
import { PostingRun, RUN_ENTRIES } from './posting-run.js'
import type { PostingStorage } from './posting-storage.js'
import { checkRun, StoredRun } from './stored-run.js'

export interface PostingsOptions {
  /** Entries in the log: runs that go beyond belong to another one and are removed. */
  readonly size?: number
  /** Entries of a run. */
  readonly runEntries?: number
  /** Told when runs cannot be written, not again until they can, and when stored ones are given up. */
  readonly onFault?: (fault: FabricError) => void
}

/** Of the runs that were written last, so many are checked whole at the start: a power cut damages those. */
const CHECKED_RUNS = 16
/** Runs that are asked at the same time. */
const RUNS_AT_ONCE = 8

/**
 * The inverted index of a log: which entries have a key. Full runs are written in the background and only their headers
 * stay in memory; the newest entries are in memory. All of it follows from the log.
 */
export class Postings {
  readonly #storage: PostingStorage
  readonly #runEntries: number
  readonly #onFault: (fault: FabricError) => void
  readonly #full: StoredRun[] = []
  /** Full runs that are in memory only, oldest first. */
  readonly #unwritten: { readonly first: number; readonly bytes: Buffer }[] = []
  #open: PostingRun
  #writing: Promise<void> | undefined
  #state: 'writing well' | 'failing' | 'given up' = 'writing well'

  private constructor(storage: PostingStorage, runs: readonly StoredRun[], options: PostingsOptions) {
    const { runEntries = RUN_ENTRIES, onFault = () => {} } = options
    this.#storage = storage
    this.#runEntries = runEntries
    this.#onFault = onFault
    this.#full = [...runs]
    this.#open = new PostingRun(runs.length * runEntries, runEntries)
  }

  /**
   * Reads which runs there are. The first that is missing or damaged is removed with all that follow: `size` says from
   * where on the caller has to add entries. Throws STORAGE_FAILED.
   */
  static async open(storage: PostingStorage, options: PostingsOptions = {}): Promise<Postings> {
    const { runEntries = RUN_ENTRIES, size = Number.POSITIVE_INFINITY, onFault = () => {} } = options
    const firsts = await storage.list()
    const runs: StoredRun[] = []
    for (const [position, first] of firsts.entries()) {
      if (first !== position * runEntries || first + runEntries > size) break
      try {
        const run = await openRun(storage, first, position >= firsts.length - CHECKED_RUNS)
        if (run.end !== first + runEntries) throw runCorrupt(first, `it does not have ${runEntries} entries`)
        runs.push(run)
      } catch (error) {
        const fault = asFabricError(error)
        if (fault.code !== 'DATA_CORRUPT') throw fault
        onFault(fault)
        break
      }
    }
    for (const first of firsts.slice(runs.length)) await storage.remove(first)
    return new Postings(storage, runs, options)
  }

  /** Entries covered. Those that follow are not in the index. */
  get size(): number {
    return this.#open.end
  }

  /** Takes in the next entry. Does nothing when too much could not be written: what follows is not covered then. */
  add(entry: LoggedEntry): void {
    if (this.#state === 'given up') return
    this.#open.add(entry)
    if (this.#open.isFull) this.#seal()
  }

  /**
   * Entries in `from` to `until` (exclusive) that are likely to match every clause, in rising lists, up to the end of
   * what is covered. Some may not match. Throws DATA_CORRUPT for a damaged run, STORAGE_FAILED.
   */
  async *find(clauses: readonly Clause[], from: number, until: number): AsyncGenerator<readonly number[], void> {
    let next = from
    for (;;) {
      const position = Math.floor(next / this.#runEntries)
      const runs = this.#full.slice(position, position + RUNS_AT_ONCE).filter(({ first }) => first < until)
      const last = runs.at(-1)
      if (last === undefined) break
      for (const found of await Promise.all(runs.map((run) => entriesOf(clauses, (keys) => run.find(keys))))) {
        yield within(found, from, until)
      }
      next = last.end
    }
    if (next >= until) return
    const run = this.#open
    yield within(await entriesOf(clauses, async (keys) => run.find(keys)), from, until)
  }

  /** Some index such that all entries before it are older than `at`. */
  before(at: number): number {
    return this.#runAt(at)?.before(at) ?? this.size
  }

  /** Some index such that no entry from it on is older than `at`; infinity when no entry that is covered is so young. */
  notBefore(at: number): number {
    return this.#runAt(at)?.notBefore(at) ?? Number.POSITIVE_INFINITY
  }

  /** Resolves when every full run is written. Throws STORAGE_FAILED when one could not be; it is tried again later. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  /** Writes what can be written. What cannot has been reported, and is derived from the log at the next start. */
  async close(): Promise<void> {
    await this.flush().catch(() => {})
  }

  /** The run that has the first entry that is not older than `at`; entries never get older. */
  #runAt(at: number): StoredRun | PostingRun | undefined {
    const full = this.#full.find(({ lastAt }) => lastAt >= at)
    return full ?? (this.#open.lastAt >= at ? this.#open : undefined)
  }

  #seal(): void {
    if (this.#unwritten.length >= LIMITS.unwrittenPostingRuns) {
      this.#state = 'given up'
      this.#onFault(fallenBehind(this.size))
      return
    }
    const { first, end } = this.#open
    const bytes = this.#open.encode()
    this.#full.push(StoredRun.inMemory(first, bytes))
    this.#unwritten.push({ first, bytes })
    this.#open = new PostingRun(end, this.#runEntries)
    // A fault in the background is reported where it happens.
    this.flush().catch(() => {})
  }

  async #write(): Promise<void> {
    for (let run = this.#unwritten[0]; run !== undefined; run = this.#unwritten[0]) {
      const { first, bytes } = run
      try {
        await this.#storage.write(first, bytes)
      } catch (error) {
        throw this.#failed(asFabricError(error))
      }
      if (this.#state === 'failing') this.#state = 'writing well'
      const position = first / this.#runEntries
      const full = this.#full[position]
      if (full !== undefined) {
        this.#full[position] = full.movedTo((offset, length) => this.#storage.read(first, offset, length))
      }
      this.#unwritten.shift()
    }
  }

  #failed(fault: FabricError): FabricError {
    if (this.#state === 'writing well') {
      this.#state = 'failing'
      this.#onFault(fault)
    }
    return fault
  }
}

async function openRun(storage: PostingStorage, first: number, whole: boolean): Promise<StoredRun> {
  const size = await storage.size(first)
  if (whole) checkRun(first, await storage.read(first, 0, size))
  return StoredRun.open(first, size, (offset, length) => storage.read(first, offset, length))
}

function within(indexes: readonly number[], from: number, until: number): readonly number[] {
  const sound = (indexes[0] ?? from) >= from && (indexes.at(-1) ?? from) < until
  return sound ? indexes : indexes.filter((index) => index >= from && index < until)
}

function fallenBehind(size: number): FabricError {
  const message = `The index of the witness could not be written for so long that it ends at ${size} entries now; queries read the log itself from there on. See to the disk and start the fabric again.`
  return new FabricError('STORAGE_FAILED', message, { size })
}
