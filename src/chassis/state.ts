import { ExpiringRows } from '../model/expiring-rows.js'
import { LIMITS } from '../model/limits.js'
import type { ModuleRow } from './contract/module-row.js'
import type { CredentialRow } from './credential/credential.js'

/** A row of any table of the chassis, as a snapshot holds it. */
export type ChassisRow =
  | { readonly table: 'module'; readonly row: ModuleRow }
  | { readonly table: 'credential'; readonly row: CredentialRow }

/** What the chassis knows: the modules that work for swarms, and the rights of claims. */
export class ChassisState {
  /** By the swarm that each works for. */
  readonly modules = new Map<string, ModuleRow>()
  /** By the epoch of the claim that has them, which no other claim ever has. */
  readonly credentials = new ExpiringRows<CredentialRow>({
    ownerOf: ({ epoch }) => String(epoch),
    most: LIMITS.credentials,
  })

  /** Credentials of a claim that are good at a time, oldest first. */
  credentialsOf(epoch: number, at: number): CredentialRow[] {
    return this.credentials.live(String(epoch), at)
  }

  /** What a claim was given ends with it, whatever ended it. */
  endClaim(epoch: number): void {
    this.credentials.deleteOf(String(epoch))
  }

  *rows(): IterableIterator<ChassisRow> {
    for (const row of this.modules.values()) yield { table: 'module', row }
    for (const row of this.credentials.values()) yield { table: 'credential', row }
  }

  putRow({ table, row }: ChassisRow): void {
    if (table === 'module') this.modules.set(row.contract.swarm, row)
    else this.credentials.put(row)
  }
}

const TABLES: Readonly<Record<ChassisRow['table'], true>> = { module: true, credential: true }

export function isChassisRow(stored: { readonly table: string }): stored is ChassisRow {
  return Object.hasOwn(TABLES, stored.table)
}
