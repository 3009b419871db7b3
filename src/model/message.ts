export const MESSAGE_KINDS = [
  'direct',
  'task_available',
  'task_stalled',
  'task_failed',
  'claim_lost',
  'blocker_raised',
  'blocker_resolved',
  'help_requested',
  'help_accepted',
  'help_declined',
  'budget_warned',
  'claim_stopped',
  'claim_resumed',
  'breaker_opened',
  'breaker_closed',
  'escalation_opened',
  'escalation_answered',
  'escalation_expired',
  'service_level_violated',
  'service_level_restored',
] as const
export type MessageKind = (typeof MESSAGE_KINDS)[number]

/**
 * One inbox message. Delivery is at-least-once and in order: a reader acknowledges up to an index and may see a message
 * again after a crash.
 */
export interface Message {
  /** Log index of the entry it comes from; an inbox holds at most one message per entry. */
  readonly index: number
  readonly kind: MessageKind
  /** Actor that caused it; never the reader. */
  readonly from: string
  readonly at: number
  readonly text: string
  readonly task?: string
  readonly blocker?: string
  readonly escalation?: string
}
