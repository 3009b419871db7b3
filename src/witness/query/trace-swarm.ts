import type { LoggedEntry } from './facts.js'
import { Nesting } from './trace-nesting.js'
import { blockerOf, endsClaim, epochOf, holderOf } from './trace-relations.js'
import { type Story, unfollowedText } from './trace-task.js'
import { GrowingTree } from './trace-tree.js'
import { counted, named } from './trace-words.js'

/** Written for the fabric itself: they tell nothing that other entries do not. */
const QUIET: ReadonlySet<string> = new Set(['command_received', 'inboxes_acknowledged'])

interface SwarmClaim {
  readonly task: string
  ended: boolean
  blocked: boolean
}

/** The claims of a swarm by their epochs. */
function claimsOf(id: string, entries: readonly LoggedEntry[]): Map<number, SwarmClaim> {
  const claims = new Map<number, SwarmClaim>()
  for (const entry of entries) {
    if (entry.type === 'task_claimed' && holderOf(entry) === id) {
      claims.set(entry.index, { task: entry.subject, ended: false, blocked: false })
    }
    const claim = claims.get(epochOf(entry) ?? -1)
    if (claim === undefined) continue
    claim.ended ||= endsClaim(entry)
    claim.blocked ||= entry.type === 'blocker_raised'
  }
  return claims
}

/** Tasks whose own entries say more of the swarm's claims: help that others gave, and how those ended that it did not end. */
export function tasksToRead(id: string, { entries }: Story): string[] {
  const open = [...claimsOf(id, entries).values()].filter(({ ended, blocked }) => blocked || !ended)
  return [...new Set(open.map(({ task }) => task))]
}

/** What a swarm did and what was done to it. `tasks` has the stories of `tasksToRead`, as far as they were read. */
export function swarmTree(id: string, own: Story, tasks: ReadonlyMap<string, Story>): GrowingTree {
  const claims = claimsOf(id, own.entries)
  const tree = new GrowingTree(headline(id, own.entries, claims.size))
  const nesting = new Nesting(tree, { branch: tree.root, about: [id] })
  const cancelled = cancellations(own.entries, tasks, claims)
  const shown = own.entries.filter(({ type }) => !QUIET.has(type))
  for (const entry of merge(shown, [...cancelled.keys(), ...helpOf(own.entries, tasks)])) {
    const epoch = cancelled.get(entry)
    nesting.place(entry, epoch === undefined ? {} : { epoch })
  }
  const quiet = own.entries.length - shown.length
  if (quiet > 0)
    tree.line(tree.root, `${quiet} more: answers that were kept for repeated commands, and inboxes that were read`)
  if (own.unreadFrom !== undefined) {
    tree.gap(tree.root, `not shown: entries of ${named(id)} from #${own.unreadFrom} on, there are too many`)
  }
  if (own.unfollowed !== undefined) tree.gap(tree.root, unfollowedText(own.unfollowed))
  const unread = tasksToRead(id, own).filter((task) => tasks.get(task)?.unreadFrom !== undefined || !tasks.has(task))
  if (unread.length > 0) {
    tree.gap(tree.root, `not shown: what others did to ${counted(unread.length, 'claimed task')}, there are too many`)
  }
  return tree
}

function headline(id: string, entries: readonly LoggedEntry[], claims: number): string {
  const last = entries.findLast(({ type, subject }) => type.startsWith('swarm_') && subject === id)
  const state = last === undefined ? 'never registered' : last.type === 'swarm_retired' ? 'retired' : 'active'
  return `swarm ${named(id)}: ${state}, ${counted(claims, 'claim')}`
}

/** Cancelling ends a live claim without naming it: the entry by the epoch that it ended. */
function cancellations(
  own: readonly LoggedEntry[],
  tasks: ReadonlyMap<string, Story>,
  claims: ReadonlyMap<number, SwarmClaim>,
): Map<LoggedEntry, number> {
  const found = new Map<LoggedEntry, number>()
  const known = new Set(own.map(({ index }) => index))
  for (const { entries } of tasks.values()) {
    let live: number | undefined
    for (const entry of entries) {
      const { type, index } = entry
      if (type === 'task_cancelled' && live !== undefined && claims.has(live) && !known.has(index)) {
        found.set(entry, live)
      }
      if (endsClaim(entry)) live = undefined
      if (type === 'task_claimed') live = index
    }
  }
  return found
}

/** What others did about the blockers of the swarm. */
function helpOf(own: readonly LoggedEntry[], tasks: ReadonlyMap<string, Story>): LoggedEntry[] {
  const raised = own.filter(({ type }) => type === 'blocker_raised')
  const blockers = new Set(raised.map(({ subject }) => subject))
  const known = new Set(own.map(({ index }) => index))
  const others = [...tasks.values()].flatMap(({ entries }) => entries)
  return others.filter((entry) => blockers.has(blockerOf(entry) ?? '') && !known.has(entry.index))
}

function merge(entries: readonly LoggedEntry[], others: readonly LoggedEntry[]): LoggedEntry[] {
  return [...entries, ...others].sort((one, other) => one.index - other.index)
}
