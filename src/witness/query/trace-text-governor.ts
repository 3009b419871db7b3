import { amount, counted, dollars, moment, named, namedAll, optional, quoted, type Words } from './trace-words.js'

/** What the entries of the governor mean. */
export const GOVERNOR_WORDS: Readonly<Record<string, Words>> = {
  policy_applied: ({ replaces }, { subject }) =>
    `policy ${named(subject)} is in force${optional(', which replaces ', replaces, named)}`,
  capabilities_granted: ({ capabilities }) => `granted ${namedAll(capabilities) || 'nothing any more'}`,

  usage_reported: ({ swarm, model, report, late, ...spent }) =>
    `${named(swarm)} spent ${amount(spent)}${optional(' on ', model, named)}, report ${named(report)}${late === true ? ', after the end of its hold' : ''}`,
  budget_warned: ({ swarm, spentNanos, heldNanos }) =>
    `${named(swarm)} warned: ${dollars(spentNanos)} of ${dollars(heldNanos)} are spent`,
  budget_frozen: ({ swarm, settledNanos, heldNanos }, { subject }) =>
    `budget ${named(subject)} FROZEN, overdrawn by ${named(swarm)}: ${dollars(settledNanos)} spent, ${dollars(heldNanos)} held`,
  budget_extended: ({ nanos, holdNanos, frozen, reason }, { subject }) =>
    `budget ${named(subject)} extended by ${dollars(nanos)}${optional(', the hold by ', holdNanos, dollars)}${frozen ? ', STILL FROZEN' : ''}: ${quoted(reason)}`,
  claim_stopped: ({ swarm, reason }) => `claim of ${named(swarm)} stopped: ${quoted(reason)}`,
  claim_resumed: ({ swarm }) => `claim of ${named(swarm)} goes on`,

  call_admitted: ({ deadline }, { index }) => `trial call #${index} let through until ${moment(deadline)}`,
  call_reported: ({ succeeded, probe }) =>
    `${optional('trial call #', probe, String) || 'call'} ${succeeded === true ? 'succeeded' : 'failed'}`,
  breaker_opened: ({ cause, reason, latched, until }) =>
    `circuit breaker opened (${named(cause)}), ${latched === true ? 'latched' : `until ${moment(until)}`}: ${quoted(reason)}`,
  breaker_half_opened: ({ probes }) => `circuit breaker half-open, lets ${counted(probes, 'trial call')} through`,
  breaker_closed: ({ cause, reason }) =>
    `circuit breaker closed${cause === 'probes' ? ': its trial calls succeeded' : ' by an administrator'}${optional(': ', reason)}`,

  escalation_opened: ({ kind, severity, question, options, expiresAt }) =>
    `people asked (${named(kind)}, ${named(severity)}) until ${moment(expiresAt)}: ${quoted(question)}${optional(', to be answered with ', namedAll(options), String)}`,
  escalation_answered: ({ option, answer }) => `answered${optional(' with ', option, named)}${optional(': ', answer)}`,
  escalation_expired: () => 'expired',
  escalation_notified: ({ channel, event, delivered, attempts, reason }) =>
    `people ${delivered === true ? 'told' : 'NOT told'} over ${named(channel)} that it is ${named(event)}, ${counted(attempts, 'attempt')}${optional(': ', reason)}`,
  approval_taken: ({ digest }) => `approval used for ${named(digest)}`,
}
