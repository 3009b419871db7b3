import type { CoordinatorEntry, CoordinatorEntryType } from '../coordinator/entries.js'
import { isCoordinatorEntryType } from '../coordinator/evolve.js'
import type { Entry } from '../model/entry.js'

/** The first entry of every log. */
export interface FabricCreated {
  readonly name: string
}

/** A process took the log over and starts to decide. */
export interface FabricStarted {
  readonly version: string
}

/** The answer to a command that came with an idempotency key. Subject: the key. */
export interface CommandReceived {
  /** SHA-256 of the command, hex. */
  readonly digest: string
  /** Absent when it was too large to keep. */
  readonly reply?: unknown
}

/** What the engine writes about itself. */
export type EngineEntry =
  | Entry<'fabric_created', FabricCreated>
  | Entry<'fabric_started', FabricStarted>
  | Entry<'command_received', CommandReceived>

export type FabricEntry = EngineEntry | CoordinatorEntry

const ENGINE_ENTRIES: Readonly<Record<EngineEntry['type'], true>> = {
  fabric_created: true,
  fabric_started: true,
  command_received: true,
}

type Component = 'fabric' | 'coordinator'

/** The part of the system an entry belongs to; undefined for a name this version does not know. */
export function componentOf(type: string): Component | undefined {
  if (isCoordinatorEntryType(type)) return 'coordinator'
  return Object.hasOwn(ENGINE_ENTRIES, type) ? 'fabric' : undefined
}

export function isCoordinatorEntry(entry: FabricEntry): entry is CoordinatorEntry {
  const type: EngineEntry['type'] | CoordinatorEntryType = entry.type
  return isCoordinatorEntryType(type)
}
