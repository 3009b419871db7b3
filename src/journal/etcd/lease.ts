import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { FabricError } from '../../model/errors.js'
import type { Connection, Patience } from './connection.js'
import { isMade } from './failure.js'
import type { Streams } from './protocol.js'

/** One attempt to renew; what is late is asked of the next member. */
const ATTEMPT_MS = 700
const PAUSE_MS = 50

type Renewed = Streams['Lease.LeaseKeepAlive']['response']

/** Makes a lease and resolves with its id, which is chosen here, so that a request that is repeated finds what it made. */
export async function grantLease(connection: Connection, seconds: number, patience: Patience): Promise<number> {
  const id = randomInt(1, 2 ** 48 - 1)
  await connection.call('Lease.LeaseGrant', { id, ttl: seconds }, patience).catch((error) => {
    if (!isMade(error.cause)) throw error
  })
  return id
}

/** Resolves with false when the lease is over. Throws UNAVAILABLE when no member says so in time. */
export async function renewLease(connection: Connection, id: number, patience: Patience): Promise<boolean> {
  for (;;) {
    const answer = await renewOnce(connection, id, patience)
    if (answer !== undefined) return answer.ttl > 0
    if (performance.now() + PAUSE_MS >= patience.until || patience.signal?.aborted) {
      throw new FabricError('UNAVAILABLE', 'No member of etcd renewed the lease in time.')
    }
    await sleep(PAUSE_MS)
  }
}

/** Ends a lease, and with it the keys that hang on it. Where nobody can be asked, it ends by itself. */
export async function endLease(connection: Connection, id: number, patience: Patience): Promise<void> {
  await connection.call('Lease.LeaseRevoke', { id }, patience).catch(() => undefined)
}

/** etcd has no call to renew a lease, only a stream; one question and one answer on it are enough. */
async function renewOnce(connection: Connection, id: number, patience: Patience): Promise<Renewed | undefined> {
  const opened = await connection.stream('Lease.LeaseKeepAlive', patience).catch(() => undefined)
  if (opened === undefined) return undefined
  const { client, stream } = opened
  return new Promise((resolve) => {
    const done = (answer?: Renewed) => {
      clearTimeout(timer)
      stream.cancel()
      if (answer === undefined) connection.leave(client)
      resolve(answer)
    }
    const timer = setTimeout(done, Math.max(1, Math.min(ATTEMPT_MS, patience.until - performance.now())))
    stream.once('data', done)
    stream.once('error', () => done())
    stream.write({ id })
  })
}
