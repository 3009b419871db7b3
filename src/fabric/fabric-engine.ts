import type { CommandOf, CommandType, Replies } from '../coordinator/commands.js'
import type { FabricState } from '../coordinator/state.js'
import type { FabricError } from '../model/errors.js'
import type { EngineNote } from './command-batch.js'
import type { Origin } from './fabric.js'
import type { Fold } from './fold.js'
import type { Meter } from './meter.js'
import type { Publisher } from './publisher.js'
import type { Refusal } from './refusals.js'
import type { ChangeListener } from './replica.js'
import type { Witnessing } from './witnessing.js'

export type EngineState = 'running' | 'recovering' | 'failed' | 'closed'

/** What a fabric is built on: the engine that owns its journal, or a node that shares it with others. */
export interface FabricEngine {
  readonly state: EngineState
  readonly name: string
  readonly publisher: Publisher
  readonly meter: Meter
  readonly witnessing: Witnessing | undefined
  /** Resolves when it has stopped for good and needs a new start; a close is not that. */
  readonly failed: Promise<FabricError>
  /** Commands that wait for their batch. */
  readonly queued: number

  /** Resolves with the reply when everything the command led to is durable. Throws a coded `FabricError`. */
  submit<Type extends CommandType>(command: CommandOf<Type>, origin: Origin): Promise<Replies[Type]>

  /** Writes entries of the fabric's own in their turn; resolves with the index of the first when they are durable. */
  note(decide: EngineNote['decide'], origin: Origin): Promise<number>

  noteRefusal(refusal: Refusal): Promise<void>

  /** Throws UNAVAILABLE when the state may be older than it may be shown. */
  requireFresh(): void

  /** Reads the state as it is now, also what is not durable yet. */
  peek<Result>(query: (state: FabricState, now: number) => Result): Result

  /** Runs a query that sees only what is durable. */
  read<Result>(query: (state: FabricState, now: number) => Result): Promise<Result>
  readFold<Result>(query: (fold: Fold) => Result): Promise<Result>

  /** Calls `listener` after every commit and after every rebuild. Returns what ends it. */
  onChange(listener: ChangeListener): () => void

  snapshot(): Promise<number>
  close(): Promise<void>
}
