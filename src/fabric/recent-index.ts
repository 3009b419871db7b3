import type { Entry } from '../model/entry.js'
import { ENTRY_KINDS } from '../witness/query/entry-kinds.js'
import { relate } from '../witness/query/facts.js'
import type { EntryInterest } from './interest.js'

type Places = Map<string, number[]>

/**
 * What the newest entries concern. Ten thousand readers who come back at once after a restart find their entries in it,
 * where each would otherwise look through all of them. It is made when somebody asks, and only for what is new since then.
 */
export class RecentIndex {
  #bySwarm: Places = new Map()
  #byTask: Places = new Map()
  /** Index of the first entry it has, and of the first that it does not have yet. */
  #first = 0
  #next = 0

  /**
   * Indexes of entries that may be of interest, rising, of `recent`, whose first has the index `first`; undefined for an
   * interest that names neither swarms nor tasks.
   */
  find(recent: readonly Entry[], first: number, { swarms, tasks }: EntryInterest): readonly number[] | undefined {
    const names = swarms ?? tasks
    if (names === undefined) return undefined
    this.#catchUp(recent, first)
    const places = swarms === undefined ? this.#byTask : this.#bySwarm
    const found = new Set<number>()
    for (const name of names) for (const index of places.get(name) ?? []) found.add(index)
    return names.size === 1 ? [...found] : [...found].sort((a, b) => a - b)
  }

  #catchUp(recent: readonly Entry[], first: number): void {
    // Others have taken the place of those it has; that happens once in thousands of entries.
    if (first !== this.#first) {
      this.#bySwarm = new Map()
      this.#byTask = new Map()
      this.#first = first
      this.#next = first
    }
    for (const entry of recent.slice(this.#next - first)) {
      relate(entry, ENTRY_KINDS.get(entry.type), {
        swarm: (id) => add(this.#bySwarm, id, entry.index),
        task: (id) => add(this.#byTask, id, entry.index),
        escalation: () => undefined,
      })
    }
    this.#next = first + recent.length
  }
}

function add(places: Places, name: string, index: number): void {
  const known = places.get(name)
  if (known === undefined) places.set(name, [index])
  else if (known.at(-1) !== index) known.push(index)
}
