import { shortageOfHelper } from '../governor/budget/reserve.js'
import { qualify } from '../governor/match.js'
import type { BlockerRow, Helper } from '../model/blocker.js'
import { FabricError } from '../model/errors.js'
import { requireAdmitted } from './eligibility.js'
import type { EntryOf, Hold } from './entries.js'
import { blockerRow, requireActiveSwarm, requireBlocker, taskRow } from './lookup.js'
import { holdForHelp, sharedHold, shareOfHelp } from './plan-help.js'
import { policyDigest } from './policy-digest.js'
import type { FabricState } from './state.js'
import type { Decide, Evolve } from './transition.js'

/** Asks swarms to help with a blocker. Those that were asked already are not asked again. */
export const assignHelpers: Decide<'assign_helpers'> = (state, command, context) => {
  const blocker = requireUnresolved(state, command.blocker)
  const asked = new Set(askedSwarms(blocker))
  const swarms = [...new Set(command.swarms)].filter((swarm) => !asked.has(swarm))
  for (const swarm of swarms) requireHelper(state, blocker, swarm, context.now)
  requireRoom(state, blocker, swarms)
  const data = { task: blocker.task, swarms, ...holdForHelp(state, blocker, context), ...policyDigest(state, context) }
  return {
    entries: swarms.length === 0 ? [] : [{ type: 'help_requested', subject: blocker.id, data }],
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

function requireHelper(state: FabricState, blocker: BlockerRow, id: string, now: number): void {
  const swarm = requireActiveSwarm(state, id)
  if (id === blocker.swarm) {
    throw new FabricError('NOT_ELIGIBLE', `${id} raised ${blocker.id}; it cannot be its own helper.`, { swarm: id })
  }
  requireAdmitted(state, id)
  if (state.governor.breaker(id).state !== 'closed') {
    const message = `${id} is on probation: its trial calls are for work of its own. Ask another swarm.`
    throw new FabricError('BREAKER_OPEN', message, { swarm: id, blocker: blocker.id })
  }
  const qualification = qualify(swarm, { requires: blocker.requires }, state.governor.policy)
  if (!qualification.qualified) {
    throw new FabricError('NOT_ELIGIBLE', `${id} does not qualify to help: ${qualification.reason}.`, {
      swarm: id,
      blocker: blocker.id,
      match: qualification.match,
    })
  }
  const { books } = state.governor
  const shortage = shortageOfHelper(books, state.governor, swarm, shareOfHelp(state, blocker, now), now)?.()
  if (shortage !== undefined) throw new FabricError(shortage.code, shortage.message, shortage.details)
}

/** The limit is one of the task: helpers with its other blockers count too. */
function requireRoom(state: FabricState, { id, task }: BlockerRow, swarms: readonly string[]): void {
  const { maxSwarmsPerTask } = state.governor.policy
  const helpers = helpersOnTask(state, task)
  if (1 + new Set([...helpers, ...swarms]).size <= maxSwarmsPerTask) return
  throw new FabricError(
    'POLICY_VIOLATION',
    `At most ${maxSwarmsPerTask} swarms work on one task, its holder included; ${helpers.size} helpers are asked already.`,
    { blocker: id, task, maxSwarmsPerTask, helpers: [...helpers] },
  )
}

/** Swarms that help with a task, whichever of its blockers they were asked about, or may still say whether they do. */
export function helpersOnTask(state: FabricState, task: string): ReadonlySet<string> {
  return new Set(taskRow(state, task).openBlockers.flatMap((open) => askedSwarms(blockerRow(state, open))))
}

/** Swarms that help or may still say whether they do. */
function askedSwarms({ helpers }: BlockerRow): string[] {
  return helpers.filter(({ state }) => state !== 'declined').map(({ swarm }) => swarm)
}

export const helpRequested: Evolve<EntryOf<'help_requested'>> = (state, entry) => {
  const { subject, at, data } = entry
  const { replanAt: _, ...blocker } = blockerRow(state, subject)
  const others = blocker.helpers.filter(({ swarm }) => !data.swarms.includes(swarm))
  const asked = data.swarms.map((swarm): Helper => {
    const asks = data.asks?.[swarm]
    return { swarm, state: 'requested', since: at, ...(asks !== undefined && { asks }) }
  })
  if (data.hold !== undefined) placeHelpHold(state, blocker, data.hold, at)
  const hold = data.hold === undefined ? sharedHold(state, blocker) : blocker.id
  state.putBlocker({
    ...blocker,
    state: 'assigned',
    helpers: [...others, ...asked],
    ...(hold !== undefined && { hold }),
  })
  for (const { swarm, asks = [] } of asked) {
    const part = asks.length === 0 ? '' : ` (your part: ${asks.join(', ')})`
    const text = `${blocker.swarm} needs help on ${data.task}: ${blocker.needs}${part}`
    state.deliver(swarm, entry, { kind: 'help_requested', task: data.task, blocker: subject, text })
  }
}

function placeHelpHold(state: FabricState, blocker: BlockerRow, { amount, accounts }: Hold, at: number): void {
  const { id, task, swarm, epoch } = blocker
  const board = state.tasks.get(task)?.board
  const about = { task, ...(board !== undefined && { board }), swarm, epoch, at }
  state.governor.books.place({ id, kind: 'help', ...about, amount }, accounts)
}
