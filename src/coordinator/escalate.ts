import type { AboutEscalation } from '../governor/entries.js'
import { actorSwarm, FABRIC_ACTOR } from '../model/entry.js'
import type { EscalationKind, EscalationRow, EscalationSeverity } from '../model/escalation.js'
import { LIMITS } from '../model/limits.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { policyDigest } from './policy-digest.js'
import type { FabricState } from './state.js'
import type { DecisionContext, Evolve } from './transition.js'

/** The answer to a question about a budget or a breaker that leaves everything as it is. */
export const KEEP_STOPPED = 'keep-stopped'

/** A question of the fabric itself. */
export interface FabricQuestion {
  readonly kind: Exclude<EscalationKind, 'question' | 'approval'>
  readonly severity: EscalationSeverity
  readonly question: string
  readonly context: Readonly<Record<string, string>>
  readonly options?: readonly string[]
  readonly asker?: string
  readonly task?: string
  readonly blocker?: string
  readonly swarm?: string
  readonly account?: string
}

export function escalationId(index: number): string {
  return `escalation-${index}`
}

/** The task and swarm of an escalation, for the entries about its end. */
export function aboutOf({ task, swarm }: EscalationRow): AboutEscalation {
  return { ...(task !== undefined && { task }), ...(swarm !== undefined && { swarm }) }
}

/**
 * Why one more question of an asker would not be seen; undefined when it would. Neither one swarm nor all askers together
 * leave the fabric itself without a voice.
 */
export function noRoom({ governor }: FabricState, asker: string): string | undefined {
  const { openEscalations, reservedEscalations, openEscalationsPerSwarm } = LIMITS
  const room = asker === FABRIC_ACTOR ? openEscalations : openEscalations - reservedEscalations
  const waiting = governor.escalations.size
  if (waiting >= room) return `${waiting} questions wait for people already`
  const swarm = actorSwarm(asker)
  const asked = governor.askedBy.get(asker) ?? 0
  return swarm !== undefined && asked >= openEscalationsPerSwarm
    ? `${asked} questions of ${swarm} wait for people already`
    : undefined
}

/** Appends the entry that asks people; where they have too many to answer already, a message to whoever steers. */
export function escalate(
  state: FabricState,
  { asker = FABRIC_ACTOR, options = [], ...about }: FabricQuestion,
  context: DecisionContext,
  entries: CoordinatorDraft[],
): void {
  const obstacle = noRoom(state, asker)
  if (obstacle !== undefined) {
    const text = `People were not asked, as ${obstacle}: ${about.question}`
    entries.push({
      type: 'message_sent',
      subject: ORCHESTRATOR,
      data: { text, ...(about.task !== undefined && { task: about.task }) },
    })
    return
  }
  const id = escalationId(context.nextIndex + entries.length)
  const expiresAt = context.now + state.governor.policy.escalationMs
  const data = { ...about, asker, options, expiresAt, ...policyDigest(state, context) }
  entries.push({ type: 'escalation_opened', subject: id, data })
}

export const escalationOpened: Evolve<EntryOf<'escalation_opened'>> = (state, entry) => {
  const { subject, at, data } = entry
  const row: EscalationRow = { id: subject, state: 'open', openedAt: at, ...data }
  state.putEscalation(row)
  const blocker = data.blocker === undefined ? undefined : state.blockers.get(data.blocker)
  if (blocker !== undefined && blocker.state !== 'resolved') {
    const { replanAt: _, ...planned } = blocker
    state.putBlocker({ ...planned, escalation: subject })
  }
  const about = { ...(data.task !== undefined && { task: data.task }) }
  state.deliver(ORCHESTRATOR, entry, { kind: 'escalation_opened', escalation: subject, ...about, text: data.question })
}
