import { crc32 } from 'node:zlib'
import { assertInvariant } from '../../model/errors.js'
import { ENTRY_KINDS } from './entry-kinds.js'
import { componentOf, type LoggedEntry, type Relations, relate, traceIdOf } from './facts.js'
import {
  BUCKETS,
  CRC_BYTES,
  HEADER_BYTES,
  KEY_BYTES,
  type RunHeader,
  stepOf,
  TIME_SAMPLES,
  writeHeader,
  writeVarint,
} from './posting-format.js'
import { postingKey } from './posting-key.js'

/** Entries of a run that is encoded. */
export const RUN_ENTRIES = 16_384

/** Keys of most entries: name, component, task, the same swarm twice, trace. */
const EXPECTED_KEYS = 6

/** The keys of a name and its component, which every entry has. */
const NAME_KEYS = new Map(
  [...ENTRY_KINDS].map(([name, { component }]) => [
    name,
    { component, operationKey: postingKey('operation', name), componentKey: postingKey('component', component) },
  ]),
)

/** The file of a run of these consecutive entries: the same entries always give the same bytes. */
export function encodeRun(entries: readonly LoggedEntry[]): Buffer {
  const run = new PostingRun(entries[0]?.index ?? 0, entries.length)
  for (const entry of entries) run.add(entry)
  return run.encode()
}

/**
 * The postings of consecutive entries while they are collected: pairs of a key and an entry in the order they came. That
 * takes no object and no map, so that the commit of an entry pays little; a look-up goes over all pairs.
 */
export class PostingRun implements Relations {
  readonly first: number
  readonly #capacity: number
  readonly #times: Float64Array
  #count = 0
  #keys: Uint32Array
  /** Entry of each key, counted from the first of the run. */
  #offsets: Uint16Array
  #pairs = 0

  constructor(first: number, capacity: number) {
    assertInvariant(capacity <= 65_536, 'a run has at most 65536 entries')
    this.first = first
    this.#capacity = capacity
    this.#times = new Float64Array(capacity)
    this.#keys = new Uint32Array(capacity * EXPECTED_KEYS)
    this.#offsets = new Uint16Array(capacity * EXPECTED_KEYS)
  }

  /** Index behind the last entry. */
  get end(): number {
    return this.first + this.#count
  }

  get isFull(): boolean {
    return this.#count === this.#capacity
  }

  get lastAt(): number {
    return this.#times[this.#count - 1] ?? Number.NEGATIVE_INFINITY
  }

  add(entry: LoggedEntry): void {
    const { index, type, at, traceparent } = entry
    assertInvariant(index === this.end && !this.isFull, `entry ${index} is not the next of its run`)
    this.#times[this.#count] = at
    const component = componentOf(entry)
    const known = NAME_KEYS.get(type)
    this.#put(known?.operationKey ?? postingKey('operation', type))
    this.#put(known?.component === component ? known.componentKey : postingKey('component', component))
    if (traceparent !== undefined) {
      const trace = traceIdOf(traceparent)
      if (trace !== undefined) this.#put(postingKey('trace', trace))
    }
    relate(entry, ENTRY_KINDS.get(type), this)
    this.#count += 1
  }

  task(id: string): void {
    this.#put(postingKey('task', id))
  }

  swarm(id: string): void {
    this.#put(postingKey('swarm', id))
  }

  /** Indexes of the entries under a key, rising. */
  find(key: number): number[] {
    const indexes: number[] = []
    let last = -1
    for (let pair = 0; pair < this.#pairs; pair += 1) {
      if (this.#keys[pair] !== key) continue
      const index = this.first + (this.#offsets[pair] ?? 0)
      if (index !== last) indexes.push(index)
      last = index
    }
    return indexes
  }

  /** All entries before the one with this index are older than `at`. */
  before(at: number): number {
    return this.notBefore(at)
  }

  /** The first entry that is not older than `at`. */
  notBefore(at: number): number {
    const offset = this.#times.subarray(0, this.#count).findIndex((time) => time >= at)
    return offset < 0 ? this.end : this.first + offset
  }

  encode(): Buffer {
    const { keys, offsets } = this.#sorted()
    // A pair takes at most its key, a count and a distance of three bytes each.
    const bytes = Buffer.allocUnsafe(HEADER_BYTES + BUCKETS * CRC_BYTES + keys.length * (KEY_BYTES + 6))
    const fences = new Uint32Array(BUCKETS + 1)
    let at = HEADER_BYTES
    for (let bucket = 0, pair = 0; bucket < BUCKETS; bucket += 1) {
      fences[bucket] = at
      const start = at
      while (pair < keys.length && (keys[pair] ?? 0) >>> 24 === bucket) {
        const end = endOfKey(keys, pair)
        at = writeList(bytes, at, (keys[pair] ?? 0) & 0xffffff, offsets.subarray(pair, end))
        pair = end
      }
      at = bytes.writeUInt32LE(crc32(bytes.subarray(start, at), bucket), at)
    }
    fences[BUCKETS] = at
    writeHeader(this.#header(fences), bytes)
    return Buffer.from(bytes.subarray(0, at))
  }

  #header(fences: Uint32Array): RunHeader {
    const step = stepOf(this.#count)
    const times = Float64Array.from({ length: TIME_SAMPLES }, (_, sample) =>
      sample * step < this.#count ? (this.#times[sample * step] ?? this.lastAt) : this.lastAt,
    )
    return { first: this.first, count: this.#count, lastAt: this.lastAt, times, fences }
  }

  #put(key: number): void {
    if (this.#pairs === this.#keys.length) this.#grow()
    this.#keys[this.#pairs] = key
    this.#offsets[this.#pairs] = this.#count
    this.#pairs += 1
  }

  #grow(): void {
    const keys = new Uint32Array(2 * this.#pairs)
    keys.set(this.#keys)
    const offsets = new Uint16Array(2 * this.#pairs)
    offsets.set(this.#offsets)
    this.#keys = keys
    this.#offsets = offsets
  }

  /** Pairs in rising order of key and entry: a radix sort, which leaves pairs of one key in the order they came. */
  #sorted(): { keys: Uint32Array; offsets: Uint16Array } {
    let keys = this.#keys.subarray(0, this.#pairs)
    let offsets = this.#offsets.subarray(0, this.#pairs)
    for (let shift = 0; shift < 32; shift += 8) {
      const places = new Uint32Array(257)
      for (const key of keys) places[((key >>> shift) & 0xff) + 1] = (places[((key >>> shift) & 0xff) + 1] ?? 0) + 1
      for (let digit = 1; digit < 257; digit += 1) places[digit] = (places[digit] ?? 0) + (places[digit - 1] ?? 0)
      const sortedKeys = new Uint32Array(keys.length)
      const sortedOffsets = new Uint16Array(keys.length)
      for (let pair = 0; pair < keys.length; pair += 1) {
        const key = keys[pair] ?? 0
        const digit = (key >>> shift) & 0xff
        const place = places[digit] ?? 0
        places[digit] = place + 1
        sortedKeys[place] = key
        sortedOffsets[place] = offsets[pair] ?? 0
      }
      keys = sortedKeys
      offsets = sortedOffsets
    }
    return { keys, offsets }
  }
}

function endOfKey(keys: Uint32Array, pair: number): number {
  let end = pair + 1
  while (end < keys.length && keys[end] === keys[pair]) end += 1
  return end
}

/** One key with its entries, each once. Returns the offset behind it. */
function writeList(bytes: Buffer, start: number, key: number, offsets: Uint16Array): number {
  let count = 0
  for (let pair = 0; pair < offsets.length; pair += 1) if (pair === 0 || offsets[pair] !== offsets[pair - 1]) count += 1
  let at = writeVarint(bytes, bytes.writeUIntLE(key, start, KEY_BYTES), count)
  let last = -1
  for (const offset of offsets) {
    if (offset === last) continue
    at = writeVarint(bytes, at, offset - last)
    last = offset
  }
  return at
}
