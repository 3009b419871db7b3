import { ExpiringRows } from '../model/expiring-rows.js'
import { LIMITS } from '../model/limits.js'
import type { ModuleRow } from './contract/module-row.js'
import type { CredentialRow } from './credential/credential.js'
import { newServiceLevel, type ServiceLevelRow } from './service-level/service-level.js'

/** A row of any table of the chassis, as a snapshot holds it. */
export type ChassisRow =
  | { readonly table: 'module'; readonly row: ModuleRow }
  | { readonly table: 'credential'; readonly row: CredentialRow }
  | { readonly table: 'service_level'; readonly row: ServiceLevelRow }

/** What the chassis knows: the modules that work for swarms, how they keep what they promise, and the rights of claims. */
export class ChassisState {
  /** By the swarm that each works for. */
  readonly modules = new Map<string, ModuleRow>()
  /** By the epoch of the claim that has them, which no other claim ever has. */
  readonly credentials = new ExpiringRows<CredentialRow>({
    ownerOf: ({ epoch }) => String(epoch),
    most: LIMITS.credentials,
  })

  /** By swarm: those whose module ran. */
  readonly serviceLevels = new Map<string, ServiceLevelRow>()

  serviceLevel(swarm: string): ServiceLevelRow {
    return this.serviceLevels.get(swarm) ?? newServiceLevel(swarm)
  }

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
    for (const row of this.serviceLevels.values()) yield { table: 'service_level', row }
  }

  putRow({ table, row }: ChassisRow): void {
    if (table === 'module') this.modules.set(row.contract.swarm, row)
    else if (table === 'credential') this.credentials.put(row)
    else this.serviceLevels.set(row.swarm, row)
  }
}

const TABLES: Readonly<Record<ChassisRow['table'], true>> = { module: true, credential: true, service_level: true }

export function isChassisRow(stored: { readonly table: string }): stored is ChassisRow {
  return Object.hasOwn(TABLES, stored.table)
}
