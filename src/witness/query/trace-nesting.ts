import { actorSwarm } from '../../model/entry.js'
import type { LoggedEntry } from './facts.js'
import { blockerOf, epochOf, escalationOf, fieldsOf, holderOf, isSpec, taskOf } from './trace-relations.js'
import { namesOf, textOf } from './trace-text.js'
import type { Branch, GrowingTree } from './trace-tree.js'

/** A line, and the names that go without saying below it. */
export interface Place {
  readonly branch: Branch
  readonly about: readonly string[]
}

/**
 * Puts entries, given in log order, under what they follow from: the question they answer, the blocker they are about,
 * the claim or help whose epoch they carry, the import that caused them, else the root.
 */
export class Nesting {
  readonly #tree: GrowingTree
  readonly #root: Place
  readonly #imports: readonly LoggedEntry[]
  readonly #importPlaces = new Map<number, Place>()
  /** Claims, and the help of swarms. */
  readonly #epochs = new Map<number, Place>()
  /** The last claim of a swarm on a task: what names only these two belongs there. */
  readonly #lastClaims = new Map<string, Place>()
  readonly #blockers = new Map<string, Place>()
  readonly #escalations = new Map<string, Place>()
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
    this.#remember(entry, { branch, about: [...about, ...namesOf(entry)] })
    return branch
  }

  #placeFor(entry: LoggedEntry, epoch: number | undefined): Place {
    return (
      this.#escalations.get(escalationOf(entry) ?? '') ??
      this.#blockers.get(blockerOf(entry) ?? '') ??
      (epoch === undefined ? undefined : this.#epochs.get(epoch)) ??
      this.#lastClaim(entry) ??
      this.#completionBehind(entry) ??
      this.#importOf(entry) ??
      this.#root
    )
  }

  #lastClaim(entry: LoggedEntry): Place | undefined {
    if (!NAMES_NO_EPOCH.has(entry.type)) return undefined
    return this.#lastClaims.get(claimKey(taskOf(entry), holderOf(entry) ?? actorSwarm(entry.actor)))
  }

  /** Completing a task unblocks others in the same commit. */
  #completionBehind(entry: LoggedEntry): Place | undefined {
    const completion = this.#completion
    if (entry.type !== 'task_unblocked' || completion === undefined) return undefined
    return isOneCall(completion.entry, entry) ? completion.place : undefined
  }

  /** The line of the import that a description of a task came with. */
  #importOf(entry: LoggedEntry): Place | undefined {
    if (!isSpec(entry)) return undefined
    const cause = this.#imports.findLast((one) => one.index < entry.index && brings(one, entry))
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
    if (type === 'task_claimed' || type === 'help_accepted') this.#epochs.set(index, place)
    if (type === 'task_claimed') {
      this.#lastClaims.set(claimKey(subject, holderOf(entry)), place)
    }
    if (type === 'escalation_opened') this.#escalations.set(subject, place)
    if (type === 'task_completed') this.#completion = { entry, place }
    const isAsked = type === 'help_requested' && !this.#blockers.has(subject)
    if (type === 'blocker_raised' || isAsked) this.#blockers.set(subject, place)
  }
}

/** They are about the claim of a swarm on a task, and may come after its end. */
const NAMES_NO_EPOCH: ReadonlySet<string> = new Set(['request_refused', 'budget_frozen', 'escalation_opened'])

/** Whether a description is among the entries of an import: at most two for each task that it changed, right after it. */
function brings(one: LoggedEntry, spec: LoggedEntry): boolean {
  const { created, updated, completed } = fieldsOf(one)
  const reach = 2 * (Number(created) + Number(updated) + Number(completed))
  return one.subject === fieldsOf(spec).board && isOneCall(one, spec) && spec.index <= one.index + reach
}

/** Entries of one command have one time, one actor and one trace. */
function isOneCall(one: LoggedEntry, other: LoggedEntry): boolean {
  return one.at === other.at && one.actor === other.actor && one.traceparent === other.traceparent
}

function claimKey(task: string | undefined, swarm: string | undefined): string {
  return `${task} ${swarm}`
}
