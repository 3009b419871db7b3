import { LEAD_TTL_MS, type Leadership } from '../membership.js'
import type { Connection } from './connection.js'
import type { LogKeys } from './keys.js'
import { endLease, grantLease, renewLease } from './lease.js'
import { COMPARE, type KeyValue } from './protocol.js'

/** How long whoever resigns waits for etcd. */
const FAREWELL_MS = 1_000

/**
 * The lead of one node: a key on a lease that it renews. It ends here before it can end in etcd, which counts from when it
 * was asked, and that was not before the question was sent.
 */
export class Lead implements Leadership {
  readonly term: number
  readonly lost: AbortSignal
  readonly #connection: Connection
  readonly #lease: number
  readonly #ending = new AbortController()
  #timer: NodeJS.Timeout

  private constructor(connection: Connection, lease: number, term: number, sentAt: number) {
    this.#connection = connection
    this.#lease = lease
    this.term = term
    this.lost = this.#ending.signal
    this.#timer = this.#endAt(sentAt + LEAD_TTL_MS)
  }

  /** Makes the key of the leader for node `id`; nothing when there is one. `onTaken` is told the key. */
  static async take(
    connection: Connection,
    keys: LogKeys,
    id: string,
    signal: AbortSignal,
    onTaken: (kv: Pick<KeyValue, 'key' | 'value' | 'modRevision'>) => void,
  ): Promise<Lead | undefined> {
    const sentAt = performance.now()
    const patience = { until: sentAt + LEAD_TTL_MS, signal }
    const lease = await grantLease(connection, LEAD_TTL_MS / 1_000, patience)
    const key = keys.leader
    const value = Buffer.from(JSON.stringify({ id }))
    const response = await connection.call(
      'KV.Txn',
      {
        compare: [{ key, target: COMPARE.create, createRevision: 0 }],
        success: [{ put: { key, value, lease } }],
        failure: [{ range: { key } }],
      },
      patience,
    )
    // A request that was repeated may find what it wrote itself.
    const found = response.responses[0]?.range?.kvs[0]
    const term = response.succeeded ? response.header.revision : found?.lease === lease ? found.modRevision : undefined
    if (term !== undefined) {
      onTaken({ key, value, modRevision: term })
      return new Lead(connection, lease, term, sentAt)
    }
    await endLease(connection, lease, { until: performance.now() + FAREWELL_MS })
    return undefined
  }

  /** Throws UNAVAILABLE when etcd does not answer; the lead goes on until its time is over. */
  async renew(): Promise<void> {
    const sentAt = performance.now()
    const goesOn = await renewLease(this.#connection, this.#lease, { until: sentAt + LEAD_TTL_MS, signal: this.lost })
    if (this.lost.aborted) return
    clearTimeout(this.#timer)
    if (goesOn) this.#timer = this.#endAt(sentAt + LEAD_TTL_MS)
    else this.#ending.abort()
  }

  async resign(): Promise<void> {
    clearTimeout(this.#timer)
    if (this.lost.aborted) return
    this.#ending.abort()
    await endLease(this.#connection, this.#lease, { until: performance.now() + FAREWELL_MS })
  }

  #endAt(time: number): NodeJS.Timeout {
    // What is over here may go on in etcd for a moment: then nobody else has it, which does no harm.
    return setTimeout(() => void this.resign(), Math.max(0, time - performance.now()))
  }
}
