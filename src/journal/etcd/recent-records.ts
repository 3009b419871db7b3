import { LIMITS } from '../../model/limits.js'
import { collectEntries, viewRecord } from '../file/record.js'
import type { Chunk, StoredEntry } from '../journal.js'

interface RecentRecord {
  readonly record: Buffer
  readonly firstIndex: number
  readonly endIndex: number
}

/** The newest records that were written or heard, so that who follows the log closely asks etcd for none. */
export class RecentRecords {
  #records: RecentRecord[] = []
  #bytes = 0

  /** Adds a record, which must be in memory of its own. Records come in the order of the log; some may be missing. */
  add(record: Buffer): void {
    const view = viewRecord(record, 0)
    if (view === undefined) return
    const endIndex = view.firstIndex + view.count
    const last = this.#records.at(-1)
    if (last !== undefined && endIndex <= last.endIndex) return
    this.#records.push({ record, firstIndex: view.firstIndex, endIndex })
    this.#bytes += record.length
    if (this.#bytes > LIMITS.etcdRecentBytes) this.#forgetOldest()
  }

  /** Entries from `from` on and below `until`, as many as one record has; undefined when there are none here. */
  chunk(from: number, until: number): Chunk | undefined {
    if (from >= until) return undefined
    const found = this.#records[this.#positionOf(from)]
    if (found === undefined || found.firstIndex > from || found.endIndex <= from) return undefined
    const view = viewRecord(found.record, 0)
    if (view === undefined) return undefined
    const entries: StoredEntry[] = []
    collectEntries(found.record, view, from, until, entries)
    return entries
  }

  /** Position of the first record that ends behind `index`, found by halving. */
  #positionOf(index: number): number {
    let low = 0
    let high = this.#records.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#records[middle]?.endIndex ?? 0) <= index) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Half at once, so that the cost of moving the rest is spread over many. */
  #forgetOldest(): void {
    this.#records = this.#records.slice(Math.ceil(this.#records.length / 2))
    this.#bytes = this.#records.reduce((sum, { record }) => sum + record.length, 0)
  }
}
