import { isChassisEntryType } from '../chassis/entries.js'
import type { CoordinatorEntry, CoordinatorEntryType } from '../coordinator/entries.js'
import { isCoordinatorEntryType } from '../coordinator/evolve.js'
import { isGovernorEntryType } from '../governor/entries.js'
import type { Entry, EntryDraft } from '../model/entry.js'
import type { ErrorCode } from '../model/errors.js'

/** The first entry of every log. */
export interface FabricCreated {
  readonly name: string
}

/** A process took the log over and starts to decide. */
export interface FabricStarted {
  readonly version: string
  /** Which node leads from now on, and in which term, where several share the log. */
  readonly node?: string
  readonly term?: number
}

/** The answer to a command that came with an idempotency key. Subject: the key. */
export interface CommandReceived {
  /** SHA-256 of the command, hex. */
  readonly digest: string
  /** Absent when it was too large to keep. */
  readonly reply?: unknown
}

/**
 * Requests that were refused for a reason that matters for security, all of one kind: the first is written at once, the
 * others of the next seconds are counted. Subject: the task or swarm it was about, else the operation.
 */
export interface RequestRefused {
  readonly code: ErrorCode
  /** What was asked for: the name of a command, or a method and path where it did not come to that. */
  readonly operation: string
  readonly count: number
  /** Milliseconds since the Unix epoch. */
  readonly firstAt: number
  readonly lastAt: number
  readonly task?: string
  readonly swarm?: string
  /** Address a request came from, where it did not get as far as a command. */
  readonly remote?: string
}

/** Content that lies beside the log. Subject: its SHA-256, hex. */
export interface BlobStored {
  readonly bytes: number
  readonly mediaType?: string
}

export interface BlobDeleted {
  readonly reason: string
}

/** The key that signs checkpoints from now on. Subject: the fabric. */
export interface KeyIntroduced {
  readonly vkey: string
  /** The key that the log named before; its owner said nothing about this one. */
  readonly replaces?: string
}

export interface KeyRotated {
  readonly vkey: string
  readonly previous: string
  /** By the previous key, base64, over the text of `rotationStatement`. */
  readonly signature: string
}

/** Something that a healthy fabric never sees. Subject: the fabric. */
export interface IncidentDetected {
  /** `cosigner_ahead`: a witness has seen a longer log than this one; `cosigner_fork`: it has seen another log. */
  readonly kind: 'cosigner_ahead' | 'cosigner_fork'
  readonly witness: string
  /** Entries in the log at that moment. */
  readonly size: number
  /** Entries in the log that the witness has seen, where it said so. */
  readonly seen?: number
}

/** What the engine writes about itself. */
export type EngineEntry =
  | Entry<'fabric_created', FabricCreated>
  | Entry<'fabric_started', FabricStarted>
  | Entry<'command_received', CommandReceived>
  | Entry<'request_refused', RequestRefused>
  | Entry<'blob_stored', BlobStored>
  | Entry<'blob_deleted', BlobDeleted>
  | Entry<'key_introduced', KeyIntroduced>
  | Entry<'key_rotated', KeyRotated>
  | Entry<'incident_detected', IncidentDetected>

export type EngineDraft = EntryDraft<EngineEntry>
export type FabricEntry = EngineEntry | CoordinatorEntry

type Component = 'fabric' | 'witness' | 'coordinator' | 'governor' | 'chassis'

const ENGINE_ENTRIES: Readonly<Record<EngineEntry['type'], Component>> = {
  fabric_created: 'fabric',
  fabric_started: 'fabric',
  command_received: 'fabric',
  request_refused: 'fabric',
  blob_stored: 'fabric',
  blob_deleted: 'fabric',
  key_introduced: 'witness',
  key_rotated: 'witness',
  incident_detected: 'witness',
}

/** The part of the system an entry belongs to; undefined for a name this version does not know. */
export function componentOf(type: string): Component | undefined {
  if (isGovernorEntryType(type)) return 'governor'
  if (isChassisEntryType(type)) return 'chassis'
  if (isCoordinatorEntryType(type)) return 'coordinator'
  return Object.hasOwn(ENGINE_ENTRIES, type) ? ENGINE_ENTRIES[type as EngineEntry['type']] : undefined
}

export function isCoordinatorEntry(entry: FabricEntry): entry is CoordinatorEntry {
  const type: EngineEntry['type'] | CoordinatorEntryType = entry.type
  return isCoordinatorEntryType(type)
}
