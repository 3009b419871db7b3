import { crc32 } from 'node:zlib'
import { assertInvariant } from '../../model/errors.js'
import { ENTRY_KINDS } from './entry-kinds.js'
import { componentOf, type LoggedEntry, type Relations, relate, traceIdOf } from './facts.js'
import {
  CRC_BYTES,
  HEADER_BYTES,
  KEY_BYTES,
  type RunHeader,
  stepOf,
  TIME_SAMPLES,
  varintBytes,
  writeHeader,
  writeVarint,
} from './posting-format.js'
import { BUCKETS, bucketOf, commonKey, postingKey } from './posting-key.js'

/** Entries of a run that is encoded. */
export const RUN_ENTRIES = 16_384

/** Keys of most entries: name, component, task, the same swarm twice, trace. */
const EXPECTED_KEYS = 6

/** What is known of a name beforehand: one look-up for each entry. */
const NAMES = new Map(
  [...ENTRY_KINDS].map(([name, kind]) => [
    name,
    { kind, operation: commonKey('operation', name), component: commonKey('component', kind.component) },
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
    const { index, type, component, at, traceparent } = entry
    assertInvariant(index === this.end && !this.isFull, `entry ${index} is not the next of its run`)
    this.#times[this.#count] = at
    const known = NAMES.get(type)
    this.#put(known?.operation ?? commonKey('operation', type))
    const usual = known !== undefined && (component === undefined || component === known.kind.component)
    this.#put(usual ? known.component : commonKey('component', componentOf(entry)))
    if (traceparent !== undefined) {
      const trace = traceIdOf(traceparent)
      if (trace !== undefined) this.#put(postingKey('trace', trace))
    }
    relate(entry, known?.kind, this)
    this.#count += 1
  }

  task(id: string): void {
    this.#put(postingKey('task', id))
  }

  swarm(id: string): void {
    this.#put(postingKey('swarm', id))
  }

  escalation(id: string): void {
    this.#put(postingKey('escalation', id))
  }

  /** Indexes of the entries under any of some keys, rising. */
  find(keys: readonly number[]): number[] {
    const indexes: number[] = []
    let last = -1
    for (let pair = 0; pair < this.#pairs; pair += 1) {
      if (!keys.includes(this.#keys[pair] ?? -1)) continue
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
    // A pair takes at most its key, a length and a distance of three bytes each.
    const bytes = Buffer.allocUnsafe(HEADER_BYTES + BUCKETS * CRC_BYTES + keys.length * (KEY_BYTES + 6))
    const fences = new Uint32Array(BUCKETS + 1)
    let at = HEADER_BYTES
    for (let bucket = 0, pair = 0; bucket < BUCKETS; bucket += 1) {
      fences[bucket] = at
      const start = at
      while (pair < keys.length && bucketOf(keys[pair] ?? 0) === bucket) {
        const end = endOfKey(keys, pair)
        at = writeList(bytes, at, keys[pair] ?? 0, offsets.subarray(pair, end))
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

  #sorted(): Pairs {
    const pairs = { keys: this.#keys.subarray(0, this.#pairs), offsets: this.#offsets.subarray(0, this.#pairs) }
    return sortByDigit(sortByDigit(sortByDigit(pairs, 0), DIGIT_BITS), 2 * DIGIT_BITS)
  }
}

interface Pairs {
  readonly keys: Uint32Array
  readonly offsets: Uint16Array
}

/** Three digits make a key. */
const DIGIT_BITS = 11
const DIGITS = 1 << DIGIT_BITS

/** One pass of a radix sort: pairs with the same digit stay in their order, so the lowest digit comes first. */
function sortByDigit({ keys, offsets }: Pairs, shift: number): Pairs {
  const places = new Uint32Array(DIGITS)
  for (let pair = 0; pair < keys.length; pair += 1) {
    const digit = ((keys[pair] ?? 0) >>> shift) & (DIGITS - 1)
    places[digit] = (places[digit] ?? 0) + 1
  }
  for (let digit = 0, place = 0; digit < DIGITS; digit += 1) {
    const count = places[digit] ?? 0
    places[digit] = place
    place += count
  }
  const sorted = { keys: new Uint32Array(keys.length), offsets: new Uint16Array(keys.length) }
  for (let pair = 0; pair < keys.length; pair += 1) {
    const key = keys[pair] ?? 0
    const digit = (key >>> shift) & (DIGITS - 1)
    const place = places[digit] ?? 0
    places[digit] = place + 1
    sorted.keys[place] = key
    sorted.offsets[place] = offsets[pair] ?? 0
  }
  return sorted
}

function endOfKey(keys: Uint32Array, pair: number): number {
  let end = pair + 1
  while (end < keys.length && keys[end] === keys[pair]) end += 1
  return end
}

/** One key with its entries, each once. Returns the offset behind it. */
function writeList(bytes: Buffer, start: number, key: number, offsets: Uint16Array): number {
  let length = 0
  for (let pair = 0, last = -1; pair < offsets.length; pair += 1) {
    const offset = offsets[pair] ?? 0
    if (offset !== last) length += varintBytes(offset - last)
    last = offset
  }
  let at = writeVarint(bytes, bytes.writeUInt32LE(key, start), length)
  for (let pair = 0, last = -1; pair < offsets.length; pair += 1) {
    const offset = offsets[pair] ?? 0
    if (offset !== last) at = writeVarint(bytes, at, offset - last)
    last = offset
  }
  return at
}
