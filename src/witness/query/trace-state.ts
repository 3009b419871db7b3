import type { LoggedEntry } from './facts.js'
import { blockerOf, dependenciesOf, fieldsOf, isSpec } from './trace-relations.js'
import { named, namedAll, optional, quoted } from './trace-words.js'

/** What the entries of one task add up to. */
export interface TaskOutcome {
  /** `open` is everything between two claims. */
  readonly state: 'unknown' | 'open' | 'claimed' | 'completed' | 'failed' | 'cancelled'
  readonly title?: unknown
  /** Swarm and epoch of the claim that is live, or that completed it. */
  readonly swarm?: unknown
  readonly epoch?: unknown
  readonly dependencies: readonly string[]
  readonly external: boolean
  /** Waits for the end of a backoff. */
  readonly resting: boolean
  /** The live claim has spent its budget. */
  readonly stopped: boolean
  readonly openBlockers: ReadonlySet<string>
}

const UNKNOWN: TaskOutcome = {
  state: 'unknown',
  dependencies: [],
  external: false,
  resting: false,
  stopped: false,
  openBlockers: new Set(),
}

export function outcomeOf(entries: readonly LoggedEntry[]): TaskOutcome {
  return entries.reduce(afterEntry, UNKNOWN)
}

function afterEntry(outcome: TaskOutcome, entry: LoggedEntry): TaskOutcome {
  const { swarm, epoch, title, external, retryAt } = fieldsOf(entry)
  if (isSpec(entry)) {
    const state = outcome.state === 'unknown' ? 'open' : outcome.state
    return { ...outcome, state, title, dependencies: dependenciesOf(entry), external: external === true }
  }
  const { swarm: _, epoch: __, ...rest } = { ...outcome, resting: false, stopped: false }
  switch (entry.type) {
    case 'task_claimed':
      return { ...rest, state: 'claimed', swarm, epoch: entry.index }
    case 'task_released':
    case 'task_retried':
    case 'task_unblocked':
      return { ...rest, state: 'open' }
    case 'task_attempt_failed':
      return { ...rest, state: 'open', resting: retryAt !== undefined }
    case 'task_failed':
      return { ...rest, state: 'failed' }
    case 'task_completed':
      return { ...rest, state: 'completed', swarm, epoch }
    case 'task_cancelled':
      return { ...rest, state: 'cancelled' }
    case 'claim_stopped':
    case 'claim_resumed':
      return { ...outcome, stopped: entry.type === 'claim_stopped' }
    default:
      return { ...outcome, openBlockers: blockersAfter(outcome.openBlockers, entry) }
  }
}

function blockersAfter(open: ReadonlySet<string>, entry: LoggedEntry): ReadonlySet<string> {
  const blocker = blockerOf(entry)
  if (blocker === undefined) return open
  if (entry.type === 'blocker_raised') return new Set([...open, blocker])
  return entry.type === 'blocker_resolved' ? new Set([...open].filter((id) => id !== blocker)) : open
}

/** `API-2 "Title": completed by claude-1 under epoch 13`. `outcomes` has what is known of other tasks. */
export function headline(id: string, outcome: TaskOutcome, outcomes: (id: string) => TaskOutcome | undefined): string {
  return `${named(id)}${optional(' ', outcome.title, quoted)}: ${stateText(outcome, outcomes)}`
}

function stateText(outcome: TaskOutcome, outcomes: (id: string) => TaskOutcome | undefined): string {
  const { state, swarm, epoch, external, resting, stopped, dependencies, openBlockers } = outcome
  const claim = `${optional(' by ', swarm, named)}${optional(' under epoch ', epoch, String)}`
  if (state === 'unknown') return 'never created'
  if (state === 'claimed') {
    return `claimed${claim}${stopped ? ', stopped' : ''}${optional(', stuck on ', namedAll([...openBlockers]), String)}`
  }
  if (state !== 'open') return `${state}${claim}`
  const waitsFor = dependencies.filter((dependency) => {
    const known = outcomes(dependency)
    return known !== undefined && known.state !== 'completed'
  })
  if (waitsFor.length > 0) return `waiting for ${namedAll(waitsFor)}`
  if (external) return 'outside this fabric, not done'
  if (resting) return 'waiting for the end of its backoff'
  return dependencies.every((dependency) => outcomes(dependency) !== undefined) ? 'available' : 'open'
}
