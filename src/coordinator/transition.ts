import type { Entry } from '../model/entry.js'
import type { FabricError } from '../model/errors.js'
import type { CommandOf, CommandType, Replies } from './commands.js'
import type { Deadline } from './deadlines.js'
import type { CoordinatorDraft } from './entries.js'
import type { Policy } from './policy.js'
import type { FabricState } from './state.js'

/** What a decision may know besides the state and the command. */
export interface DecisionContext {
  /** Milliseconds since the Unix epoch; never before the time of the last entry. */
  readonly now: number
  readonly actor: string
  /** Index that the first entry of this decision will get. */
  readonly nextIndex: number
  readonly policy: Policy
  /** Digest of the built-in policy of the governor, for a fabric that was never told another. */
  readonly defaultDigest?: string
}

/** A change that is forgotten at a restart on purpose (see FabricState). */
export type VolatileChange =
  | { readonly kind: 'lease_renewed'; readonly task: string; readonly at: number }
  | { readonly kind: 'inbox_read'; readonly swarm: string; readonly upTo: number; readonly settleAt: number }
  | { readonly kind: 'help_renewed'; readonly blocker: string; readonly swarm: string; readonly at: number }
  | { readonly kind: 'deadlines_passed'; readonly due: readonly Deadline[] }

export interface Decision<Reply> {
  readonly entries: readonly CoordinatorDraft[]
  readonly volatile?: readonly VolatileChange[]
  /** Who spoke, where the command proves it better than the caller says: the epoch names the holder. */
  readonly actor?: string
  /** A part of the command that was refused while the rest was done; recorded as a refusal of the whole would be. */
  readonly refused?: FabricError
  /** Called right after the entries are folded in, before any other command. */
  readonly reply: (state: FabricState) => Reply
}

/** Decides one kind of command. Pure: no I/O, clock or randomness. Refuses by throwing a coded `FabricError`. */
export type Decide<Type extends CommandType> = (
  state: FabricState,
  command: CommandOf<Type>,
  context: DecisionContext,
) => Decision<Replies[Type]>

/** Folds one kind of entry. Never refuses: the entry has happened. */
export type Evolve<OneEntry extends Entry> = (state: FabricState, entry: OneEntry) => void
