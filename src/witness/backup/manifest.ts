import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'

export const MANIFEST_FILE = 'manifest.json'
/** Below the directory of a backup: the log in the layout of C2SP tlog-tiles, blobs by their digests, keys. */
export const LOG_DIRECTORY = 'log'
export const BLOB_DIRECTORY = 'blobs'
export const KEY_DIRECTORY = 'keys'

/** Files of a witness that are secret. `key` signs checkpoints; with `redaction-key` secrets are replaced. */
export const KEY_FILES = ['key', 'redaction-key'] as const
export type KeyFile = (typeof KEY_FILES)[number]

const FORMAT = 'infrafabric-backup'
const VERSION = 1

/** What a backup holds. Written last, so what it names is there. */
export interface Manifest {
  /** RFC 3339. */
  readonly createdAt: string
  /** Version of the program that made it. */
  readonly program: string
  /** The signed note up to which entries count; there may be later ones, of a backup that was not completed. */
  readonly checkpoint: string
  /** Verifier key that signed it. */
  readonly vkey: string
  readonly blobs: {
    readonly count: number
    readonly bytes: number
    /** Digests that the log names although the fabric did not have their content. */
    readonly missing: readonly string[]
  }
  /** SHA-256 of each key file, hexadecimal; empty for a backup without keys. */
  readonly keys: Readonly<Partial<Record<KeyFile, string>>>
}

export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, ...manifest }, undefined, 2)}\n`
}

/** Throws DATA_CORRUPT, or DATA_TOO_NEW when a later release wrote it. */
export function parseManifest(path: string, content: Uint8Array): Manifest {
  const value = parse(path, content)
  if (value.format !== FORMAT) throw damaged(path, 'it is not one of a backup')
  if (typeof value.version === 'number' && value.version > VERSION) {
    const message = `${path} has format version ${value.version}; this release reads up to ${VERSION}. Install the release that wrote it, or a later one.`
    throw new FabricError('DATA_TOO_NEW', message, { path, version: value.version, supported: VERSION })
  }
  const { createdAt, program, checkpoint, vkey, blobs, keys } = value as Partial<Manifest>
  const whole =
    typeof checkpoint === 'string' &&
    typeof createdAt === 'string' &&
    typeof program === 'string' &&
    typeof vkey === 'string' &&
    typeof blobs?.count === 'number' &&
    typeof blobs.bytes === 'number' &&
    isTexts(blobs.missing) &&
    isKeys(keys)
  if (!whole) throw damaged(path, 'a field is missing or of another kind')
  return { createdAt, program, checkpoint, vkey, blobs, keys }
}

function parse(path: string, content: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString())
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch (cause) {
    throw damaged(path, 'it is not JSON', cause)
  }
  throw damaged(path, 'it is not a JSON object')
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= LIMITS.blobs && value.every((text) => typeof text === 'string')
}

function isKeys(value: unknown): value is Manifest['keys'] {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).every(
    ([name, digest]) => (KEY_FILES as readonly string[]).includes(name) && typeof digest === 'string',
  )
}

function damaged(path: string, why: string, cause?: unknown): FabricError {
  return new FabricError('DATA_CORRUPT', `${path} is damaged: ${why}. Use another backup.`, { path }, { cause })
}
