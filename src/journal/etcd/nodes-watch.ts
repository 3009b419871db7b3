import { setTimeout as sleep } from 'node:timers/promises'
import type { Member, MembershipView } from '../membership.js'
import type { Connection } from './connection.js'
import type { LogKeys } from './keys.js'
import { DELETED, type KeyValue } from './protocol.js'
import { watch } from './watch.js'

const PAUSE_MS = 100

/** The keys of nodes and of their leader, as they were heard of last. */
export class NodesWatch {
  readonly #connection: Connection
  readonly #keys: LogKeys
  readonly #onChange: () => void
  #members = new Map<string, Member>()
  #leader: MembershipView['leader']

  constructor(connection: Connection, keys: LogKeys, onChange: () => void) {
    this.#connection = connection
    this.#keys = keys
    this.#onChange = onChange
  }

  view(): MembershipView {
    const members = [...this.#members.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    return { members, ...(this.#leader && { leader: this.#leader }) }
  }

  /** Looks once, then goes on until `signal` aborts. Throws what keeps it from looking at first. */
  async start(until: number, signal: AbortSignal): Promise<void> {
    const revision = await this.#look(until, signal)
    void this.#keepWatching(revision, signal)
  }

  /** Takes in what is known to be so before etcd tells of it. */
  apply(kv: Pick<KeyValue, 'key' | 'value' | 'modRevision'>): void {
    this.#set(kv)
    this.#onChange()
  }

  async #keepWatching(start: number, signal: AbortSignal): Promise<void> {
    let revision = start
    while (!signal.aborted) {
      const request = { ...this.#keys.nodes, startRevision: revision + 1 }
      await watch(this.#connection, request, (events) => this.#heard(events), signal)
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
      revision = await this.#look(Number.POSITIVE_INFINITY, signal).catch(() => revision)
    }
  }

  /** What was missed between two watches is in the keys that are there now. */
  async #look(until: number, signal: AbortSignal): Promise<number> {
    const { kvs, header } = await this.#connection.call('KV.Range', this.#keys.nodes, { until, signal })
    this.#members = new Map()
    this.#leader = undefined
    for (const kv of kvs) this.#set(kv)
    this.#onChange()
    return header.revision
  }

  #heard(events: readonly { readonly type: number; readonly kv: KeyValue }[]): void {
    for (const { type, kv } of events) {
      if (type !== DELETED) this.#set(kv)
      else if (kv.key.equals(this.#keys.leader)) this.#leader = undefined
      else this.#members.delete(this.#keys.nodeOf(kv.key))
    }
    this.#onChange()
  }

  #set({ key, value, modRevision }: Pick<KeyValue, 'key' | 'value' | 'modRevision'>): void {
    const said = parse(value)
    if (typeof said?.id !== 'string') return
    if (key.equals(this.#keys.leader)) this.#leader = { id: said.id, term: modRevision }
    else this.#members.set(said.id, said)
  }
}

/** Whatever somebody else has put there is no node. */
function parse(value: Buffer) {
  try {
    return JSON.parse(value.toString())
  } catch {
    return undefined
  }
}
