import { actorSwarm } from '../../model/entry.js'
import type { LoggedEntry } from './facts.js'
import { blockerOf, epochOf, fieldsOf, holderOf, isSpec, taskOf } from './trace-relations.js'
import { textOf } from './trace-text.js'
import type { Branch, GrowingTree } from './trace-tree.js'

/** A line, and the names that go without saying below it. */
export interface Place {
  readonly branch: Branch
  readonly about: readonly string[]
}

/**
 * Puts entries, given in log order, under what they follow from: the claim whose epoch they carry, the blocker they
 * are about, the import that caused them, else the root.
 */
export class Nesting {
  readonly #tree: GrowingTree
  readonly #root: Place
  readonly #imports: readonly LoggedEntry[]
  readonly #importPlaces = new Map<number, Place>()
  readonly #claims = new Map<number, Place>()
  /** The last claim of a swarm on a task: a word that comes too late belongs there. */
  readonly #lastClaims = new Map<string, Place>()
  readonly #blockers = new Map<string, Place>()
  readonly #boards = new Map<string, unknown>()
  #completion: { readonly entry: LoggedEntry; readonly place: Place } | undefined

  constructor(tree: GrowingTree, root: Place, imports: readonly LoggedEntry[] = []) {
    this.#tree = tree
    this.#root = root
    this.#imports = imports
  }

  /** `text` and `epoch` replace what the entry says itself. */
  place(
    entry: LoggedEntry,
    { text, epoch = epochOf(entry) }: { text?: string; epoch?: number | undefined } = {},
  ): Branch {
    const { branch: parent, about } = this.#placeFor(entry, epoch)
    const branch = this.#tree.entry(parent, entry, text ?? textOf(entry, about))
    this.#remember(entry, { branch, about: [...about, taskOf(entry) ?? '', blockerOf(entry) ?? ''] })
    return branch
  }

  #placeFor(entry: LoggedEntry, epoch: number | undefined): Place {
    return (
      this.#blockers.get(blockerOf(entry) ?? '') ??
      (epoch === undefined ? undefined : this.#claims.get(epoch)) ??
      this.#lateWord(entry) ??
      this.#completionBehind(entry) ??
      this.#importOf(entry) ??
      this.#root
    )
  }

  #lateWord(entry: LoggedEntry): Place | undefined {
    if (entry.type !== 'request_refused') return undefined
    return this.#lastClaims.get(claimKey(taskOf(entry), holderOf(entry) ?? actorSwarm(entry.actor)))
  }

  /** Completing a task unblocks others in the same commit. */
  #completionBehind(entry: LoggedEntry): Place | undefined {
    const completion = this.#completion
    if (entry.type !== 'task_unblocked' || completion === undefined) return undefined
    return isOneCall(completion.entry, entry) ? completion.place : undefined
  }

  /** The line of the import that was written in the same commit; imports say what boards state of a task. */
  #importOf(entry: LoggedEntry): Place | undefined {
    const task = taskOf(entry)
    if (task === undefined) return undefined
    if (isSpec(entry)) this.#boards.set(task, fieldsOf(entry).board)
    const byBoard = isSpec(entry) || entry.type === 'task_cancelled' || isWithoutClaim(entry)
    const board = this.#boards.get(task)
    if (!byBoard || board === undefined) return undefined
    const cause = this.#imports.findLast(
      (one) => one.subject === board && one.index < entry.index && isOneCall(one, entry),
    )
    if (cause === undefined) return undefined
    const known = this.#importPlaces.get(cause.index)
    if (known !== undefined) return known
    const { branch, about } = this.#root
    const place = { branch: this.#tree.entry(branch, cause, textOf(cause)), about }
    this.#importPlaces.set(cause.index, place)
    return place
  }

  #remember(entry: LoggedEntry, place: Place): void {
    const { type, index, subject } = entry
    if (type === 'task_claimed') {
      this.#claims.set(index, place)
      this.#lastClaims.set(claimKey(subject, holderOf(entry)), place)
    }
    if (type === 'task_completed') this.#completion = { entry, place }
    const isAsked = type === 'help_requested' && !this.#blockers.has(subject)
    if (type === 'blocker_raised' || isAsked) this.#blockers.set(subject, place)
  }
}

function isWithoutClaim(entry: LoggedEntry): boolean {
  return entry.type === 'task_completed' && epochOf(entry) === undefined
}

/** Entries of one command have one time, one actor and one trace. */
function isOneCall(one: LoggedEntry, other: LoggedEntry): boolean {
  return one.at === other.at && one.actor === other.actor && one.traceparent === other.traceparent
}

function claimKey(task: string | undefined, swarm: string | undefined): string {
  return `${task} ${swarm}`
}
