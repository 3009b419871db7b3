import { join } from 'node:path'
import { FabricError } from '../../model/errors.js'
import type { Checkpoint } from '../note/checkpoint.js'
import { parseVkey, type Verifier } from '../note/verifier.js'
import { readCheckpointFile } from '../verify/checkpoint-file.js'
import { directorySource } from '../verify/directory-source.js'
import { judgeIntegrity } from '../verify/integrity.js'
import { passOver } from '../verify/pass.js'
import { Rotations } from '../verify/rotations.js'
import { judgeSignature } from '../verify/signature.js'
import type { LogSource } from '../verify/source.js'
import { LOG_DIRECTORY, type Manifest } from './manifest.js'
import { NamedBlobs } from './named-blobs.js'

export interface BackupPlace {
  readonly directory: string
  /** For people: the file that it was unpacked from, or the directory. */
  readonly name: string
}

/** The log of a backup, of which every entry was hashed. */
export interface CheckedLog {
  readonly source: LogSource
  readonly head: Checkpoint
  readonly blobs: NamedBlobs
}

/**
 * Reads the whole log of a backup: its tiles and its root must follow from its entries, and one of `trusted`, or a key that
 * it handed over to, must have signed that. Without any, the key that the manifest names must. Throws DATA_CORRUPT with
 * what is wrong, and PROOF_INVALID when it is the signature.
 */
export async function checkLog(
  { directory, name }: BackupPlace,
  { checkpoint: note, vkey }: Pick<Manifest, 'checkpoint' | 'vkey'>,
  trusted: readonly Verifier[],
): Promise<CheckedLog> {
  const source = directorySource(join(directory, LOG_DIRECTORY))
  const file = readCheckpointFile(Buffer.from(note))
  const { checkpoint: head } = file
  if (head === undefined) throw unusable(name, `its checkpoint cannot be read: ${file.problem}.`)
  const blobs = new NamedBlobs()
  const rotations = new Rotations(head.origin)
  const see = (index: number, entry: Uint8Array) => {
    rotations.see(entry)
    blobs.see(index, entry)
  }
  const pass = await passOver({ source, size: head.size, rootsAt: [head.size], see })
  const integrity = judgeIntegrity(head, pass)
  if (integrity.status !== 'ok') throw unusable(name, integrity.message, integrity.details)
  const trust = { keys: trusted.length > 0 ? trusted : [keyIn(name, vkey)], from: 'given' } as const
  const { verdict } = judgeSignature({ file, trust, witnesses: [], rotations, found: undefined })
  if (verdict.status !== 'ok') throw new FabricError('PROOF_INVALID', `${name}: ${verdict.message}`, verdict.details)
  return { source, head, blobs }
}

function keyIn(name: string, vkey: string): Verifier {
  try {
    return parseVkey(vkey)
  } catch {
    throw unusable(name, 'Its manifest does not name the key that signed it.')
  }
}

/** A backup that must not be restored. */
export function unusable(name: string, what: string, details: Readonly<Record<string, unknown>> = {}): FabricError {
  const message = `The backup ${name} is damaged. ${what} Nothing was changed. Use another backup.`
  return new FabricError('DATA_CORRUPT', message, { backup: name, ...details })
}
