import { join } from 'node:path'
import { readIfThere } from '../../journal/file/durable-file.js'
import { FabricError } from '../../model/errors.js'
import { type Checkpoint, openCheckpoint, parseCheckpoint } from '../note/checkpoint.js'
import { parseNote } from '../note/note.js'
import { NoteSigner } from '../note/signer.js'
import { witnessDirectory } from '../storage.js'

/**
 * The last head that the witness of a data directory signed; undefined when it signed none. Where its key lies beside it,
 * that must have signed it. Throws DATA_CORRUPT.
 */
export async function lastSignedHead(data: string): Promise<Checkpoint | undefined> {
  const directory = witnessDirectory(data)
  const note = await readIfThere(join(directory, 'checkpoint'))
  if (note === undefined) return undefined
  const keys = await readIfThere(join(directory, 'key'))
  try {
    if (keys === undefined) return parseCheckpoint(parseNote(note).text)
    const verifiers = keys
      .trim()
      .split('\n')
      .map((skey) => NoteSigner.parse(skey).verifier)
    return openCheckpoint(note, verifiers).checkpoint
  } catch (cause) {
    const message = `The checkpoint in ${directory} is not one that its key signed. Look at it with \`ifab doctor\`.`
    throw new FabricError('DATA_CORRUPT', message, { directory }, { cause })
  }
}
