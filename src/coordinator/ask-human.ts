import { swarmActor } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { APPROVE, DENY, type EscalationRow } from '../model/escalation.js'
import { formatTimestamp } from '../model/time.js'
import { escalationId, noRoom } from './escalate.js'
import type { AskHuman } from './governor-commands.js'
import { requireActiveSwarm, requireTask } from './lookup.js'
import { policyDigest } from './policy-digest.js'
import type { FabricState } from './state.js'
import type { Decide, DecisionContext } from './transition.js'

/** Asks people a question, or for an approval of exactly what a digest names. */
export const askHuman: Decide<'ask_human'> = (state, command, context) => {
  if (command.swarm !== undefined) requireActiveSwarm(state, command.swarm)
  if (command.task !== undefined) requireTask(state, command.task)
  const asker = command.swarm === undefined ? context.actor : swarmActor(command.swarm)
  requireRoom(state, asker)
  const id = escalationId(context.nextIndex)
  const { severity, question, context: facts, approvalOf } = command
  const data = {
    kind: approvalOf === undefined ? 'question' : 'approval',
    severity,
    asker,
    question,
    context: facts,
    options: approvalOf === undefined ? command.options : [APPROVE, DENY],
    expiresAt: context.now + (command.ttlMs ?? state.governor.policy.escalationMs),
    ...about(command),
    ...(approvalOf !== undefined && { digest: approvalOf }),
    ...policyDigest(state, context),
  } as const
  return {
    entries: [{ type: 'escalation_opened', subject: id, data }],
    actor: asker,
    reply: (after) => escalationRow(after, id),
  }
}

function about({ task, swarm }: AskHuman): { task?: string; swarm?: string } {
  return { ...(task !== undefined && { task }), ...(swarm !== undefined && { swarm }) }
}

function requireRoom(state: FabricState, asker: string): void {
  const obstacle = noRoom(state, asker)
  if (obstacle === undefined) return
  throw new FabricError('RATE_LIMITED', `${obstacle}. Wait until some are answered.`, { asker })
}

export function escalationRow(state: FabricState, id: string): EscalationRow {
  const row = state.governor.escalation(id)
  if (row !== undefined) return row
  const message = `There is no escalation ${id}. See them with \`ifab escalation list\`.`
  throw new FabricError('NOT_FOUND', message, { escalation: id })
}

/** Throws WRONG_STATE unless it still waits for an answer. */
export function requireOpen(state: FabricState, id: string, { now }: DecisionContext): EscalationRow {
  const row = escalationRow(state, id)
  if (row.state === 'open' && now < row.expiresAt) return row
  const ended = row.state === 'open' ? 'expired' : row.state
  const by = row.answeredBy === undefined ? '' : ` by ${row.answeredBy}`
  throw new FabricError('WRONG_STATE', `${id} is ${ended}${by} already.`, {
    escalation: id,
    state: ended,
    expiresAt: formatTimestamp(row.expiresAt),
  })
}
