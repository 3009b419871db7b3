import { collectEntries, viewRecord } from '../file/record.js'
import type { Chunk, StoredEntry } from '../journal.js'
import { viewMessage } from '../message.js'
import type { Connection, Patience } from './connection.js'
import { corrupt, trimmed } from './failure.js'
import type { LogKeys } from './keys.js'
import type { KeyValue } from './protocol.js'
import { messageOf } from './remote-log.js'

/** Records of one answer: few at first, because one entry is often all that is wanted, then as many as make up the bytes. */
const FIRST_RECORDS = 2
const MOST_RECORDS = 128
const ANSWER_BYTES = 4 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024

/** Reads the records of a log in etcd. */
export class RemoteReader {
  readonly #connection: Connection
  readonly #keys: LogKeys

  constructor(connection: Connection, keys: LogKeys) {
    this.#connection = connection
    this.#keys = keys
  }

  /** The entries in `from` to `until` (exclusive). Throws DATA_CORRUPT, LOG_TRIMMED or UNAVAILABLE. */
  async *read(from: number, until: number, patience: () => Patience): AsyncGenerator<Chunk, void> {
    let next = from
    let limit = FIRST_RECORDS
    while (next < until) {
      const kvs = await this.#records(next, limit, patience())
      if (kvs.length === 0) throw await this.#missing(next, from, patience())
      let entries: StoredEntry[] = []
      let bytes = 0
      let total = 0
      for (const kv of kvs) {
        if (next >= until) break
        const record = await this.#wholeRecord(kv, patience)
        const view = viewRecord(record, 0)
        if (view === undefined) throw corrupt(kv.key.toString(), 'the batch in it fails its check')
        const fits = next === from ? view.firstIndex <= next : view.firstIndex === next
        if (!fits) throw await this.#missing(next, from, patience())
        collectEntries(record, view, next, until, entries)
        next = Math.min(view.firstIndex + view.count, until)
        bytes += record.length
        total += record.length
        if (bytes < CHUNK_BYTES) continue
        yield entries
        entries = []
        bytes = 0
      }
      if (entries.length > 0) yield entries
      limit = Math.max(1, Math.min(2 * limit, MOST_RECORDS, Math.floor((ANSWER_BYTES * kvs.length) / (total + 1))))
    }
  }

  /** Id of the batch that holds an entry; undefined when etcd does not have it. */
  async batchOf(index: number, patience: Patience): Promise<string | undefined> {
    const [kv] = await this.#records(index, 1, patience)
    const message = kv && messageOf(kv)
    return message !== undefined && message.firstIndex <= index ? message.batchId : undefined
  }

  async #records(from: number, limit: number, patience: Patience): Promise<readonly KeyValue[]> {
    const request = { key: this.#keys.record(from + 1), rangeEnd: this.#keys.recordsEnd, limit }
    return (await this.#connection.call('KV.Range', request, patience)).kvs
  }

  async #wholeRecord(kv: KeyValue, patience: () => Patience): Promise<Buffer> {
    const last = messageOf(kv)
    if (last.parts === 1) return last.content
    const parts = this.#keys.partsOf(last.firstIndex, last.writerId, last.batchId)
    const { kvs } = await this.#connection.call('KV.Range', parts, patience())
    const pieces = kvs.map(({ value }, position) => {
      const part = viewMessage(value)
      return part?.part === position + 1 && part.batchId === last.batchId ? part.content : undefined
    })
    const whole = pieces.filter((piece) => piece !== undefined)
    if (whole.length !== last.parts - 1) throw corrupt(kv.key.toString(), 'parts of its batch are missing')
    return Buffer.concat([...whole, last.content])
  }

  /** Why entry `next` is not there, where the log was to hold it. */
  async #missing(next: number, from: number, patience: Patience): Promise<Error> {
    const { kvs } = await this.#connection.call('KV.Range', { key: this.#keys.begin }, patience)
    const begin = Number(kvs[0]?.value.toString() ?? 0)
    if (begin > next) return trimmed(from, begin)
    return corrupt(this.#keys.record(next + 1).toString(), `entry ${next} is missing`)
  }
}
