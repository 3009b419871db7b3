import { actorSwarm } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { EntryOf } from './entries.js'
import { requireReader } from './read-inbox.js'
import type { Decide, Evolve } from './transition.js'

/** Sends a direct message: a review request, a bug report to the owner of a component. */
export const sendMessage: Decide<'send_message'> = (state, { to, text, task }, { actor, now, nextIndex }) => {
  requireReader(state, to)
  if (actorSwarm(actor) === to) {
    throw new FabricError(
      'INVALID_ARGUMENT',
      `${to} cannot send a message to itself; nobody is woken by their own action.`,
    )
  }
  if (state.inbox(to).messages.length >= LIMITS.inboxMessages) {
    throw new FabricError('RATE_LIMITED', `The inbox of ${to} is full. Try again when it has read some.`, { to })
  }
  const about = task === undefined ? {} : { task }
  return {
    entries: [{ type: 'message_sent', subject: to, data: { text, ...about } }],
    reply: () => ({ index: nextIndex, kind: 'direct', from: actor, at: now, text, ...about }),
  }
}

export const messageSent: Evolve<EntryOf<'message_sent'>> = (state, entry) => {
  state.deliver(entry.subject, entry, { kind: 'direct', ...entry.data })
}
