import { createHash } from 'node:crypto'
import { FabricError, isFabricError } from '../../model/errors.js'
import type { BlobStore } from '../../witness/blob-store.js'
import { type BlobKeeper, Blobs } from '../blobs.js'
import type { BlobRow } from '../fold.js'
import type { Witnessing } from '../witnessing.js'
import type { NodeLink } from './link.js'
import type { Node } from './node.js'

/** How long another node may take to hand a blob over, milliseconds. */
const FETCH_MS = 30_000
const CHANGES = { types: new Set(['blob_stored', 'blob_deleted']) }

export interface NodeBlobsOptions {
  readonly node: Node
  readonly link: NodeLink
  readonly witnessing: Witnessing
  readonly report: (error: unknown) => void
}

/**
 * Blobs of a fabric with several nodes. Content is stored by the node that leads before the log names it; the others fetch a
 * copy when they see the entry, or when somebody asks before that.
 */
export class NodeBlobs implements BlobKeeper {
  readonly #node: Node
  readonly #link: NodeLink
  readonly #own: Blobs
  readonly #store: BlobStore
  readonly #report: (error: unknown) => void

  constructor({ node, link, witnessing, report }: NodeBlobsOptions) {
    this.#node = node
    this.#link = link
    this.#own = new Blobs(node, witnessing)
    this.#store = witnessing.witness.blobs
    this.#report = report
  }

  sweep(): Promise<void> {
    return this.#own.sweep()
  }

  put: BlobKeeper['put'] = (content, mediaType, origin) => {
    const encoded = Buffer.from(content).toString('base64')
    const request = {
      type: 'put_blob',
      content: encoded,
      ...(mediaType !== undefined && { mediaType }),
      origin,
    } as const
    // Content is stored under its digest, so twice is the same as once.
    return this.#node.atLeader<BlobRow>(request, () => this.#own.put(content, mediaType, origin), true)
  }

  delete: BlobKeeper['delete'] = (sha256, reason, origin) => {
    const request = { type: 'delete_blob', sha256, reason, origin } as const
    return this.#node.atLeader<BlobRow>(request, () => this.#own.delete(sha256, reason, origin), true)
  }

  /** As a node that leads does it for others. */
  get own(): Pick<BlobKeeper, 'put' | 'delete'> {
    return this.#own
  }

  async get(sha256: string): Promise<Buffer> {
    const isNamed = await this.#node.readFold(({ blobs }) => blobs.get(sha256)?.deleted === false)
    if (isNamed && !(await this.#store.has(sha256))) await this.#fetch(sha256)
    return this.#own.get(sha256)
  }

  /** What this node itself has. */
  async read(sha256: string): Promise<string | null> {
    return (await this.#store.get(sha256))?.toString('base64') ?? null
  }

  /** Keeps the copies of this node as the log says, until `signal` aborts. */
  async copy(signal: AbortSignal): Promise<void> {
    for await (const entries of this.#node.publisher.follow(signal, undefined, CHANGES)) {
      for (const { type, subject } of entries) {
        const done = type === 'blob_stored' ? this.#copyOf(subject) : this.#store.delete(subject)
        await done.catch(this.#report)
      }
    }
  }

  async #copyOf(sha256: string): Promise<void> {
    if (!(await this.#store.has(sha256))) await this.#fetch(sha256)
  }

  /** Asks the others one after the other, the one that leads first. */
  async #fetch(sha256: string): Promise<void> {
    const { members, leader } = this.#node.membership.view()
    const others = members.filter(({ id }) => id !== this.#node.self.id)
    let cause: unknown
    for (const member of others.sort((a, b) => Number(b.id === leader?.id) - Number(a.id === leader?.id))) {
      try {
        const { result } = await this.#link.ask(member, { type: 'read_blob', sha256 }, FETCH_MS)
        if (typeof result !== 'string') continue
        const content = Buffer.from(result, 'base64')
        if (createHash('sha256').update(content).digest('hex') !== sha256) continue
        await this.#store.put(content)
        return
      } catch (error) {
        if (isFabricError(error, 'STORAGE_FAILED')) throw error
        cause = error
      }
    }
    const message = `No node that can be reached has the content of the blob ${sha256}. Try again when all nodes are up.`
    throw new FabricError('UNAVAILABLE', message, { sha256 }, { cause })
  }
}
