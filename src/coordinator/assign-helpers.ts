import { qualify } from '../governor/match.js'
import type { BlockerRow } from '../model/blocker.js'
import { FabricError } from '../model/errors.js'
import type { EntryOf } from './entries.js'
import { blockerRow, requireActiveSwarm, requireBlocker, taskRow } from './lookup.js'
import type { FabricState } from './state.js'
import type { Decide, DecisionContext, Evolve } from './transition.js'

/** Asks swarms to help with a blocker. Those that were asked already are not asked again. */
export const assignHelpers: Decide<'assign_helpers'> = (state, command, context) => {
  const blocker = requireUnresolved(state, command.blocker)
  const asked = new Set(askedSwarms(blocker))
  const swarms = [...new Set(command.swarms)].filter((swarm) => !asked.has(swarm))
  for (const swarm of swarms) requireHelper(state, blocker, swarm, context)
  requireRoom(state, blocker, swarms, context)
  return {
    entries:
      swarms.length === 0
        ? []
        : [{ type: 'help_requested', subject: blocker.id, data: { task: blocker.task, swarms } }],
    reply: (after) => blockerRow(after, blocker.id),
  }
}

/** The blocker, unless it is resolved already. */
export function requireUnresolved(state: FabricState, id: string): BlockerRow {
  const blocker = requireBlocker(state, id)
  if (blocker.state === 'resolved') {
    throw new FabricError('WRONG_STATE', `${id} is resolved already. Ask for the next task.`, { blocker: id })
  }
  return blocker
}

function requireHelper(state: FabricState, blocker: BlockerRow, id: string, { policy }: DecisionContext): void {
  const swarm = requireActiveSwarm(state, id)
  if (id === blocker.swarm) {
    throw new FabricError('NOT_ELIGIBLE', `${id} raised ${blocker.id}; it cannot be its own helper.`, { swarm: id })
  }
  const qualification = qualify(swarm, { requires: blocker.requires }, policy)
  if (!qualification.qualified) {
    throw new FabricError('NOT_ELIGIBLE', `${id} does not qualify to help: ${qualification.reason}.`, {
      swarm: id,
      blocker: blocker.id,
      match: qualification.match,
    })
  }
}

/** The limit is one of the task: helpers with its other blockers count too. */
function requireRoom(
  state: FabricState,
  { id, task }: BlockerRow,
  swarms: readonly string[],
  { policy: { maxSwarmsPerTask } }: DecisionContext,
): void {
  const blockers = taskRow(state, task).openBlockers.map((open) => blockerRow(state, open))
  const helpers = new Set(blockers.flatMap(askedSwarms))
  if (1 + new Set([...helpers, ...swarms]).size <= maxSwarmsPerTask) return
  throw new FabricError(
    'POLICY_VIOLATION',
    `At most ${maxSwarmsPerTask} swarms work on one task, its holder included; ${helpers.size} helpers are asked already.`,
    { blocker: id, task, maxSwarmsPerTask, helpers: [...helpers] },
  )
}

/** Swarms that help or may still say whether they do. */
function askedSwarms({ helpers }: BlockerRow): string[] {
  return helpers.filter(({ state }) => state !== 'declined').map(({ swarm }) => swarm)
}

export const helpRequested: Evolve<EntryOf<'help_requested'>> = (state, entry) => {
  const { subject, data } = entry
  const blocker = blockerRow(state, subject)
  const others = blocker.helpers.filter(({ swarm }) => !data.swarms.includes(swarm))
  const helpers = [...others, ...data.swarms.map((swarm) => ({ swarm, state: 'requested' as const }))]
  state.putBlocker({ ...blocker, state: 'assigned', helpers })
  const text = `${blocker.swarm} needs help on ${data.task}: ${blocker.needs}`
  for (const swarm of data.swarms) {
    state.deliver(swarm, entry, { kind: 'help_requested', task: data.task, blocker: subject, text })
  }
}
