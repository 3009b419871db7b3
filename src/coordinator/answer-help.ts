import type { Helper } from '../model/blocker.js'
import { type Entry, FABRIC_ACTOR } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import { requireUnresolved } from './assign-helpers.js'
import type { EntryOf, HelpAnswered } from './entries.js'
import { blockerRow } from './lookup.js'
import { openNeed } from './plan-help.js'
import type { FabricState } from './state.js'
import type { Decide, Evolve } from './transition.js'

/**
 * A helper accepts, which gives it an epoch of its own, or declines, which frees its place for another. Repeating an
 * answer changes nothing; accepting again says that the helper is still at it.
 */
export const answerHelp: Decide<'answer_help'> = (state, command, { now }) => {
  const blocker = requireUnresolved(state, command.blocker)
  const helper = blocker.helpers.find(({ swarm }) => swarm === command.swarm)
  if (helper === undefined) {
    throw new FabricError('NOT_ELIGIBLE', `${command.swarm} was not asked to help with ${blocker.id}.`, {
      swarm: command.swarm,
      blocker: blocker.id,
    })
  }
  if (helper.state === 'declined' && command.accept) {
    throw new FabricError('WRONG_STATE', `${command.swarm} declined ${blocker.id}; it must be asked again first.`, {
      swarm: command.swarm,
      blocker: blocker.id,
    })
  }
  const answer = command.accept ? 'accepted' : 'declined'
  const data = {
    task: blocker.task,
    swarm: command.swarm,
    ...(command.reason !== undefined && { reason: command.reason }),
  }
  const renewed = { kind: 'help_renewed', blocker: blocker.id, swarm: helper.swarm, at: now } as const
  return {
    entries: helper.state === answer ? [] : [{ type: `help_${answer}`, subject: blocker.id, data }],
    volatile: command.accept ? [renewed] : [],
    reply: (after) => blockerRow(after, blocker.id),
  }
}

export const helpAccepted: Evolve<EntryOf<'help_accepted'>> = (state, entry) => {
  replaceHelper(state, entry.subject, entry.data.swarm, { state: 'accepted', epoch: entry.index, since: entry.at })
  tell(state, entry, 'help_accepted', `${entry.data.swarm} helps with ${entry.data.task}.`)
}

export const helpDeclined: Evolve<EntryOf<'help_declined'>> = (state, entry) => {
  const { swarm, reason, task } = entry.data
  replaceHelper(state, entry.subject, swarm, { state: 'declined', ...(reason !== undefined && { reason }) })
  if (entry.data.cause === undefined) findOthers(state, entry)
  else {
    const text = `STOP: your help with ${task} has ended: ${reason}.`
    const about = { kind: 'claim_stopped', task, blocker: entry.subject, text } as const
    state.deliver(swarm, { ...entry, actor: FABRIC_ACTOR }, about)
  }
  tell(
    state,
    entry,
    'help_declined',
    `${swarm} does not help with ${task}${reason === undefined ? '' : `: ${reason}`}.`,
  )
}

/** A place that became free is filled anew, at the next tick, where the governor plans help. */
function findOthers(state: FabricState, { subject, at }: Entry): void {
  const blocker = blockerRow(state, subject)
  if (blocker.kind !== 'help' || !state.governor.policy.help.automatic) return
  if (openNeed(state, blocker) !== undefined) state.putBlocker({ ...blocker, replanAt: at })
}

function replaceHelper(state: FabricState, id: string, swarm: string, answer: Omit<Helper, 'swarm' | 'asks'>): void {
  const blocker = blockerRow(state, id)
  const helpers = blocker.helpers.map((known): Helper => {
    if (known.swarm !== swarm) return known
    const { asks, epoch } = known
    // What it spent under its epoch is reported under it also after it gave up.
    return { swarm, ...(asks && { asks }), ...(epoch !== undefined && { epoch }), ...answer }
  })
  const assigned = helpers.some((helper) => helper.state !== 'declined')
  state.putBlocker({ ...blocker, state: assigned ? 'assigned' : 'open', helpers })
}

function tell(
  state: FabricState,
  entry: Entry<string, HelpAnswered>,
  kind: 'help_accepted' | 'help_declined',
  text: string,
): void {
  const about = { kind, task: entry.data.task, blocker: entry.subject, text }
  state.deliver(ORCHESTRATOR, entry, about)
  state.deliver(blockerRow(state, entry.subject).swarm, entry, about)
}
