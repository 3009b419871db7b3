import type { HoldRow } from '../model/budget.js'
import type { CoordinatorDraft } from './entries.js'
import type { StopSignal } from './replies.js'
import type { FabricState } from './state.js'

/** Appends the entries that end the help of all who spend from a hold, once it is spent. */
export function endHelp(state: FabricState, { id, task }: HoldRow, reason: string, entries: CoordinatorDraft[]): void {
  for (const subject of state.blockersOf.get(task)) {
    const blocker = state.blockers.get(subject)
    if (blocker === undefined || blocker.state === 'resolved' || (blocker.hold ?? subject) !== id) continue
    for (const { swarm, state: answer } of blocker.helpers) {
      if (answer === 'declined') continue
      entries.push({ type: 'help_declined', subject, data: { task, swarm, reason, cause: 'budget_spent' } })
    }
  }
}

/** What a helper is told when its help has ended. */
export function helpStopOf(state: FabricState, task: string, epoch: number): StopSignal | undefined {
  for (const id of state.blockersOf.get(task)) {
    const blocker = state.blockers.get(id)
    const helper = blocker?.helpers.find((one) => one.epoch === epoch)
    if (helper?.state === 'accepted' && blocker?.state !== 'resolved') return undefined
  }
  return { reason: 'Your help has ended. Stop this work, report what it cost, and ask for the next task.' }
}
