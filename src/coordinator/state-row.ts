import type { ChassisRow } from '../chassis/state.js'
import type { GovernorRow } from '../governor/state.js'
import type { BlockerRow } from '../model/blocker.js'
import type { Message } from '../model/message.js'
import type { TokenRow } from '../model/principal.js'
import type { SwarmRow } from '../model/swarm.js'
import type { TaskRow } from '../model/task.js'

/** Messages of one reader, oldest first. */
export interface Inbox {
  readonly reader: string
  readonly messages: readonly Message[]
  /** Index of the last message dealt with, as far as the log knows; -1 before the first. */
  readonly acknowledged: number
  readonly dropped: number
}

/** Where the last row of a finished task that left memory can be read. */
export interface ArchivedTask {
  readonly id: string
  readonly state: 'completed' | 'cancelled'
  readonly index: number
}

/** A row of any table, as a snapshot holds it. */
export type StateRow =
  | { readonly table: 'task'; readonly row: TaskRow }
  | { readonly table: 'swarm'; readonly row: SwarmRow }
  | { readonly table: 'blocker'; readonly row: BlockerRow }
  | { readonly table: 'inbox'; readonly row: Inbox }
  | { readonly table: 'archived'; readonly row: ArchivedTask }
  | { readonly table: 'token'; readonly row: TokenRow }
  | GovernorRow
  | ChassisRow
