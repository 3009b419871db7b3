import { evolve } from '../coordinator/evolve.js'
import type { Policy } from '../coordinator/policy.js'
import { FabricState } from '../coordinator/state.js'
import type { StateRow } from '../coordinator/state-row.js'
import { assertInvariant } from '../model/errors.js'
import { type EngineEntry, type FabricEntry, isCoordinatorEntry } from './entries.js'
import { type Receipt, Receipts, receiptKey } from './receipts.js'

/** What is true of the whole log after its first `size` entries. */
export interface FoldHead {
  readonly size: number
  readonly name: string
  readonly createdAt: number
  /** Time of the last entry; a later one is never earlier. */
  readonly lastAt: number
  /** Verifier key of the key that signs checkpoints, once there is one. */
  readonly witnessKey?: string
}

/** Content beside the log, or what is left of it: its name. */
export interface BlobRow {
  readonly sha256: string
  readonly bytes: number
  readonly mediaType?: string
  readonly deleted: boolean
}

/** A row of a snapshot. */
export type FoldRow =
  | StateRow
  | { readonly table: 'head'; readonly row: FoldHead }
  | { readonly table: 'receipt'; readonly row: Receipt }
  | { readonly table: 'blob'; readonly row: BlobRow }

/** Everything the log folds to: the state of the coordinator and what the engine itself remembers. */
export class Fold {
  readonly state: FabricState
  readonly receipts = new Receipts()
  readonly blobs = new Map<string, BlobRow>()
  #head: FoldHead = { size: 0, name: '', createdAt: 0, lastAt: 0 }

  constructor(policy: Policy) {
    this.state = new FabricState(policy)
  }

  get head(): FoldHead {
    return this.#head
  }

  /** Folds the next entry. The same entries give the same rows, whoever folds them. */
  apply(entry: FabricEntry): void {
    const { size } = this.#head
    assertInvariant(entry.index === size, `entry ${entry.index} is folded at ${size}`)
    this.#head = { ...this.#head, size: size + 1, lastAt: entry.at }
    if (isCoordinatorEntry(entry)) evolve(this.state, entry)
    else this.#applyOwn(entry)
  }

  #applyOwn(entry: EngineEntry): void {
    switch (entry.type) {
      case 'fabric_created':
        this.#head = { ...this.#head, name: entry.data.name, createdAt: entry.at }
        break
      case 'key_introduced':
      case 'key_rotated':
        this.#head = { ...this.#head, witnessKey: entry.data.vkey }
        break
      case 'command_received': {
        const key = receiptKey(entry.actor, entry.subject)
        this.receipts.put({ key, digest: entry.data.digest, index: entry.index })
        break
      }
      case 'blob_stored':
        this.blobs.set(entry.subject, { sha256: entry.subject, ...entry.data, deleted: false })
        break
      case 'blob_deleted': {
        const blob = this.blobs.get(entry.subject)
        assertInvariant(blob !== undefined, `entry ${entry.index} deletes the unknown blob ${entry.subject}`)
        this.blobs.set(entry.subject, { ...blob, deleted: true })
        break
      }
    }
  }

  /** All rows, as references to immutable objects: consistent even if folding goes on afterwards. */
  rows(): FoldRow[] {
    const rows: FoldRow[] = [{ table: 'head', row: this.#head }]
    for (const row of this.receipts.rows()) rows.push({ table: 'receipt', row })
    for (const row of this.blobs.values()) rows.push({ table: 'blob', row })
    for (const row of this.state.rows()) rows.push(row)
    return rows
  }

  putRow(row: FoldRow): void {
    if (row.table === 'head') this.#head = row.row
    else if (row.table === 'receipt') this.receipts.put(row.row)
    else if (row.table === 'blob') this.blobs.set(row.row.sha256, row.row)
    else this.state.putRow(row)
  }
}
