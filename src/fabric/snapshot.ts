import type { Snapshot } from '../journal/journal.js'
import { FabricError } from '../model/errors.js'
import type { Fold, FoldRow } from './fold.js'

/** Grows whenever the shape of a row changes; a snapshot of another version is passed over and the log read instead. */
export const SNAPSHOT_VERSION = 6

const CHUNK_CHARS = 256 * 1024

/**
 * The state as JSON lines, one row a line. The rows are taken at once, so the content is consistent; encoding them is
 * spread over many turns of the event loop, so the engine goes on meanwhile.
 */
export function takeSnapshot(fold: Fold): Snapshot {
  const rows = fold.rows()
  return { size: fold.head.size, version: SNAPSHOT_VERSION, chunks: encodeRows(rows) }
}

async function* encodeRows(rows: readonly FoldRow[]): AsyncGenerator<Uint8Array> {
  let text = ''
  for (const row of rows) {
    text += `${JSON.stringify(row)}\n`
    if (text.length < CHUNK_CHARS) continue
    yield Buffer.from(text)
    text = ''
    await new Promise(setImmediate)
  }
  yield Buffer.from(text)
}

/** Puts the rows of a snapshot into an empty fold. Throws DATA_CORRUPT when they do not make sense. */
export async function restoreSnapshot(snapshot: Snapshot, fold: Fold): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of snapshot.chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) fold.putRow(JSON.parse(line) as FoldRow)
  }
  if (rest !== '' || fold.head.size !== snapshot.size) {
    throw new FabricError('DATA_CORRUPT', `The snapshot at ${snapshot.size} is incomplete; delete it to read the log.`)
  }
}
