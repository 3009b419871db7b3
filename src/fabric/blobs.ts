import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { BlobStore } from '../witness/blob-store.js'
import type { Origin } from './fabric.js'
import type { FabricEngine } from './fabric-engine.js'
import type { BlobRow, Fold } from './fold.js'
import type { Witnessing } from './witnessing.js'

/** Keeps content beside the log. */
export type BlobKeeper = Pick<Blobs, 'put' | 'get' | 'delete' | 'sweep'>

/** Large content beside the log: the log has its digest, so deleting it leaves a log that can still be verified. */
export class Blobs {
  readonly #engine: FabricEngine
  readonly #store: BlobStore
  /** One change after the other, so that content is not removed while it is stored again. */
  #changes: Promise<unknown> = Promise.resolve()

  readonly #witnessing: Witnessing

  constructor(engine: FabricEngine, witnessing: Witnessing) {
    this.#engine = engine
    this.#store = witnessing.witness.blobs
    this.#witnessing = witnessing
  }

  /** Removes content whose entry says that it is deleted; a crash may have left it. */
  async sweep(): Promise<void> {
    const rows = await this.#engine.readFold((fold) => [...fold.blobs.values()])
    for (const { sha256, deleted } of rows) if (deleted) await this.#store.delete(sha256)
  }

  /** The content is durable before the entry that names it. */
  put(content: Uint8Array, mediaType: string | undefined, origin: Origin): Promise<BlobRow> {
    return this.#change(() => this.#put(content, mediaType, origin))
  }

  async #put(content: Uint8Array, mediaType: string | undefined, origin: Origin): Promise<BlobRow> {
    await this.#engine.readFold(requireRoom)
    const { sha256, bytes } = await this.#store.put(content)
    await this.#engine.note((fold) => {
      const known = fold.blobs.get(sha256)
      if (known !== undefined && !known.deleted) return []
      const data = { bytes, ...(mediaType !== undefined && { mediaType }) }
      return [{ type: 'blob_stored', subject: sha256, data }]
    }, origin)
    return this.#row(sha256)
  }

  async get(sha256: string): Promise<Buffer> {
    const { deleted } = await this.#row(sha256)
    if (deleted) throw new FabricError('NOT_FOUND', `The blob ${sha256} was deleted; the log has its name.`, { sha256 })
    const content = await this.#store.get(sha256)
    if (content !== undefined) return content
    const message = `The blob ${sha256} is not where it was stored. Restore the directory blobs from a backup.`
    throw new FabricError('DATA_CORRUPT', message, { sha256 })
  }

  /** The entry comes first: a crash in between leaves content that nobody is given any more. */
  delete(sha256: string, reason: string, origin: Origin): Promise<BlobRow> {
    return this.#change(() => this.#delete(sha256, reason, origin))
  }

  async #delete(sha256: string, reason: string, origin: Origin): Promise<BlobRow> {
    await this.#engine.note((fold) => {
      const { deleted } = requireBlob(fold, sha256)
      return deleted
        ? []
        : [{ type: 'blob_deleted', subject: sha256, data: { reason: this.#witnessing.redactText(reason) } }]
    }, origin)
    await this.#store.delete(sha256)
    return this.#row(sha256)
  }

  #change(work: () => Promise<BlobRow>): Promise<BlobRow> {
    const changed = this.#changes.then(work)
    this.#changes = changed.catch(() => undefined)
    return changed
  }

  #row(sha256: string): Promise<BlobRow> {
    return this.#engine.readFold((fold) => requireBlob(fold, sha256))
  }
}

function requireBlob(fold: Fold, sha256: string): BlobRow {
  const row = fold.blobs.get(sha256)
  if (row === undefined) throw new FabricError('NOT_FOUND', `No blob ${sha256} was ever stored here.`, { sha256 })
  return row
}

function requireRoom(fold: Fold): void {
  if (fold.blobs.size < LIMITS.blobs) return
  throw new FabricError('RATE_LIMITED', `This fabric names ${LIMITS.blobs} blobs, which is all it can.`)
}
