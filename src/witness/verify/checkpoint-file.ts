import { isFabricError } from '../../model/errors.js'
import { type Checkpoint, parseCheckpoint } from '../note/checkpoint.js'
import { type Note, parseNote } from '../note/note.js'

/** What a log gives as its checkpoint, as far as it can be read. */
export interface CheckpointFile {
  /** Absent when it is not even the text of a checkpoint. */
  readonly checkpoint?: Checkpoint
  /** Absent when it is not a signed note. */
  readonly note?: Note
  /** Whether anything stands where signatures belong. */
  readonly signed: boolean
  /** Why one of the two is absent. */
  readonly problem?: string
}

/** A checkpoint without signatures can still be compared with the entries: only its signature is missing. */
export function readCheckpointFile(content: Uint8Array): CheckpointFile {
  try {
    const note = parseNote(content)
    try {
      return { note, checkpoint: parseCheckpoint(note.text), signed: true }
    } catch (error) {
      return { note, problem: reasonOf(error), signed: true }
    }
  } catch (error) {
    const problem = reasonOf(error)
    const text = Buffer.from(content).toString()
    const end = text.indexOf('\n\n')
    const signed = end !== -1 && text.length > end + 2
    try {
      return { checkpoint: parseCheckpoint(end === -1 ? text : text.slice(0, end + 1)), signed, problem }
    } catch {
      return { signed, problem }
    }
  }
}

function reasonOf(error: unknown): string {
  if (isFabricError(error) && typeof error.details.reason === 'string') return error.details.reason
  throw error
}
