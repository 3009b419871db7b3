import { FabricError } from '../../model/errors.js'
import { type CopiedLog, type CopyTarget, copyEntries } from './copy.js'
import { hashEntries, journalEntries, type LogEntries } from './log-entries.js'

/** A head of the log that was signed. */
export interface SignedHead {
  /** Whose it is: a data directory or a backup, for people. */
  readonly describe: string
  readonly size: number
  readonly root: Buffer
}

export interface MovedLog extends CopiedLog {
  readonly size: number
  /** Of the tree over all entries, as both logs give it. */
  readonly root: Buffer
  /** Sizes of the signed heads that both logs extend. */
  readonly heads: readonly number[]
}

/**
 * Copies a log and proves that both are the same: the root over all entries is computed from the bytes of each, and at the
 * size of every signed head it is the root of that head. The source is judged before anything is written, the target is
 * closed, opened and read again after it.
 *
 * Throws LOG_DIVERGED when the source does not extend a signed head, DATA_CORRUPT when the target does not give back what
 * was written, and as `copyEntries`.
 */
export async function moveLog(source: LogEntries, target: CopyTarget, heads: readonly SignedHead[]): Promise<MovedLog> {
  const sizes = heads.map(({ size }) => size)
  const expected = await hashEntries(source, sizes)
  for (const head of heads) requireHead(source, expected, head)
  const copied = await copyEntries(source, target)
  const root = await proveSame(source, expected, target)
  return { ...copied, size: source.size, root, heads: sizes }
}

async function proveSame(
  source: LogEntries,
  expected: ReadonlyMap<number, Buffer>,
  { describe, journal }: CopyTarget,
): Promise<Buffer> {
  await journal.close()
  const { size } = await journal.open()
  if (size !== source.size) throw differs(source, describe, `it has ${size} entries instead of ${source.size}`)
  const found = await hashEntries(journalEntries(describe, journal, size), [...expected.keys()])
  for (const [at, root] of expected) {
    if (found.get(at)?.equals(root) !== true)
      throw differs(source, describe, `its first ${at} entries have another root`)
  }
  return expected.get(size) ?? Buffer.alloc(0)
}

function requireHead(source: LogEntries, roots: ReadonlyMap<number, Buffer>, head: SignedHead): void {
  if (roots.get(head.size)?.equals(head.root) === true) return
  const why =
    head.size > source.size
      ? `it has only ${source.size}`
      : `its first ${head.size} do not hash to the root that was signed`
  const message = `${source.describe} does not hold the ${head.size} entries that ${head.describe} signed: ${why}. Nothing was written. Look at it with \`ifab witness verify\`.`
  throw new FabricError('LOG_DIVERGED', message, { source: source.describe, signedSize: head.size, size: source.size })
}

function differs(source: LogEntries, target: string, why: string): FabricError {
  const message = `${target} does not hold what was copied from ${source.describe}: ${why}. Do not use it. Check its disk or servers, then copy into an empty place.`
  return new FabricError('DATA_CORRUPT', message, { source: source.describe, target })
}
