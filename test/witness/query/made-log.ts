import fc from 'fast-check'
import type { Chunk } from '../../../src/journal/journal.js'
import { formatTimestamp } from '../../../src/model/time.js'
import { ENTRY_KINDS } from '../../../src/witness/query/entry-kinds.js'
import { type LoggedEntry, parseEntry } from '../../../src/witness/query/facts.js'
import { type EntryFilter, matches } from '../../../src/witness/query/filter.js'
import { MemoryPostingStorage, type PostingStorage } from '../../../src/witness/query/posting-storage.js'
import { Postings, type PostingsOptions } from '../../../src/witness/query/postings.js'
import { type QueryPage, runQuery } from '../../../src/witness/query/query.js'
import { SEVERITIES } from '../../../src/witness/query/severity.js'

export const START = Date.UTC(2026, 0, 31, 8, 30)

/** What an entry is about; the rest is filled in. */
export interface Made {
  readonly type?: string
  readonly subject?: string
  readonly actor?: string
  /** Milliseconds after the entry before. */
  readonly later?: number
  readonly trace?: string
  readonly data?: unknown
}

export function traceparent(trace: string): string {
  return `00-${trace}-b7ad6b7169203331-01`
}

/** Entries as the engine has them. */
export function makeEntries(made: readonly Made[]): LoggedEntry[] {
  let at = START
  return made.map(({ type = 'task_created', subject = 'A', actor = 'admin', later = 0, trace, data = {} }, index) => {
    at += later
    // The engine knows all of its names; only a log of a later version has others.
    const future = ENTRY_KINDS.has(type) ? {} : { component: 'future' }
    const entry = { index, type, ...future, subject, at, actor, data }
    return trace === undefined ? entry : { ...entry, traceparent: traceparent(trace) }
  })
}

export function storedBytes({ index, type, subject, at, actor, traceparent, data }: LoggedEntry): Uint8Array {
  const component = ENTRY_KINDS.get(type)?.component ?? 'future'
  const trace = traceparent === undefined ? {} : { traceparent }
  const head = { specversion: '1.0', id: String(index), source: '/fabrics/test', subject }
  const time = formatTimestamp(at)
  return Buffer.from(
    JSON.stringify({ ...head, type: `infrafabric.${component}.${type}.v1`, time, actor, ...trace, data }),
  )
}

/** A log in memory with its index. */
export class MadeLog {
  readonly entries: LoggedEntry[] = []
  readonly #bytes: Uint8Array[] = []
  readonly #chunk: number
  postings: Postings
  /** From where on it was read, once for each call. */
  readonly reads: number[] = []
  chunksRead = 0

  private constructor(postings: Postings, chunk: number) {
    this.postings = postings
    this.#chunk = chunk
  }

  static async open(
    made: readonly Made[] = [],
    { storage = new MemoryPostingStorage(), chunk = 7, ...options }: PostingsOptions & LogOptions = {},
  ): Promise<MadeLog> {
    const log = new MadeLog(await Postings.open(storage, options), chunk)
    for (const entry of makeEntries(made)) log.add(entry)
    return log
  }

  /** Appends an entry, to the index as well unless that has it already. */
  add(entry: LoggedEntry): void {
    this.entries.push(entry)
    this.#bytes.push(storedBytes(entry))
    if (entry.index >= this.postings.size) this.postings.add(entry)
  }

  /** Closes the index and opens what was stored, and adds what is missing, as a fabric does at its start. */
  async reopen(storage: PostingStorage, options: PostingsOptions): Promise<void> {
    await this.postings.close()
    this.postings = await Postings.open(storage, { ...options, size: this.entries.length })
    for (let index = this.postings.size; index < this.entries.length; index += 1) {
      this.postings.add(parseEntry(index, this.#bytes[index] ?? Buffer.of()))
    }
  }

  query(filter: EntryFilter, { from = 0, limit = 100 } = {}): Promise<QueryPage> {
    const read = (index: number) => this.#read(index)
    return runQuery({ postings: this.postings, read, size: this.entries.length }, filter, { from, limit })
  }

  /** Indexes of all that match, page by page. */
  async find(filter: EntryFilter, limit = 100): Promise<number[]> {
    const found: number[] = []
    for (let from = 0; ; ) {
      const page = await this.query(filter, { from, limit })
      found.push(...page.entries.map(({ index }) => index))
      if (page.done) return found
      if (page.next <= from) throw new Error(`no progress at ${from}`)
      from = page.next
    }
  }

  /** The same by looking at every entry. */
  scan(filter: EntryFilter): number[] {
    return this.entries.filter((entry) => matches(entry, filter)).map(({ index }) => index)
  }

  async *#read(from: number): AsyncGenerator<Chunk, void> {
    this.reads.push(from)
    for (let start = from; start < this.#bytes.length; ) {
      const end = start - (start % this.#chunk) + this.#chunk
      this.chunksRead += 1
      yield this.#bytes.slice(start, end).map((bytes, offset) => ({ index: start + offset, bytes }))
      start = end
    }
  }
}

interface LogOptions {
  readonly storage?: PostingStorage
  /** Entries of a chunk. */
  readonly chunk?: number
}

const TRACES = ['0af7651916cd43dd8448eb211c80319c', '4bf92f3577b34da6a3ce929d0e0e4736'] as const
const tasks = fc.constantFrom('A', 'B', 'C', 'sip')
const swarms = fc.constantFrom('sip', 'web', 'A')
const accounts = fc.constantFrom('task:A/total', 'help:B/total', 'swarm:sip/day:2026-01-31', 'board:A/total')
const escalations = fc.constantFrom('escalation-3', 'escalation-4')
const types = fc.constantFrom(...ENTRY_KINDS.keys(), 'name_of_the_future')

/** Logs in which few names meet each other often. */
export const someEntries = fc.array(
  fc.record(
    {
      type: types,
      subject: fc.oneof(tasks, swarms, accounts, escalations),
      actor: fc.constantFrom('admin', 'fabric', 'swarm:sip', 'swarm:web'),
      later: fc.constantFrom(0, 0, 1, 5, 1_000),
      trace: fc.constantFrom(...TRACES),
      data: fc.record(
        {
          task: tasks,
          waitsFor: tasks,
          swarm: swarms,
          owner: swarms,
          swarms: fc.array(swarms, { maxLength: 3 }),
          cursors: fc.dictionary(swarms, fc.nat(9), { maxKeys: 3 }),
          note: fc.constantFrom('done', 'a "quoted"\nWORD', 'Größe'),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ['type', 'subject', 'actor', 'later', 'data'] },
  ),
  { maxLength: 60 },
)

const time = fc.integer({ min: START - 5, max: START + 20_000 })

export const someFilter = fc
  .record(
    {
      component: fc.constantFrom('coordinator', 'governor', 'fabric', 'witness', 'future'),
      operation: types,
      swarm: swarms,
      task: tasks,
      escalation: escalations,
      severity: fc.constantFrom(...SEVERITIES),
      since: time,
      until: time,
      trace: fc.constantFrom(...TRACES),
      text: fc.constantFrom('done', '"quoted"\nword', 'grÖ', 'sip', '1', 'none of it'),
    },
    { requiredKeys: [] },
  )
  // Many conditions at once match nothing: keep at most three.
  .chain((filter) => fc.subarray(Object.entries(filter), { maxLength: 3 }))
  .map((pairs): EntryFilter => Object.fromEntries(pairs))
