import type { Chunk } from '../journal/journal.js'
import { assertInvariant, FabricError, isFabricError } from '../model/errors.js'
import type { BlobStore } from './blob-store.js'
import { CheckpointSigner, type Rotation, type SignedCheckpoint } from './checkpoint-signer.js'
import { type KeySource, loadRedactionKey, OWN_KEYS } from './identity.js'
import { formatProof } from './note/proof-file.js'
import { type LoggedEntry, parseEntry } from './query/facts.js'
import type { EntryFilter } from './query/filter.js'
import { Postings } from './query/postings.js'
import { type QueryPage, runQuery } from './query/query.js'
import type { WitnessStorage } from './storage.js'
import { encodeBundle } from './tree/bundle.js'
import { leafHash } from './tree/hash.js'
import { TILE_WIDTH } from './tree/tile.js'
import { MerkleTree } from './tree/tree.js'

export interface WitnessOptions {
  readonly storage: WitnessStorage
  /** Name of the fabric: the origin of its checkpoints and the name of its key. */
  readonly origin: string
  /** Durable entries of the log from an index on. */
  readonly read: (from: number) => AsyncIterable<Chunk>
  /** Entries in the log. */
  readonly size: number
  /** Verifier key that the log names, if it names one. */
  readonly announced: string | undefined
  /** Default: keys that lie in the storage only. */
  readonly keys?: KeySource
  /** Told about faults after which everything goes on. */
  readonly report: (error: unknown) => void
}

/** A durable entry, read and as it is stored. */
export interface WitnessedEntry extends LoggedEntry {
  readonly bytes: Uint8Array
}

/**
 * The Merkle log over the entries of a journal: its tree, its signed heads, its proofs and its index. It holds exactly
 * the durable entries, is fed by the engine, and never signs a head that does not extend the last one it signed.
 */
export class Witness {
  readonly redactionKey: Uint8Array
  readonly #options: WitnessOptions
  #tree: MerkleTree
  readonly #postings: Postings
  readonly #signer: CheckpointSigner

  private constructor(
    options: WitnessOptions,
    parts: { tree: MerkleTree; postings: Postings; signer: CheckpointSigner; redactionKey: Uint8Array },
  ) {
    const { tree, postings, signer, redactionKey } = parts
    this.#options = options
    this.#tree = tree
    this.#postings = postings
    this.#signer = signer
    this.redactionKey = redactionKey
  }

  /**
   * Reads what is stored, takes in the entries that came after, and checks that the log extends the last signed head.
   * Throws LOG_DIVERGED when it does not, and DATA_CORRUPT when what is stored cannot be used.
   */
  static async open(options: WitnessOptions): Promise<Witness> {
    const { storage, origin, announced, size, report, keys = OWN_KEYS } = options
    const signer = await CheckpointSigner.open(storage.notes, origin, announced, keys)
    const redactionKey = await loadRedactionKey(storage.notes, keys)
    const tree = await MerkleTree.open(storage.hashes)
    const postings = await Postings.open(storage.postings, { size, onFault: report })
    const witness = new Witness(options, { tree, postings, signer, redactionKey })
    await witness.#catchUp()
    return witness
  }

  /** Verifier key of the key that signs. */
  get vkey(): string {
    return this.#signer.vkey
  }

  get origin(): string {
    return this.#options.origin
  }

  /** Entries in the tree. */
  get size(): number {
    return this.#tree.size
  }

  /** The last head that was signed. */
  get last(): SignedCheckpoint {
    return this.#signer.last
  }

  get blobs(): BlobStore {
    return this.#options.storage.blobs
  }

  /** Takes in durable entries, in order and without a gap. */
  append(entries: readonly WitnessedEntry[]): void {
    for (const entry of entries) {
      assertInvariant(entry.index === this.#tree.size, `entry ${entry.index} is witnessed at ${this.#tree.size}`)
      this.#tree.append(entry.bytes)
      this.#postings.add(entry)
    }
  }

  /** A signed head that covers every entry there is now; signs only when the log has grown. Throws LOG_DIVERGED. */
  checkpoint(): Promise<SignedCheckpoint> {
    return this.#signer.sign(this.#tree)
  }

  /** A `.tlog-proof` that entry `index` is in the log of a checkpoint. Throws NOT_FOUND when that does not cover it. */
  async prove(index: number, checkpoint: SignedCheckpoint): Promise<string> {
    const hashes = await this.#tree.inclusionProof(index, checkpoint.size)
    return formatProof({ index, hashes, checkpoint: checkpoint.note })
  }

  consistencyProof(oldSize: number, newSize: number): Promise<Buffer[]> {
    return this.#tree.consistencyProof(oldSize, newSize)
  }

  /** The stored bytes of an entry. Throws NOT_FOUND. */
  async entry(index: number): Promise<Uint8Array> {
    if (index < this.size) {
      for await (const [first] of this.#options.read(index)) if (first !== undefined) return first.bytes
    }
    throw new FabricError('NOT_FOUND', `The log has ${this.size} entries, and so no entry ${index}.`, { index })
  }

  tile(level: number, index: number, width: number): Promise<Buffer> {
    return this.#tree.tile(level, index, width)
  }

  /** The first `width` entries of bundle `index`. Throws NOT_FOUND when the log has fewer. */
  async bundle(index: number, width: number): Promise<Buffer> {
    const first = index * TILE_WIDTH
    const end = first + width
    if (width < 1 || width > TILE_WIDTH || end > this.size) {
      throw new FabricError('NOT_FOUND', `The log has ${this.size} entries, none of bundle ${index} up to ${end}.`)
    }
    const entries: Uint8Array[] = []
    for await (const chunk of this.#options.read(first)) {
      for (const { bytes } of chunk.slice(0, width - entries.length)) entries.push(bytes)
      if (entries.length === width) break
    }
    return encodeBundle(entries)
  }

  /** A page of the entries that match a filter. */
  query(filter: EntryFilter, page: { readonly from: number; readonly limit: number }): Promise<QueryPage> {
    const { read } = this.#options
    return runQuery({ postings: this.#postings, read, size: this.size }, filter, page)
  }

  /** Stores the key that is to take over; it does when `rotated` is called, after its entry is durable. */
  prepareRotation(): Promise<Rotation> {
    return this.#signer.prepareRotation()
  }

  rotated(vkey: string): Promise<SignedCheckpoint> {
    return this.#signer.rotated(vkey, this.#tree)
  }

  /** Has the key sign that the log names since another process rotated it. */
  async adopt(vkey: string): Promise<void> {
    if (vkey !== this.vkey) await this.#signer.adopt(vkey, this.#tree)
  }

  /** Whether every node of the fabric can sign as this one does. */
  get sharesKey(): boolean {
    return this.#signer.sharesKey
  }

  /** Hands everything that can be computed again to the operating system and releases it. Signs nothing. */
  async close(): Promise<void> {
    await this.#signer.idle()
    try {
      await this.#postings.close()
    } finally {
      await this.#tree.close()
    }
  }

  /** Takes in what came since the last start, and holds the log against the last head that was signed. */
  async #catchUp(): Promise<void> {
    const { size, report } = this.#options
    const seen = Math.max(this.#tree.size, this.last.size)
    if (seen > size) throw await this.#signer.halt(`the journal has ${size} entries, but ${seen} were witnessed`)
    if (!(await this.#extendStored())) {
      // Stored hashes are not flushed, so a power cut can damage them: only the entries themselves speak against a log.
      const message = 'The stored hashes of the tree do not fit the log. They are computed anew from the journal.'
      report(new FabricError('DATA_CORRUPT', message, { directory: 'witness/hashes' }))
      await this.#computeAnew()
    }
    if (!(await this.#fitsLast())) throw await this.#signer.halt('the entries before it are not the same')
    await this.#options.storage.notes.remove('incident')
  }

  /** Adds the entries that are missing behind the stored ones; false when those do not fit the journal. */
  async #extendStored(): Promise<boolean> {
    const { size, read } = this.#options
    // The newest stored hashes have no level above that vouches for them.
    const overlap = Math.max(0, this.#tree.size - TILE_WIDTH)
    const stored = this.#tree.size
    try {
      for await (const chunk of read(Math.min(overlap, this.#postings.size))) {
        for (const { index, bytes } of chunk) {
          if (index >= size) return this.#fitsLast()
          if (index >= stored) this.#tree.append(bytes)
          else if (index >= overlap && !(await this.#tree.leaf(index)).equals(leafHash(bytes))) return false
          if (index >= this.#postings.size) this.#postings.add(parseEntry(index, bytes))
        }
      }
      return await this.#fitsLast()
    } catch (error) {
      if (isFabricError(error, 'DATA_CORRUPT') && 'tile' in error.details) return false
      throw error
    }
  }

  async #computeAnew(): Promise<void> {
    const { hashes } = this.#options.storage
    for (const level of hashes.counts().keys()) await hashes.truncate(level, 0)
    this.#tree = await MerkleTree.open(hashes)
    for await (const chunk of this.#options.read(0)) {
      for (const { index, bytes } of chunk) {
        this.#tree.append(bytes)
        if (index >= this.#postings.size) this.#postings.add(parseEntry(index, bytes))
      }
    }
  }

  async #fitsLast(): Promise<boolean> {
    return (await this.#tree.rootAt(this.last.size)).equals(this.last.root)
  }
}
