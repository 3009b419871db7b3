import { isFabricError } from '../../model/errors.js'
import type { Claim } from './claim.js'
import { isFatal, isTaken, persist, type WorkContext } from './context.js'
import { GiveUpError, reasonOf } from './end.js'
import type { WorkEnd, WorkResult } from './options.js'

/** What became of a handler. `overdue`: it did not end after its worker stopped. */
export type Outcome =
  | { readonly kind: 'returned'; readonly result: WorkResult }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'overdue' }

export const OVERDUE = 'its handler did not end when the worker stopped'

type Ending = Pick<WorkEnd, 'outcome' | 'reason'>

/** Says the last word of a claim, under heartbeats until it is said. Throws what ends the worker. */
export async function settle(context: WorkContext, claim: Claim, outcome: Outcome): Promise<WorkEnd> {
  const about = { task: claim.granted.task.id, epoch: claim.granted.epoch }
  try {
    await claim.settleUsage()
    return { ...about, ...(await lastWord(context, claim, outcome)) }
  } catch (error) {
    if (isFatal(error)) throw error
    if (!isTaken(error)) context.problem('word', error, about.task)
    return { ...about, outcome: 'lost', reason: reasonOf(error) }
  } finally {
    claim.close()
  }
}

async function lastWord(context: WorkContext, claim: Claim, outcome: Outcome): Promise<Ending> {
  if (claim.end?.why === 'taken') return { outcome: 'lost', reason: claim.end.reason }
  if (outcome.kind === 'returned') return complete(context, claim, outcome.result)
  if (outcome.kind === 'overdue') return release(context, claim, OVERDUE)
  // Work that was told to end says nothing about the task.
  if (claim.signal.aborted) return release(context, claim, reasonOf(claim.signal.reason))
  return fail(context, claim, reasonOf(outcome.error), !(outcome.error instanceof GiveUpError))
}

async function complete(context: WorkContext, claim: Claim, result: WorkResult): Promise<Ending> {
  const { evidence, summary } = result
  try {
    await say(context, claim, (options) => context.client.task.complete({ ...claim.word, evidence, summary }, options))
    return { outcome: 'completed' }
  } catch (error) {
    if (isTaken(error) || isFatal(error) || !isFabricError(error) || error.retryable) throw error
    // The task cannot be completed with this; the next attempt may have a result that can.
    return fail(context, claim, `its result was refused: ${error.message}`, true)
  }
}

async function fail(context: WorkContext, claim: Claim, reason: string, retry: boolean): Promise<Ending> {
  const note = reasonOf(reason)
  await say(context, claim, (options) => context.client.task.fail({ ...claim.word, reason: note, retry }, options))
  return { outcome: 'failed', reason: note }
}

async function release(context: WorkContext, claim: Claim, note: string): Promise<Ending> {
  await say(context, claim, (options) => context.client.task.release({ ...claim.word, note }, options))
  return { outcome: 'released', reason: note }
}

function say<Answer>(context: WorkContext, claim: Claim, call: Parameters<typeof persist<Answer>>[2]): Promise<Answer> {
  return persist(context, { during: 'word', task: claim.granted.task.id }, call)
}
