import { actorSwarm, swarmActor } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { APPROVE, type EscalationRow } from '../model/escalation.js'
import { formatTimestamp } from '../model/time.js'
import { escalationRow } from './ask-human.js'
import { requireAdmitted } from './eligibility.js'
import type { EntryOf } from './entries.js'
import { aboutOf } from './escalate.js'
import type { TakeApproval } from './governor-commands.js'
import { requireActiveSwarm } from './lookup.js'
import { policyDigest } from './policy-digest.js'
import type { Decide, Evolve } from './transition.js'

/**
 * Uses an approval, once, for exactly what was approved, by whoever asked for it, under the policy it was asked under,
 * and before it expires. A swarm must be in service, and its breaker let it work.
 */
export const takeApproval: Decide<'take_approval'> = (state, command, context) => {
  const row = escalationRow(state, command.escalation)
  const speaker = command.swarm === undefined ? context.actor : swarmActor(command.swarm)
  const swarm = actorSwarm(speaker)
  if (swarm !== undefined) {
    requireActiveSwarm(state, swarm)
    // What it does on probation, it may do with an approval.
    if (state.governor.breaker(swarm).state === 'open') requireAdmitted(state, swarm)
  }
  const obstacle =
    obstacleTo(row, command, context.now) ??
    (row.asker === speaker ? undefined : `it was given to ${actorSwarm(row.asker) ?? row.asker}`) ??
    (row.policy === policyDigest(state, context).policy ? undefined : 'the policy has changed since')
  if (obstacle !== undefined) {
    const message = `The approval ${row.id} cannot be used: ${obstacle}. Ask for another one with \`ifab approval request\`.`
    throw new FabricError('FORBIDDEN', message, { escalation: row.id, state: row.state })
  }
  return {
    entries: [{ type: 'approval_taken', subject: row.id, data: { digest: command.digest, ...aboutOf(row) } }],
    actor: speaker,
    reply: (after) => escalationRow(after, row.id),
  }
}

function obstacleTo(row: EscalationRow, { digest }: TakeApproval, now: number): string | undefined {
  if (row.kind !== 'approval') return 'it is a question, not an approval'
  if (row.state === 'taken') return 'it was used already'
  if (row.state === 'open') return 'nobody has answered yet'
  if (row.state === 'expired' || now >= row.expiresAt) return `it expired at ${formatTimestamp(row.expiresAt)}`
  if (row.state !== 'answered' || row.option !== APPROVE) return 'it was denied'
  if (row.digest !== digest) return 'something else was approved'
  return undefined
}

export const approvalTaken: Evolve<EntryOf<'approval_taken'>> = (state, { subject, at }) => {
  state.putEscalation({ ...escalationRow(state, subject), state: 'taken', endedAt: at })
}
