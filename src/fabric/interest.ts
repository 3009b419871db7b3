import type { Entry } from '../model/entry.js'
import { ENTRY_KINDS } from '../witness/query/entry-kinds.js'
import { relate } from '../witness/query/facts.js'

/** Which entries somebody wants to hear of. Of each list that is given, an entry must match one name. */
export interface EntryInterest {
  /** Swarms and tasks that the entry concerns, as queries of the witness have it. */
  readonly swarms?: ReadonlySet<string>
  readonly tasks?: ReadonlySet<string>
  /** Names of entries, such as `task_claimed`. */
  readonly types?: ReadonlySet<string>
}

export function isInterested(interest: EntryInterest, entry: Entry): boolean {
  const { swarms, tasks, types } = interest
  if (types !== undefined && !types.has(entry.type)) return false
  if (swarms === undefined && tasks === undefined) return true
  let bySwarm = swarms === undefined
  let byTask = tasks === undefined
  relate(entry, ENTRY_KINDS.get(entry.type), {
    swarm: (id) => {
      bySwarm ||= swarms?.has(id) === true
    },
    task: (id) => {
      byTask ||= tasks?.has(id) === true
    },
    escalation: () => undefined,
  })
  return bySwarm && byTask
}

/** Somebody who waits for the next entry that they are interested in; without an interest, for any. */
export interface Waker {
  readonly interest: EntryInterest | undefined
  /** The entry at `index` is the first of interest since it waits. */
  wake(index: number): void
}

type Names = Map<string, Set<Waker>>

/**
 * Those who wait, by what they wait for, so that an entry finds whom it concerns without asking everybody. Each stands
 * under the names of one of its lists; what else it asks for is held against the entries that this finds.
 */
export class Wakers {
  readonly #any = new Set<Waker>()
  readonly #bySwarm: Names = new Map()
  readonly #byTask: Names = new Map()
  readonly #byType: Names = new Map()

  add(waker: Waker): void {
    const place = this.#placeOf(waker)
    if (place === undefined) {
      this.#any.add(waker)
      return
    }
    for (const name of place.names) {
      const others = place.index.get(name)
      if (others === undefined) place.index.set(name, new Set([waker]))
      else others.add(waker)
    }
  }

  remove(waker: Waker): void {
    const place = this.#placeOf(waker)
    if (place === undefined) this.#any.delete(waker)
    else for (const name of place.names) forget(place.index, name, waker)
  }

  /** Wakes whom these entries concern, each with the first that does. Whoever is woken removes itself. */
  wake(entries: readonly Entry[]): void {
    const first = entries[0]
    if (first === undefined) return
    for (const waker of [...this.#any]) waker.wake(first.index)
    if (this.#bySwarm.size + this.#byTask.size + this.#byType.size === 0) return
    for (const entry of entries) this.#wakeFor(entry)
  }

  /** Wakes everybody, as if everything concerned them. */
  wakeAll(index: number): void {
    const named = [this.#bySwarm, this.#byTask, this.#byType].flatMap((names) => [...names.values()])
    for (const waker of new Set([...this.#any, ...named.flatMap((wakers) => [...wakers])])) waker.wake(index)
  }

  #wakeFor(entry: Entry): void {
    const found = new Set<Waker>(this.#byType.get(entry.type))
    const add = (wakers: ReadonlySet<Waker> | undefined) => {
      for (const waker of wakers ?? []) found.add(waker)
    }
    relate(entry, ENTRY_KINDS.get(entry.type), {
      swarm: (id) => add(this.#bySwarm.get(id)),
      task: (id) => add(this.#byTask.get(id)),
      escalation: () => undefined,
    })
    for (const waker of found) if (isInterested(waker.interest ?? {}, entry)) waker.wake(entry.index)
  }

  #placeOf({ interest }: Waker): { readonly index: Names; readonly names: ReadonlySet<string> } | undefined {
    if (interest?.swarms !== undefined) return { index: this.#bySwarm, names: interest.swarms }
    if (interest?.tasks !== undefined) return { index: this.#byTask, names: interest.tasks }
    return interest?.types && { index: this.#byType, names: interest.types }
  }
}

function forget(index: Names, name: string, waker: Waker): void {
  const others = index.get(name)
  if (others?.delete(waker) === true && others.size === 0) index.delete(name)
}
