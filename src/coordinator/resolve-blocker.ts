import type { BlockerRow } from '../model/blocker.js'
import { swarmActor } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { ResolveBlocker } from './commands.js'
import type { EntryOf } from './entries.js'
import { blockerRow, requireBlocker } from './lookup.js'
import type { FabricState } from './state.js'
import type { Decide, Evolve } from './transition.js'

/**
 * Resolves a blocker: by a helper under its own epoch, by the holder under the claim's, or by an operator with none.
 * Resolving a resolved one by the same word changes nothing.
 */
export const resolveBlocker: Decide<'resolve_blocker'> = (state, command, { actor }) => {
  const blocker = requireBlocker(state, command.blocker)
  const swarm = resolver(blocker, command)
  const by = swarm ?? actor
  if (blocker.state === 'resolved') {
    if (blocker.resolvedBy === by) return { entries: [], reply: () => blocker }
    throw new FabricError('WRONG_STATE', `${blocker.id} is resolved already.`, { blocker: blocker.id })
  }
  const { resolution } = command
  const data = { task: blocker.task, cause: 'resolved', by, ...(resolution !== undefined && { resolution }) } as const
  return {
    entries: [{ type: 'blocker_resolved', subject: blocker.id, data }],
    ...(swarm !== undefined && { actor: swarmActor(swarm) }),
    reply: (after) => blockerRow(after, blocker.id),
  }
}

/** The swarm whose epoch this is; undefined for an operator. Any other epoch is stale. */
function resolver(blocker: BlockerRow, { epoch, swarm }: ResolveBlocker): string | undefined {
  if (epoch === undefined && swarm === undefined) return undefined
  const entitled = [blocker, ...blocker.helpers.filter((helper) => helper.state === 'accepted')]
  const match = entitled.find((party) => party.epoch === epoch && (swarm === undefined || party.swarm === swarm))
  if (match !== undefined) return match.swarm
  throw new FabricError(
    'STALE_CLAIM',
    `Epoch ${epoch ?? '(none)'} may not resolve ${blocker.id}: accept the help request first and use the epoch it gives.`,
    { blocker: blocker.id, ...(epoch !== undefined && { epoch }), ...(swarm !== undefined && { swarm }) },
  )
}

/** What people were asked about it needs no answer any more. */
function settleQuestion(state: FabricState, { escalation }: BlockerRow, at: number): void {
  const row = escalation === undefined ? undefined : state.governor.escalations.get(escalation)
  if (row?.state === 'open') state.putEscalation({ ...row, state: 'settled', endedAt: at })
}

export const blockerResolved: Evolve<EntryOf<'blocker_resolved'>> = (state, entry) => {
  const { subject, at, data } = entry
  const blocker = blockerRow(state, subject)
  const { by: resolvedBy = data.cause, resolution } = data
  const { replanAt: _, ...known } = blocker
  const said = { resolvedAt: at, resolvedBy, ...(resolution !== undefined && { resolution }) }
  state.putBlocker({ ...known, state: 'resolved', ...said }, data.cause)
  settleQuestion(state, blocker, at)
  const task = state.tasks.get(data.task)
  if (task?.claim !== undefined) {
    const openBlockers = task.openBlockers.filter((id) => id !== subject)
    const claim = openBlockers.length === 0 ? { ...task.claim, freedAt: at } : task.claim
    state.putTask({ ...task, claim, openBlockers, updatedAt: at })
  }
  const text = `${subject} on ${data.task} is resolved${resolution === undefined ? '' : `: ${resolution}`}.`
  const about = { kind: 'blocker_resolved', task: data.task, blocker: subject, text } as const
  const helpers = blocker.helpers.filter((helper) => helper.state !== 'declined').map(({ swarm }) => swarm)
  for (const reader of new Set([ORCHESTRATOR, blocker.swarm, ...helpers])) {
    if (reader !== resolvedBy) state.deliver(reader, entry, about)
  }
}
