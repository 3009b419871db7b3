import type { FabricOperations } from '../client/client.js'
import type { BlockerView, OfferView } from '../client/operation-types.js'
import { isFabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { LiveFacts } from './answer.js'
import type { AgentMemory, ClaimMemory, Outcome } from './memory.js'

export interface Standing {
  readonly memory: AgentMemory
  readonly live: LiveFacts
}

/** How a swarm stands now: its claims without those that ended elsewhere, its messages, and what it may do next. */
export async function standingOf(
  fabric: FabricOperations,
  swarm: string,
  memory: AgentMemory,
  blockers: readonly BlockerView[],
): Promise<Standing> {
  const claims = await liveClaims(fabric, swarm)
  // A file that was never understood belongs to no swarm that the fabric knows.
  if (claims === undefined) return { memory, live: { blockers: [] } }
  const isLive = ({ task, epoch }: ClaimMemory) => claims.get(task) === epoch
  const outcomes: Outcome[] = []
  for (const outcome of memory.outcomes) {
    const isOver = outcome.outcome === 'granted' && claims.get(outcome.task) !== outcome.epoch
    outcomes.push(isOver ? await howItEnded(fabric, swarm, outcome) : outcome)
  }
  const [inbox, offer] = await Promise.all([
    fabric.inbox.read({ swarm, limit: LIMITS.pageItems }),
    offerTo(fabric, swarm),
  ])
  return {
    memory: { ...memory, claims: memory.claims.filter(isLive), outcomes },
    live: { inbox, blockers: blockers.filter((blocker) => blocker.swarm === swarm), ...(offer && { offer }) },
  }
}

/** Task -> epoch. */
async function liveClaims(fabric: FabricOperations, swarm: string): Promise<Map<string, number> | undefined> {
  try {
    const { claims } = await fabric.swarm.show({ swarm })
    return new Map(claims.map(({ task, epoch }) => [task, epoch]))
  } catch (error) {
    if (isFabricError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

async function howItEnded(fabric: FabricOperations, swarm: string, { task }: Outcome): Promise<Outcome> {
  try {
    const { task: row } = await fabric.task.show({ task })
    if (row.state === 'completed' && row.completedBy === swarm) return { task, outcome: 'completed' }
    const holder = row.claim?.swarm
    const reason = holder === undefined ? `it is ${row.state} now` : `held by ${holder}`
    // Claimed anew, but not through git: it is its own word again.
    return holder === swarm
      ? { task, outcome: 'granted', epoch: row.claim?.epoch ?? 0 }
      : { task, outcome: 'lost', reason }
  } catch (error) {
    if (!isFabricError(error, 'NOT_FOUND')) throw error
    return { task, outcome: 'lost', reason: 'there is no such task' }
  }
}

/** Asked for without a claim, so it changes nothing; a swarm whose breaker is open is offered nothing. */
async function offerTo(fabric: FabricOperations, swarm: string): Promise<OfferView | undefined> {
  try {
    return await fabric.task.next({ as: swarm })
  } catch (error) {
    if (!isFabricError(error) || error.retryable || error.code === 'UNAUTHENTICATED') throw error
    return undefined
  }
}

/** All blockers that are open. */
export async function openBlockers(fabric: FabricOperations): Promise<BlockerView[]> {
  const found: BlockerView[] = []
  let cursor: string | undefined
  do {
    const page = await fabric.blocker.list({ open: true, limit: LIMITS.pageItems, cursor })
    found.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return found
}
