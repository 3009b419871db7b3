import { createHash } from 'node:crypto'

const INDEX_DIGITS = 16

/** The keys of one log. Its records are named by the index behind their last entry, so that a search needs no descent. */
export class LogKeys {
  readonly prefix: string
  /** Where the log ends and who wrote last. Every append compares its revision, so to write it anew fences what is under way. */
  readonly head: Buffer
  /** A random name that the log got when it was made. */
  readonly identity: Buffer
  /** Index of the first entry that is not removed. */
  readonly begin: Buffer
  /** Of which node leads. */
  readonly leader: Buffer

  constructor(name: string) {
    this.prefix = `infrafabric/${name}/`
    this.head = this.#key('head')
    this.identity = this.#key('identity')
    this.begin = this.#key('begin')
    this.leader = this.#key('nodes/leader')
  }

  /** The record whose last entry is `end - 1`. */
  record(end: number): Buffer {
    return this.#key(`log/${digits(end)}`)
  }

  /** Index behind the last entry of the record with that key. */
  endOf(record: Buffer): number {
    return Number(record.toString().slice(-INDEX_DIGITS))
  }

  /** Behind the key of every record. */
  get recordsEnd(): Buffer {
    return this.#key('log0')
  }

  /** Before the parts of all batches that begin at `first` or later. */
  partsAt(first: number): Buffer {
    return this.#key(`part/${digits(first)}/`)
  }

  /** The parts of one batch that begins at `first`, without its last one. */
  partsOf(first: number, writerId: string, batchId: string): { readonly key: Buffer; readonly rangeEnd: Buffer } {
    const hash = createHash('sha256')
      .update(JSON.stringify([writerId, batchId]))
      .digest('hex')
      .slice(0, 32)
    const key = `part/${digits(first)}/${hash}`
    return { key: this.#key(`${key}/`), rangeEnd: this.#key(`${key}0`) }
  }

  /** How much of the log each process with a copy has. */
  get copies(): { readonly key: Buffer; readonly rangeEnd: Buffer } {
    return { key: this.#key('copy/'), rangeEnd: this.#key('copy0') }
  }

  /** The key of the leader, and those of all nodes. */
  get nodes(): { readonly key: Buffer; readonly rangeEnd: Buffer } {
    return { key: this.#key('nodes/'), rangeEnd: this.#key('nodes0') }
  }

  node(id: string): Buffer {
    return this.#key(`nodes/member/${id}`)
  }

  /** Id of the node with that key. */
  nodeOf(key: Buffer): string {
    return key.toString().slice(`${this.prefix}nodes/member/`.length)
  }

  copy(node: string): Buffer {
    return this.#key(`copy/${node}`)
  }

  #key(rest: string): Buffer {
    return Buffer.from(this.prefix + rest)
  }
}

/** Numbers in keys have so many digits that they are sorted as numbers. */
function digits(index: number): string {
  return String(index).padStart(INDEX_DIGITS, '0')
}
