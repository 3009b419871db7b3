import type { Policy } from '../coordinator/policy.js'
import type { Journal } from '../journal/journal.js'
import { assertInvariant, FabricError, isFabricError } from '../model/errors.js'
import type { FabricEntry } from './entries.js'
import { decodeEntry } from './entry-codec.js'
import { Fold } from './fold.js'
import { restoreSnapshot, SNAPSHOT_VERSION } from './snapshot.js'

export interface Loaded {
  readonly fold: Fold
  /** Entries that the newest usable snapshot covers; 0 without one. */
  readonly snapshotSize: number
}

/** The state that the journal holds: its newest usable snapshot and what came after. */
export async function loadFold(journal: Journal, policy: Policy): Promise<Loaded> {
  const { fold, snapshotSize } = await fromSnapshot(journal, policy)
  for await (const chunk of journal.read(snapshotSize)) {
    for (const { index, bytes } of chunk) fold.apply(decodeEntry(index, bytes))
  }
  fold.state.forgetNews()
  return { fold, snapshotSize }
}

/** A snapshot only saves time: one that cannot be used is passed over, because the log has everything. */
async function fromSnapshot(journal: Journal, policy: Policy): Promise<Loaded> {
  const { size } = await journal.head()
  const snapshot = await journal.latestSnapshot(size)
  const fold = new Fold(policy)
  if (snapshot === undefined || snapshot.version !== SNAPSHOT_VERSION) return { fold, snapshotSize: 0 }
  try {
    await restoreSnapshot(snapshot, fold)
    return { fold, snapshotSize: snapshot.size }
  } catch (error) {
    if (isFabricError(error) && error.code !== 'DATA_CORRUPT') throw error
    return { fold: new Fold(policy), snapshotSize: 0 }
  }
}

/** One entry of the log. */
export async function readEntry(journal: Journal, at: number): Promise<FabricEntry> {
  for await (const [first] of journal.read(at)) {
    if (first !== undefined) return decodeEntry(first.index, first.bytes)
  }
  throw new FabricError('NOT_FOUND', `The log has no entry ${at} yet.`, { index: at })
}

/** The answer that entry `index` holds. Throws CONFLICT when it was too large to keep. */
export async function readReceipt(journal: Journal, index: number): Promise<unknown> {
  const entry = await readEntry(journal, index)
  assertInvariant(entry.type === 'command_received', `entry ${index} is not a receipt`)
  if (entry.data.reply !== undefined) return entry.data.reply
  throw new FabricError(
    'CONFLICT',
    `This command was done before, as entry ${index} says, but its answer was too large to keep. Read the task instead.`,
    { index },
  )
}
