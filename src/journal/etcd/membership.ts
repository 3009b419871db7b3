import { isFabricError } from '../../model/errors.js'
import {
  HEARTBEAT_MS,
  type Leadership,
  MEMBER_TTL_MS,
  type Member,
  type Membership,
  type MembershipView,
} from '../membership.js'
import { givenUp, taken } from '../refusal.js'
import { ViewChanges } from '../view-changes.js'
import { Connection, type Patience } from './connection.js'
import { LogKeys } from './keys.js'
import { Lead } from './lead.js'
import { endLease, grantLease, renewLease } from './lease.js'
import { NodesWatch } from './nodes-watch.js'
import { checkAccess, type EtcdAccess } from './options.js'
import { COMPARE } from './protocol.js'
import { compact } from './trim.js'

const DEFAULT_TIMEOUT_MS = 10_000
/** How long a node that leaves waits for etcd. */
const FAREWELL_MS = 1_000
/** How much later than asked etcd ends a lease, at most. */
const GRACE_MS = 2_000
/** How often the leader has etcd forget what was replaced before the time before. */
const COMPACT_MS = 5 * 60 * 1_000

interface Joined {
  readonly connection: Connection
  readonly nodes: NodesWatch
  readonly end: AbortController
  heartbeat?: NodeJS.Timeout
}

/**
 * The nodes of a log in etcd: a key for each, and one for the leader, that hang on leases. The term of a leader is the
 * revision in which its key was made.
 */
export class EtcdMembership implements Membership {
  readonly #access: EtcdAccess
  readonly #keys: LogKeys
  readonly #changes = new ViewChanges()
  #joined: Joined | undefined
  #self: Member | undefined
  /** What etcd was told last, and the lease it hangs on. */
  #told: Member | undefined
  #lease = 0
  #lead: Lead | undefined
  #beating = false
  #mark = { revision: 0, at: performance.now() }

  constructor(access: EtcdAccess) {
    checkAccess(access)
    this.#access = access
    this.#keys = new LogKeys(access.name)
  }

  async join(member: Member): Promise<void> {
    const connection = await Connection.open(this.#access)
    const nodes = new NodesWatch(connection, this.#keys, () => this.#changed())
    const joined: Joined = { connection, nodes, end: new AbortController() }
    this.#joined = joined
    this.#self = member
    try {
      const { timeoutMs = DEFAULT_TIMEOUT_MS } = this.#access
      const { signal } = joined.end
      await nodes.start(performance.now() + timeoutMs, signal)
      // A node that is started again right after it died finds its own key; waiting tells it from another one's.
      const until = performance.now() + MEMBER_TTL_MS + GRACE_MS
      while (nodes.view().members.some(({ id }) => id === member.id) && performance.now() < until) {
        await this.#changes.next(HEARTBEAT_MS, signal)
      }
      if (!(await this.#enter(joined, true))) throw taken(member.id)
      joined.heartbeat = setInterval(() => void this.#beat(), HEARTBEAT_MS)
    } catch (error) {
      await this.leave()
      throw error
    }
  }

  tell(position: number): void {
    if (this.#self !== undefined) this.#self = { ...this.#self, position }
  }

  view(): MembershipView {
    return this.#joined?.nodes.view() ?? { members: [] }
  }

  onChange(listener: (view: MembershipView) => void): () => void {
    return this.#changes.on(listener)
  }

  async campaign(signal: AbortSignal): Promise<Leadership> {
    const joined = this.#joined
    if (joined === undefined) throw givenUp()
    const either = AbortSignal.any([signal, joined.end.signal])
    while (!either.aborted) {
      if (this.view().leader === undefined) {
        const lead = await this.#take(joined, either).catch(() => undefined)
        if (lead !== undefined && !either.aborted) return lead
        await lead?.resign()
      }
      await this.#changes.next(HEARTBEAT_MS, either)
    }
    throw givenUp()
  }

  async leave(): Promise<void> {
    const joined = this.#joined
    this.#joined = undefined
    this.#self = undefined
    if (joined === undefined) return
    clearInterval(joined.heartbeat)
    joined.end.abort()
    await this.#lead?.resign()
    if (this.#told !== undefined) await endLease(joined.connection, this.#lease, within(FAREWELL_MS))
    this.#told = undefined
    joined.connection.close()
  }

  /** Puts the key of this node on a new lease; with `anew`, only where there is none. */
  async #enter({ connection, nodes }: Joined, anew: boolean): Promise<boolean> {
    const self = this.#self
    if (self === undefined) return false
    const lease = await grantLease(connection, MEMBER_TTL_MS / 1_000, within(MEMBER_TTL_MS))
    const key = this.#keys.node(self.id)
    const value = Buffer.from(JSON.stringify(self))
    const response = await connection.call(
      'KV.Txn',
      {
        ...(anew && { compare: [{ key, target: COMPARE.create, createRevision: 0 }] }),
        success: [{ put: { key, value, lease } }],
        failure: [{ range: { key } }],
      },
      within(MEMBER_TTL_MS),
    )
    // A request that was repeated may find what it wrote itself.
    const own = response.succeeded || response.responses[0]?.range?.kvs[0]?.lease === lease
    if (!own) return false
    this.#lease = lease
    this.#told = self
    nodes.apply({ key, value, modRevision: response.header.revision })
    return true
  }

  async #beat(): Promise<void> {
    const joined = this.#joined
    if (this.#beating || joined === undefined) return
    this.#beating = true
    try {
      const renewed = await Promise.allSettled([this.#lead?.renew(), this.#renewMember(joined)])
      for (const outcome of renewed) if (outcome.status === 'rejected') throw outcome.reason
      if (this.#lead !== undefined) await this.#forgetHistory(joined.connection)
    } catch (error) {
      // The next heartbeat tries again; what was not renewed ends by itself.
      if (!isFabricError(error)) throw error
    } finally {
      this.#beating = false
    }
  }

  async #renewMember(joined: Joined): Promise<void> {
    const patience = within(MEMBER_TTL_MS / 2)
    const goesOn = await renewLease(joined.connection, this.#lease, patience)
    const self = this.#self
    if (self === undefined) return
    if (!goesOn) await this.#enter(joined, false)
    else if (self.position !== this.#told?.position) {
      const put = { key: this.#keys.node(self.id), value: Buffer.from(JSON.stringify(self)), lease: this.#lease }
      await joined.connection.call('KV.Txn', { success: [{ put }] }, patience)
      this.#told = self
    }
  }

  async #take({ connection, nodes }: Joined, signal: AbortSignal): Promise<Lead | undefined> {
    const self = this.#self
    if (self === undefined) return undefined
    const lead = await Lead.take(connection, this.#keys, self.id, signal, (kv) => nodes.apply(kv))
    if (lead === undefined) return undefined
    this.#lead = lead
    lead.lost.addEventListener('abort', () => {
      if (this.#lead === lead) this.#lead = undefined
      this.#changed()
    })
    return lead
  }

  /** The head and positions are written over and over: without this etcd would keep every version of them. */
  async #forgetHistory(connection: Connection): Promise<void> {
    if (performance.now() - this.#mark.at < COMPACT_MS) return
    const patience = within(MEMBER_TTL_MS)
    const { header } = await connection.call('KV.Range', { key: this.#keys.head }, patience)
    if (this.#mark.revision > 0) await compact(connection, this.#mark.revision, patience)
    this.#mark = { revision: header.revision, at: performance.now() }
  }

  #changed(): void {
    this.#changes.tell(this.view())
  }
}

function within(ms: number): Patience {
  return { until: performance.now() + ms }
}
