import type { Checkpoint } from '../note/checkpoint.js'
import type { Pass, PassFault } from './pass.js'
import { failed, ok, type Verdict } from './verdict.js'

export type IntegrityCode =
  | 'intact'
  | 'checkpoint_damaged'
  | 'entries_missing'
  | 'entries_damaged'
  | 'entry_mismatch'
  | 'tile_missing'
  | 'tile_damaged'
  | 'tile_mismatch'
  | 'root_mismatch'

/** Whether the entries, the tiles and the root of the checkpoint belong together. */
export function judgeIntegrity(checkpoint: Checkpoint, pass: Pass): Verdict<IntegrityCode> {
  const { size, root } = checkpoint
  const { fault, entries, tiles, tilesNotStored } = pass
  const computed = pass.roots.get(size)
  const details = { size, root: root.toString('base64'), entries, tiles, ...(tilesNotStored > 0 && { tilesNotStored }) }
  const holds = computed?.equals(root) === true
  if (fault !== undefined) return faulty(fault, holds, { ...details, ...fault }, size)
  if (holds) return ok('intact', `${size} entries, their ${tiles} tiles and the root belong together.`, details)
  const facts = { ...details, computed: computed?.toString('base64') }
  return failed('root_mismatch', `The ${size} entries do not hash to the root of the checkpoint.`, facts)
}

export function unreadableCheckpoint(problem: string): Verdict<IntegrityCode> {
  const message = `Without a checkpoint nothing says which entries belong to the log: ${problem}.`
  return failed('checkpoint_damaged', message, { reason: problem })
}

/** `holds`: the entries hash to the root all the same, so that only a tile can be wrong. */
function faulty(fault: PassFault, holds: boolean, details: Verdict['details'], size: number): Verdict<IntegrityCode> {
  const { path } = fault
  if (fault.kind !== 'mismatch') return failed(fault.kind, reasonText(fault, size), details)
  const { first, last } = fault
  const one = first === last
  if (holds) {
    const which = one ? `entry ${first}` : `entries ${first} to ${last}`
    return failed('tile_mismatch', `${path} was changed: it has another hash for ${which} than they give.`, details)
  }
  const what = one ? `Entry ${first} does` : `Entries ${first} to ${last} do`
  const message = `${what} not hash to what ${path} says, and the log does not hash to the root of the checkpoint.`
  return failed(one ? 'entry_mismatch' : 'tile_mismatch', message, details)
}

function reasonText({ kind, path, reason }: Exclude<PassFault, { kind: 'mismatch' }>, size: number): string {
  switch (kind) {
    case 'entries_missing':
      return `Entries are missing: the checkpoint is of ${size} entries, but ${reason}.`
    case 'entries_damaged':
      return `Entries in ${path} cannot be read: ${reason}`
    case 'tile_missing':
      return `A tile is missing: ${reason}.`
    case 'tile_damaged':
      return reason
  }
}
