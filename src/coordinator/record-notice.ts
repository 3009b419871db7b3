import { escalationRow } from './ask-human.js'
import type { EntryOf } from './entries.js'
import { requirePerson } from './require-person.js'
import type { Decide, Evolve } from './transition.js'

/** Says whether people were told over a channel. It is the fabric itself that says so. */
export const recordNotice: Decide<'record_notice'> = (state, { escalation, notice }, { actor }) => {
  requirePerson(actor, 'say that people were told')
  const row = escalationRow(state, escalation)
  return {
    entries: [{ type: 'escalation_notified', subject: row.id, data: notice }],
    reply: (after) => escalationRow(after, row.id),
  }
}

/** What was never told over a channel is told after a restart; so is a notice that had to make room for others. */
export const escalationNotified: Evolve<EntryOf<'escalation_notified'>> = (state, { subject, data }) => {
  const row = state.governor.escalation(subject)
  if (row === undefined || data.event !== 'opened' || data.attempts === 0) return
  state.putEscalation({ ...row, notified: [...new Set([...(row.notified ?? []), data.channel])] })
}
