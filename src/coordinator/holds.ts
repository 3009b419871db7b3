import { taskAccount } from '../governor/budget/books.js'
import type { BlockerRow } from '../model/blocker.js'
import type { TaskRow } from '../model/task.js'
import type { FabricState } from './state.js'

/** Id of the hold of a claim. */
export function claimHold(epoch: number | ''): string {
  return `claim-${epoch}`
}

/** The hold of a claim ends with it, whatever ended it, and so does that of the help with it. */
export function endClaimHold(state: FabricState, before: TaskRow | undefined, row: TaskRow): void {
  const { claim } = before ?? {}
  if (claim === undefined || claim.epoch === row.claim?.epoch) return
  const wasted = row.state !== 'completed'
  releaseHold(state, claimHold(claim.epoch), row.updatedAt, wasted)
  settleBudgetQuestions(state, row.id, row.updatedAt)
  for (const blocker of state.blockersOf.get(row.id)) {
    const hold = state.blockers.get(blocker)?.hold
    if (hold !== undefined) releaseHold(state, hold, row.updatedAt, wasted)
  }
}

/** Whether a claim, or the help with it, may spend more needs no answer once it has ended. */
function settleBudgetQuestions(state: FabricState, task: string, at: number): void {
  for (const account of [taskAccount('claim', task), taskAccount('help', task)]) {
    for (const id of [...state.governor.budgetQuestions.get(account)]) {
      const question = state.governor.escalations.get(id)
      if (question !== undefined) state.putEscalation({ ...question, state: 'settled', endedAt: at })
    }
  }
}

/**
 * The hold for help ends with the last blocker whose helpers spend from it. Where the blocker ends with its claim, what
 * becomes of the claim says whether the help was wasted.
 */
export function endHelpHold(state: FabricState, { hold, task, resolvedAt = 0 }: BlockerRow): void {
  if (hold === undefined) return
  const others = [...state.blockersOf.get(task)].map((id) => state.blockers.get(id))
  if (others.some((other) => other?.hold === hold && other.state !== 'resolved')) return
  releaseHold(state, hold, resolvedAt, false)
}

function releaseHold(state: FabricState, id: string, at: number, wasted: boolean): void {
  const hold = state.governor.books.holds.get(id)
  if (hold === undefined) return
  state.governor.books.release(id, at, wasted)
  // The account of the task itself makes room for nobody else.
  const own = taskAccount(hold.kind, hold.task)
  if (hold.accounts.some((account) => account !== own)) state.news.room.add(id)
}
