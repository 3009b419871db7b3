import { evolve } from '../coordinator/evolve.js'
import type { Policy } from '../coordinator/policy.js'
import { FabricState, type StateRow } from '../coordinator/state.js'
import { assertInvariant } from '../model/errors.js'
import { type FabricEntry, isCoordinatorEntry } from './entries.js'
import { type Receipt, Receipts, receiptKey } from './receipts.js'

/** What is true of the whole log after its first `size` entries. */
export interface FoldHead {
  readonly size: number
  readonly name: string
  readonly createdAt: number
  /** Time of the last entry; a later one is never earlier. */
  readonly lastAt: number
}

/** A row of a snapshot. */
export type FoldRow =
  | StateRow
  | { readonly table: 'head'; readonly row: FoldHead }
  | { readonly table: 'receipt'; readonly row: Receipt }

/** Everything the log folds to: the state of the coordinator and what the engine itself remembers. */
export class Fold {
  readonly state: FabricState
  readonly receipts = new Receipts()
  #head: FoldHead = { size: 0, name: '', createdAt: 0, lastAt: 0 }

  constructor(policy: Policy) {
    this.state = new FabricState(policy)
  }

  get head(): FoldHead {
    return this.#head
  }

  /** Folds the next entry. The same entries give the same rows, whoever folds them. */
  apply(entry: FabricEntry): void {
    const { size, name, createdAt } = this.#head
    assertInvariant(entry.index === size, `entry ${entry.index} is folded at ${size}`)
    if (isCoordinatorEntry(entry)) evolve(this.state, entry)
    else if (entry.type === 'command_received') {
      const key = receiptKey(entry.actor, entry.subject)
      this.receipts.put({ key, digest: entry.data.digest, index: entry.index })
    }
    const created = entry.type === 'fabric_created'
    this.#head = {
      size: size + 1,
      name: created ? entry.data.name : name,
      createdAt: created ? entry.at : createdAt,
      lastAt: entry.at,
    }
  }

  /** All rows, as references to immutable objects: consistent even if folding goes on afterwards. */
  rows(): FoldRow[] {
    const rows: FoldRow[] = [{ table: 'head', row: this.#head }]
    for (const row of this.receipts.rows()) rows.push({ table: 'receipt', row })
    for (const row of this.state.rows()) rows.push(row)
    return rows
  }

  putRow(row: FoldRow): void {
    if (row.table === 'head') this.#head = row.row
    else if (row.table === 'receipt') this.receipts.put(row.row)
    else this.state.putRow(row)
  }
}
