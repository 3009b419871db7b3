import type { EntryDraft } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { formatTimestamp } from '../model/time.js'
import { componentOf, type FabricEntry } from './entries.js'

/** Version of every entry type written now; it is the last part of the stored type. */
const ENTRY_VERSION = 'v1'
const TYPE_PATTERN = /^infrafabric\.([a-z]+)\.([a-z_]+)\.(v\d+)$/

/** An entry with its CloudEvents 1.0 JSON; exactly these bytes are stored, served and hashed. */
export type EncodedEntry = FabricEntry & { readonly bytes: Uint8Array }

export interface EntryContext {
  readonly index: number
  readonly at: number
  readonly actor: string
  /** Name of the fabric: `source` is `/fabrics/<name>`, so source and id together are unique. */
  readonly fabric: string
  readonly traceparent?: string | undefined
  /** Who spoke for the actor, where somebody else did. */
  readonly principal?: string | undefined
}

/** Gives a draft its place in the log. Throws INVALID_ARGUMENT when it does not fit into one entry. */
export function encodeEntry(draft: EntryDraft<FabricEntry>, context: EntryContext): EncodedEntry {
  const { index, at, actor, traceparent } = context
  const bytes = Buffer.from(eventJson(draft, context))
  if (bytes.length > LIMITS.entryBytes) {
    throw new FabricError(
      'INVALID_ARGUMENT',
      `This would be a log entry of ${bytes.length} bytes; at most ${LIMITS.entryBytes} fit. Send less at once, or name large content by its digest.`,
      { bytes: bytes.length, maxBytes: LIMITS.entryBytes },
    )
  }
  const { type, subject, data } = draft
  // Two literals, so that all entries have one of two shapes: spreading costs five microseconds here, and more later on.
  if (traceparent === undefined) return { type, index, subject, at, actor, data, bytes } as EncodedEntry
  return { type, index, subject, at, actor, traceparent, data, bytes } as EncodedEntry
}

/** Written by hand because every command pays for it: half the time of JSON.stringify on the whole event. */
function eventJson({ type, subject, data }: EntryDraft<FabricEntry>, context: EntryContext): string {
  const { index, at, actor, fabric, traceparent, principal } = context
  const trace = traceparent === undefined ? '' : `,"traceparent":${JSON.stringify(traceparent)}`
  const auth = principal === undefined || principal === actor ? '' : `,"authid":${JSON.stringify(principal)}`
  return `{"specversion":"1.0","id":"${index}","source":"/fabrics/${fabric}","type":"infrafabric.${componentOf(type)}.${type}.${ENTRY_VERSION}","subject":${JSON.stringify(subject)},"time":"${formatTimestamp(at)}","actor":${JSON.stringify(actor)}${auth}${trace},"data":${JSON.stringify(data)}}`
}

/**
 * Reads a stored entry. Throws DATA_TOO_NEW for a type or version this program does not know: leaving it out could
 * change what the rest means.
 */
export function decodeEntry(index: number, bytes: Uint8Array): FabricEntry {
  const event = parseEvent(index, bytes)
  const [, component, name, version] = TYPE_PATTERN.exec(event.type) ?? []
  if (component === undefined || name === undefined || version !== ENTRY_VERSION || componentOf(name) !== component) {
    throw new FabricError(
      'DATA_TOO_NEW',
      `Entry ${index} has the type ${event.type}, which this version does not know. Update InfraFabric to read this log.`,
      { index, type: event.type },
    )
  }
  const { subject, time, actor, traceparent, data } = event
  const at = Date.parse(time)
  if (traceparent === undefined) return { type: name, index, subject, at, actor, data } as FabricEntry
  return { type: name, index, subject, at, actor, traceparent, data } as FabricEntry
}

interface StoredEvent {
  readonly id: string
  readonly type: string
  readonly subject: string
  readonly time: string
  readonly actor: string
  readonly traceparent?: string
  readonly data: unknown
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function parseEvent(index: number, bytes: Uint8Array): StoredEvent {
  try {
    const event = JSON.parse(decoder.decode(bytes)) as StoredEvent
    if (event.id === String(index)) return event
  } catch (error) {
    throw corrupt(index, 'it is not JSON', error)
  }
  throw corrupt(index, 'its id is not its place in the log')
}

function corrupt(index: number, why: string, cause?: unknown): FabricError {
  return new FabricError(
    'DATA_CORRUPT',
    `Entry ${index} of the log is damaged: ${why}. Restore the data directory from a backup.`,
    { index },
    { cause },
  )
}
