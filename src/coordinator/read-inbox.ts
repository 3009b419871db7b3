import { FabricError } from '../model/errors.js'
import type { Message } from '../model/message.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { requireSwarm } from './lookup.js'
import type { FabricState } from './state.js'
import type { Decide, Evolve } from './transition.js'

/** Throws NOT_FOUND unless this is a swarm or the orchestrator. */
export function requireReader(state: FabricState, reader: string): void {
  if (reader !== ORCHESTRATOR) requireSwarm(state, reader)
}

/** Messages its reader has not dealt with, oldest first. */
export function unreadMessages(state: FabricState, reader: string): readonly Message[] {
  const { messages } = state.inbox(reader)
  const upTo = state.readUpTo(reader)
  const first = messages.findIndex(({ index }) => index > upTo)
  return first < 0 ? [] : messages.slice(first)
}

/**
 * Moves a reader's cursor. It is remembered at once and written later, together with those of others: a crash in
 * between shows messages again, which at-least-once delivery allows.
 */
export const acknowledgeInbox: Decide<'acknowledge_inbox'> = (state, { swarm, upTo }, { now, nextIndex, policy }) => {
  requireReader(state, swarm)
  if (upTo >= nextIndex) {
    throw new FabricError('INVALID_ARGUMENT', `There is no message ${upTo} yet; the log ends before ${nextIndex}.`, {
      upTo,
    })
  }
  const settleAt = now + policy.acknowledgeMs
  return {
    entries: [],
    volatile: upTo > state.readUpTo(swarm) ? [{ kind: 'inbox_read', swarm, upTo, settleAt }] : [],
    reply: (after) => ({ swarm, acknowledged: after.readUpTo(swarm), unread: unreadMessages(after, swarm).length }),
  }
}

/** As many of the longest ids as one entry holds. */
const CURSORS_PER_ENTRY = 400

/** The entries that write down all cursors that moved since the last time. */
export function acknowledgedCursors(state: FabricState): CoordinatorDraft[] {
  const reads = [...state.reads]
  const entries: CoordinatorDraft[] = []
  for (let from = 0; from < reads.length; from += CURSORS_PER_ENTRY) {
    const cursors = Object.fromEntries(reads.slice(from, from + CURSORS_PER_ENTRY))
    entries.push({ type: 'inboxes_acknowledged', subject: 'inboxes', data: { cursors } })
  }
  return entries
}

export const inboxesAcknowledged: Evolve<EntryOf<'inboxes_acknowledged'>> = (state, { data }) => {
  for (const [reader, upTo] of Object.entries(data.cursors)) {
    const inbox = state.inbox(reader)
    const messages = inbox.messages.filter(({ index }) => index > upTo)
    state.putInbox({ ...inbox, messages, acknowledged: Math.max(inbox.acknowledged, upTo) })
    if ((state.reads.get(reader) ?? -1) <= upTo) state.reads.delete(reader)
  }
}
