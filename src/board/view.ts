import type { BlockerRow } from '../model/blocker.js'
import type { SwarmRow } from '../model/swarm.js'
import type { TaskRow } from '../model/task.js'

/** A board as it stands at one moment: what exports are made of. */
export interface BoardView {
  readonly board: string
  /** Milliseconds since the Unix epoch, UTC. */
  readonly generatedAt: number
  readonly tasks: readonly TaskRow[]
  readonly swarms: readonly SwarmRow[]
  /** Open blockers, to say what a swarm waits for; without them only their ids are known. */
  readonly blockers?: readonly BlockerRow[]
}
