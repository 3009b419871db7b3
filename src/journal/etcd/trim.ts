import { LIMITS } from '../../model/limits.js'
import type { Connection, Patience } from './connection.js'
import { isCompacted } from './failure.js'
import type { LogKeys } from './keys.js'
import { grantLease } from './lease.js'
import { COMPARE } from './protocol.js'

/** Says in etcd that a copy has the first `size` entries; that counts for `graceSeconds`. */
export async function markCopy(
  connection: Connection,
  copy: { readonly key: Buffer; readonly size: number; readonly graceSeconds: number },
  patience: Patience,
): Promise<void> {
  const lease = await grantLease(connection, copy.graceSeconds, patience)
  const put = { key: copy.key, value: Buffer.from(String(copy.size)), lease }
  await connection.call('KV.Txn', { success: [{ put }] }, patience)
}

/**
 * Removes from etcd what lies below `limit` and what every marked copy has, and lets etcd forget its history. Whole records
 * only, so the log begins with one. Resolves with the index of the first entry that is left.
 */
export async function trimLog(
  connection: Connection,
  keys: LogKeys,
  limit: number,
  patience: () => Patience,
): Promise<number> {
  const { kvs: copies } = await connection.call('KV.Range', keys.copies, patience())
  const below = Math.min(limit, ...copies.map(({ value }) => Number(value.toString())))
  for (;;) {
    const { kvs: begun } = await connection.call('KV.Range', { key: keys.begin }, patience())
    const interval = { key: keys.record(0), rangeEnd: keys.record(below + 1) }
    const request = { ...interval, limit: LIMITS.etcdRemovedRecords, keysOnly: true }
    const { kvs } = await connection.call('KV.Range', request, patience())
    const last = kvs.at(-1)
    if (last === undefined) return Number(begun[0]?.value.toString() ?? 0)
    const begin = keys.endOf(last.key)
    const { header, succeeded } = await connection.call(
      'KV.Txn',
      {
        // Another process may trim at the same time; the beginning never goes back.
        compare: [{ key: keys.begin, target: COMPARE.mod, modRevision: begun[0]?.modRevision ?? 0 }],
        success: [
          { deleteRange: { key: interval.key, rangeEnd: keys.record(begin + 1) } },
          { deleteRange: { key: keys.partsAt(0), rangeEnd: keys.partsAt(begin) } },
          { put: { key: keys.begin, value: Buffer.from(String(begin)) } },
        ],
      },
      patience(),
    )
    if (succeeded) await compact(connection, header.revision, patience())
  }
}

/** Has etcd forget all versions of keys that were replaced before a revision. */
export async function compact(connection: Connection, revision: number, patience: Patience): Promise<void> {
  await connection.call('KV.Compact', { revision }, patience).catch((error) => {
    if (!isCompacted(error.cause)) throw error
  })
}
