import { randomUUID } from 'node:crypto'
import { FabricError } from '../../model/errors.js'
import type { Batch, Head } from '../journal.js'
import { encodeMessages, type LogMessage, viewMessage } from '../message.js'
import { fenced } from '../refusal.js'
import type { Connection, Patience } from './connection.js'
import { corrupt, diverged } from './failure.js'
import type { LogKeys } from './keys.js'
import { COMPARE, type Compare, type KeyValue, type RequestOp, type TxnRequest, type TxnResponse } from './protocol.js'

/** One value: the largest that fits into a request of 1.5 MiB, etcd's default, with room to spare. */
const MESSAGE_BYTES = 1024 * 1024
const FORMAT = 1

/** Where the log ends, as etcd tells. */
export interface LogEnd {
  readonly size: number
  readonly lastBatch?: NonNullable<Head['lastBatch']>
  /** Revision of the key that says so; 0 in an empty log. The next append is written only if it is still the same. */
  readonly fence: number
  /** Of the whole store when it was read; what comes later has a higher one. */
  readonly revision: number
}

/** The keys of a log in etcd: where it ends, and how a batch gets behind that. Holds no state but the end it saw last. */
export class RemoteLog {
  readonly keys: LogKeys
  readonly name: string
  readonly #connection: Connection
  readonly #patience: () => Patience
  #identity: Buffer = Buffer.alloc(0)
  #end: LogEnd = { size: 0, fence: 0, revision: 0 }
  /** The newest that an answer named. */
  #revision = 0

  constructor(name: string, keys: LogKeys, connection: Connection, patience: () => Patience) {
    this.name = name
    this.keys = keys
    this.#connection = connection
    this.#patience = patience
  }

  /** The random name of the log, which tells it from another one of the same name. */
  get identity(): string {
    return identityOf(this.#identity)
  }

  /** The end of the log as it was seen last. */
  get seen(): LogEnd {
    return this.#end
  }

  /** Makes the log if there is none. Throws DATA_TOO_NEW. */
  async open(): Promise<LogEnd> {
    const value = Buffer.from(JSON.stringify({ format: FORMAT, id: randomUUID() }))
    const look = [range(this.keys.identity), range(this.keys.head)]
    const made = await this.#txn({
      compare: [{ key: this.keys.identity, target: COMPARE.create, createRevision: 0 }],
      success: [{ put: { key: this.keys.identity, value } }, ...look],
      failure: look,
    })
    const [identity, head] = keysOf(made)
    this.#identity = identity?.value ?? value
    checkFormat(this.name, this.#identity)
    return this.#saw(head, made)
  }

  /** The end of the log. With `fence`, no append that is still under way can change it afterwards. */
  async end(fence: boolean, patience = this.#patience()): Promise<LogEnd> {
    for (;;) {
      const response = await this.#txn({ success: [range(this.keys.identity), range(this.keys.head)] }, patience)
      const [identity, head] = keysOf(response)
      if (identity === undefined || !identity.value.equals(this.#identity)) throw diverged(this.name, 'is gone')
      const end = this.#saw(head, response)
      if (!fence) return end
      const put = { key: this.keys.head, value: head?.value ?? encodeHead({ size: 0 }) }
      const written = await this.#txn({ compare: this.#unchanged(), success: [{ put }] }, patience)
      if (!written.succeeded) continue
      this.#end = { ...end, fence: written.header.revision, revision: written.header.revision }
      return this.#end
    }
  }

  /**
   * Writes a batch behind the first `first` entries, whole or not at all. Throws FENCED when the log has another size, and
   * UNAVAILABLE when no member has said whether it was written. Gives what the log holds of the batch in one piece.
   */
  async append(first: number, batch: Batch): Promise<LogMessage | undefined> {
    const messages = encodeMessages(first, batch, MESSAGE_BYTES)
    const last = messages.pop()
    if (last === undefined) return undefined
    if (this.#end.size !== first) await this.end(false)
    if (this.#end.size !== first) throw fenced(first, this.#end.size)
    const parts = this.keys.partsOf(first, batch.writerId, batch.batchId)
    for (const [position, value] of messages.entries()) {
      const key = Buffer.concat([parts.key, Buffer.from(String(position).padStart(4, '0'))])
      await this.#txn({ success: [{ put: { key, value } }] })
    }
    while (!(await this.#commit(first, batch, last))) {
      if (this.#end.size === first) continue
      if (messages.length > 0) await this.#txn({ success: [{ deleteRange: parts }] })
      throw fenced(first, this.#end.size)
    }
    return viewMessage(last)
  }

  /** Index of the first entry that is not removed. */
  async begin(): Promise<number> {
    const { kvs } = await this.#connection.call('KV.Range', { key: this.keys.begin }, this.#patience())
    return Number(kvs[0]?.value.toString() ?? 0)
  }

  /** One attempt. False says that the head has changed; then the end is known anew. */
  async #commit(first: number, batch: Batch, last: Buffer): Promise<boolean> {
    const { writerId, batchId } = batch
    const size = first + batch.entries.length
    const key = this.keys.record(size)
    const response = await this.#txn({
      compare: [...this.#unchanged(), { key, target: COMPARE.create, createRevision: 0 }],
      success: [
        { put: { key, value: last } },
        { put: { key: this.keys.head, value: encodeHead({ size, lastBatch: { writerId, batchId } }) } },
        ...this.#otherParts(first, batch),
      ],
      failure: [range(this.keys.identity), range(this.keys.head), this.#recordAt(first)],
    })
    if (response.succeeded) {
      const { revision } = response.header
      this.#end = { size, lastBatch: { writerId, batchId }, fence: revision, revision }
      return true
    }
    const [identity, head, record] = keysOf(response)
    if (identity === undefined || !identity.value.equals(this.#identity)) throw diverged(this.name, 'is gone')
    this.#saw(head, response)
    return record !== undefined && isBatch(messageOf(record), first, batch)
  }

  #unchanged(): Compare[] {
    return [
      { key: this.keys.identity, target: COMPARE.value, value: this.#identity },
      { key: this.keys.head, target: COMPARE.mod, modRevision: this.#end.fence },
    ]
  }

  /** Removes parts of batches that wanted the same place and were not finished. */
  #otherParts(first: number, { writerId, batchId }: Batch): RequestOp[] {
    const own = this.keys.partsOf(first, writerId, batchId)
    return [
      { deleteRange: { key: this.keys.partsAt(first), rangeEnd: own.key } },
      { deleteRange: { key: own.rangeEnd, rangeEnd: this.keys.partsAt(first + 1) } },
    ]
  }

  #recordAt(index: number): RequestOp {
    return { range: { key: this.keys.record(index + 1), rangeEnd: this.keys.recordsEnd, limit: 1 } }
  }

  #saw(head: KeyValue | undefined, { header }: TxnResponse): LogEnd {
    const known = head === undefined ? { size: 0 } : decodeHead(head)
    this.#end = { ...known, fence: head?.modRevision ?? 0, revision: header.revision }
    return this.#end
  }

  /** etcd never answers with an older revision than before, unless it was set back to a backup. Throws LOG_DIVERGED. */
  async #txn(request: TxnRequest, patience = this.#patience()): Promise<TxnResponse> {
    const before = this.#revision
    const response = await this.#connection.call('KV.Txn', request, patience)
    if (response.header.revision < before) throw diverged(this.name, 'was set back to an earlier state')
    this.#revision = Math.max(this.#revision, response.header.revision)
    return response
  }
}

/** What the value of a record key holds. Throws DATA_CORRUPT. */
export function messageOf({ key, value }: KeyValue): LogMessage {
  const message = viewMessage(value)
  if (message === undefined) throw corrupt(key.toString(), 'its checksum is wrong')
  return message
}

function range(key: Buffer): RequestOp {
  return { range: { key } }
}

/** The first key of each range that was asked for. */
function keysOf({ responses }: TxnResponse): (KeyValue | undefined)[] {
  return responses.filter(({ range }) => range !== undefined && range !== null).map(({ range }) => range?.kvs[0])
}

function isBatch(message: LogMessage, first: number, { writerId, batchId }: Batch): boolean {
  return message.firstIndex === first && message.writerId === writerId && message.batchId === batchId
}

function encodeHead({ size, lastBatch }: Head): Buffer {
  return Buffer.from(JSON.stringify({ size, ...lastBatch }))
}

function decodeHead({ key, value }: KeyValue): Head {
  try {
    const { size, writerId, batchId } = JSON.parse(value.toString())
    if (Number.isSafeInteger(size))
      return writerId === undefined ? { size } : { size, lastBatch: { writerId, batchId } }
  } catch {}
  throw corrupt(key.toString(), 'it is no head of a log')
}

function identityOf(value: Buffer): string {
  return JSON.parse(value.toString()).id
}

function checkFormat(name: string, identity: Buffer): void {
  const { format } = JSON.parse(identity.toString())
  if (format <= FORMAT) return
  const message = `Log ${name} in etcd has format ${format}; this release knows ${FORMAT}. Install the release that wrote it, or a later one.`
  throw new FabricError('DATA_TOO_NEW', message, { name, format, supported: FORMAT })
}
