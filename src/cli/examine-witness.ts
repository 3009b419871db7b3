import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere } from '../journal/file/durable-file.js'
import { type Checkpoint, openCheckpoint, parseCheckpoint } from '../witness/note/checkpoint.js'
import { parseNote } from '../witness/note/note.js'
import { NoteSigner } from '../witness/note/signer.js'
import { witnessDirectory } from '../witness/storage.js'
import { toFabricError } from './failure.js'
import { type Finding, failed, ok, warning } from './finding.js'

const MEND = 'Restore the whole data directory from a backup, or begin a new identity with `ifab witness reset`.'

/**
 * Whether the witness stopped, whether its key signed the last checkpoint, and whether the log has the entries that this
 * counts. `entries` are those of a log that no process writes; undefined when it runs or could not be counted.
 */
export async function checkWitness(data: string, entries: number | undefined): Promise<Finding> {
  const directory = witnessDirectory(data)
  try {
    const incident = await readIfThere(join(directory, 'incident'))
    if (incident !== undefined) return stopped(directory, incident)
    // The key first: the head that a new key signs first is signed by the old one too.
    const keys = await readIfThere(join(directory, 'key'))
    const note = await readIfThere(join(directory, 'checkpoint'))
    if (keys === undefined) return keyless(note)
    if (note === undefined) return damaged('there is a key, but not the checkpoint that it signed')
    return compare(openSigned(note, keys), entries)
  } catch (error) {
    const { code, message } = toFabricError(error)
    return failed('witness', code, message, `Check who may read ${directory}, and the disk that holds it.`)
  }
}

/** Whether the key that signs can be read by nobody else. */
export async function checkSigningKey(data: string): Promise<Finding> {
  const path = join(witnessDirectory(data), 'key')
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return warning('signing key', `${path} does not exist`, '`ifab up` makes the first one.')
  if ((found.mode & 0o077) !== 0 && process.platform !== 'win32') {
    const fix = `chmod 600 ${path}, then replace it with \`ifab witness rotate-key\``
    return failed('signing key', 'FORBIDDEN', `others can read ${path}`, fix)
  }
  return ok('signing key', path)
}

function stopped(directory: string, incident: string): Finding {
  const [why = ''] = incident.split('\n')
  const fix = `Keep a copy of the data directory and restore the whole log; ${join(directory, 'incident')} has the checkpoint.`
  return failed('witness', 'LOG_DIVERGED', `it stopped, as the log does not extend what it signed: ${why}`, fix)
}

function keyless(note: string | undefined): Finding {
  const signed = note === undefined ? 0 : sizeOf(note)
  if (signed === undefined) return damaged('the checkpoint is none, and there is no key')
  if (signed > 0) return damaged(`there is a checkpoint of ${signed} entries, but not the key that signed it`)
  const message = 'it has signed nothing here; whether the log names a key was not checked'
  return warning('witness', message, '`ifab up` makes a key, or says that the log names one that is missing.')
}

function compare(checkpoint: Checkpoint | undefined, entries: number | undefined): Finding {
  if (checkpoint === undefined) return damaged('its key did not sign the checkpoint as it is now')
  const signed = `its key signed a checkpoint of ${checkpoint.size} entries`
  if (entries === undefined) return ok('witness', `${signed}; the log was not compared with it`)
  if (entries < checkpoint.size) {
    const fix = 'Keep a copy of the data directory, then restore the whole of it from the newest backup.'
    return failed('witness', 'LOG_DIVERGED', `${signed}, but the log has ${entries}: some were lost`, fix)
  }
  return ok('witness', `${signed}, and the log has ${entries}; \`ifab witness verify\` compares what they say`)
}

/** Undefined when the key did not sign it. */
function openSigned(note: string, keys: string): Checkpoint | undefined {
  return unlessRefused(() => {
    const signers = keys.trim().split('\n').map(NoteSigner.parse)
    return openCheckpoint(
      note,
      signers.map(({ verifier }) => verifier),
    ).checkpoint
  })
}

function sizeOf(note: string): number | undefined {
  return unlessRefused(() => parseCheckpoint(parseNote(note).text).size)
}

function unlessRefused<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function damaged(message: string): Finding {
  return failed('witness', 'DATA_CORRUPT', message, MEND)
}
