import { compareIds } from '../../model/ids.js'
import { tierSuffices } from '../match.js'
import { byHead } from './by-head.js'
import { compareFor, compareWorths, type Worth } from './score.js'
import { SortedList } from './sorted-list.js'

/** What the index has to know of a swarm. */
export interface Member extends Worth {
  /** Those that count: see `effectiveCapabilities`. */
  readonly capabilities: readonly string[]
  readonly tier?: string
}

/** What work asks for; a task is one. */
export interface Wanted {
  readonly requires: readonly string[]
  /** Least tier, or several that all have to be met. */
  readonly tier?: string | readonly string[]
  /** Least reputation; 0 when absent. */
  readonly minReputation?: number
}

export interface MatchBounds {
  /** Least part of the needed capabilities, 0 to 1. */
  readonly minMatch: number
  /** Model tiers from the smallest to the largest. */
  readonly tiers: readonly string[]
}

export interface Found {
  readonly id: string
  readonly match: number
}

/** Members with the same capabilities and tier: one that qualifies means that all do, but for their reputation. */
interface Group {
  readonly key: string
  /** Its place in `#groups` and in postings. */
  readonly slot: number
  readonly capabilities: readonly string[]
  readonly tier: string | undefined
  readonly members: SortedList<Worth>
}

interface Place {
  readonly group: Group
  readonly worth: Worth
}

/**
 * Finds the best swarm for a piece of work without looking at all of them. Members lie in groups, best first; each
 * capability knows the groups that have it; and a query counts over the capabilities it needs. What changes all the
 * time (busy, breaker open) is not in here: queries ask `isOut`.
 */
export class SwarmIndex {
  readonly #places = new Map<string, Place>()
  readonly #groupOf = new Map<string, Group>()
  readonly #groups: (Group | undefined)[] = []
  readonly #freeSlots: number[] = []
  readonly #postings = new Map<string, SortedList<number>>()
  /** By slot: how many of the needed capabilities a group has. Valid during one query. */
  #met = new Uint16Array(64)

  get size(): number {
    return this.#places.size
  }

  /** Adds a member, or replaces the one with its id. */
  put({ id, reputation, costPerHourNanos, capabilities, tier }: Member): void {
    const distinct = [...new Set(capabilities)].sort(compareIds)
    const key = JSON.stringify([tier ?? null, distinct])
    const worth = { id, reputation, costPerHourNanos }
    const place = this.#places.get(id)
    if (place?.group.key === key && compareWorths(place.worth, worth) === 0) return
    this.remove(id)
    const group = this.#groupOf.get(key) ?? this.#open(key, distinct, tier)
    group.members.add(worth)
    this.#places.set(id, { group, worth })
  }

  remove(id: string): void {
    const place = this.#places.get(id)
    if (place === undefined) return
    this.#places.delete(id)
    place.group.members.delete(place.worth)
    if (place.group.members.first === undefined) this.#close(place.group)
  }

  /** The best scored member (`compareScores`) that qualifies and is not out. */
  best(wanted: Wanted, bounds: MatchBounds, isOut: (id: string) => boolean): Found | undefined {
    const suits = suitability(wanted, isOut)
    let best: Worth | undefined
    let bestMatch = 0
    this.#eachQualified(wanted, bounds, ({ members }, match) => {
      const isBetter = (worth: Worth) => best === undefined || compareFor(match, worth, bestMatch, best) < 0
      // Most groups end here: their first is not better, whether it is out or not.
      if (!isBetter(members.first as Worth)) return
      const found = members.find(suits)
      if (found === undefined || !isBetter(found)) return
      best = found
      bestMatch = match
    })
    return best && { id: best.id, match: bestMatch }
  }

  /** All members that qualify and are not out, best scored first, as far as somebody asks. No change meanwhile. */
  *inOrder(wanted: Wanted, bounds: MatchBounds, isOut: (id: string) => boolean): Generator<Found, void> {
    const suits = suitability(wanted, isOut)
    const heads: Head[] = []
    this.#eachQualified(wanted, bounds, ({ members }, match) => {
      const worth = members.find(suits)
      if (worth !== undefined) heads.push({ match, worth, members, rest: undefined })
    })
    for (const { worth, match } of byHead(heads, compareHeads, (head) => advance(head, suits))) {
      yield { id: worth.id, match }
    }
  }

  #eachQualified(
    { requires, tier = [] }: Wanted,
    { minMatch, tiers }: MatchBounds,
    visit: (group: Group, match: number) => void,
  ): void {
    const need = new Set(requires)
    const least = leastMet(need.size, minMatch)
    const reached = this.#count(need, least)
    const tierFits = tierCheck([tier].flat(), tiers)
    for (const slot of least === 0 ? this.#groups.keys() : reached) {
      const group = this.#groups[slot]
      if (group === undefined || !tierFits(group.tier)) continue
      visit(group, need.size === 0 ? 1 : (this.#met[slot] as number) / need.size)
    }
  }

  /** Counts into `#met` and returns the slots with `least` of the needed capabilities. */
  #count(need: ReadonlySet<string>, least: number): number[] {
    const met = this.#met.fill(0)
    const reached: number[] = []
    for (const capability of need) {
      for (const slots of this.#postings.get(capability)?.chunks ?? []) {
        for (const slot of slots) {
          const count = (met[slot] as number) + 1
          met[slot] = count
          if (count === least) reached.push(slot)
        }
      }
    }
    return reached
  }

  #open(key: string, capabilities: readonly string[], tier: string | undefined): Group {
    const slot = this.#freeSlots.pop() ?? this.#groups.length
    const group = { key, slot, capabilities, tier, members: new SortedList(compareWorths) }
    this.#groups[slot] = group
    this.#groupOf.set(key, group)
    if (slot >= this.#met.length) this.#met = new Uint16Array(2 * this.#met.length)
    for (const capability of capabilities) {
      let posting = this.#postings.get(capability)
      if (posting === undefined) {
        posting = new SortedList((a: number, b: number) => a - b)
        this.#postings.set(capability, posting)
      }
      posting.add(slot)
    }
    return group
  }

  #close({ key, slot, capabilities }: Group): void {
    this.#groupOf.delete(key)
    this.#groups[slot] = undefined
    this.#freeSlots.push(slot)
    for (const capability of capabilities) {
      const posting = this.#postings.get(capability)
      posting?.delete(slot)
      if (posting?.first === undefined) this.#postings.delete(capability)
    }
  }
}

/** How many of `needed` capabilities are at least `minMatch` of them. */
function leastMet(needed: number, minMatch: number): number {
  let met = 0
  while (needed > 0 && met / needed < minMatch) met += 1
  return met
}

/** Groups have few different tiers: each is judged once. */
function tierCheck(needed: readonly string[], tiers: readonly string[]): (tier: string | undefined) => boolean {
  if (needed.length === 0) return () => true
  const known = new Map<string | undefined, boolean>()
  return (tier) => {
    let fits = known.get(tier)
    if (fits === undefined) {
      fits = needed.every((one) => tierSuffices(tier, one, tiers))
      known.set(tier, fits)
    }
    return fits
  }
}

function suitability({ minReputation = 0 }: Wanted, isOut: (id: string) => boolean): (worth: Worth) => boolean {
  return ({ id, reputation }) => reputation >= minReputation && !isOut(id)
}

/** How far the members of one group were taken. */
interface Head {
  readonly match: number
  readonly members: SortedList<Worth>
  worth: Worth
  rest: IterableIterator<Worth> | undefined
}

function compareHeads(a: Head, b: Head): number {
  return compareFor(a.match, a.worth, b.match, b.worth)
}

/** Goes to the next member that suits. Most heads never get here, so that the walk begins only now. */
function advance(head: Head, suits: (worth: Worth) => boolean): boolean {
  const before = head.rest === undefined ? head.worth : undefined
  head.rest ??= head.members[Symbol.iterator]()
  let isBehind = before === undefined
  for (let next = head.rest.next(); next.done !== true; next = head.rest.next()) {
    if (isBehind && suits(next.value)) {
      head.worth = next.value
      return true
    }
    isBehind ||= next.value === before
  }
  return false
}
