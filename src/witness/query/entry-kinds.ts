import type { Severity } from './severity.js'

export const COMPONENTS = ['fabric', 'witness', 'coordinator', 'governor', 'chassis'] as const
type Component = (typeof COMPONENTS)[number]

/** What queries need to know about the entries of one name. */
export interface EntryKind {
  readonly component: Component
  readonly severity: Severity
  /** What the subject is, where it is one of these. An account concerns the task or swarm whose budget it is. */
  readonly subject?: 'task' | 'swarm' | 'account' | 'escalation'
  /** Fields of the data that name tasks: a string, a list of strings, or an object whose keys are the names. */
  readonly tasks: readonly string[]
  /** The same for swarms. The actor counts as well, where it is a swarm. */
  readonly swarms: readonly string[]
}

/** A change of what stored entries concern needs a new version of the index: `posting-format.ts`. */
const KINDS: Readonly<Record<string, EntryKind>> = {
  fabric_created: of('fabric', 'info'),
  fabric_started: of('fabric', 'notice'),
  command_received: of('fabric', 'info'),
  request_refused: of('fabric', 'warning', { tasks: ['task'], swarms: ['swarm'] }),
  blob_stored: of('fabric', 'info'),
  blob_deleted: of('fabric', 'warning'),

  key_introduced: of('witness', 'notice'),
  key_rotated: of('witness', 'notice'),
  incident_detected: of('witness', 'critical'),

  swarm_registered: of('coordinator', 'info', { subject: 'swarm' }),
  swarm_retired: of('coordinator', 'notice', { subject: 'swarm' }),
  token_issued: of('coordinator', 'notice', { swarms: ['swarm'] }),
  token_revoked: of('coordinator', 'notice', { swarms: ['swarm'] }),
  // The dependencies are left out: a query for a task would show every task that waits for it.
  task_created: of('coordinator', 'info', { subject: 'task', swarms: ['owner'] }),
  task_updated: of('coordinator', 'info', { subject: 'task', swarms: ['owner'] }),
  task_unblocked: of('coordinator', 'info', { subject: 'task' }),
  task_claimed: ofClaim('info'),
  task_released: ofClaim('notice'),
  task_attempt_failed: ofClaim('warning'),
  task_failed: of('coordinator', 'warning', { subject: 'task' }),
  task_completed: ofClaim('info'),
  task_cancelled: of('coordinator', 'notice', { subject: 'task' }),
  task_retried: of('coordinator', 'notice', { subject: 'task' }),
  task_archived: of('coordinator', 'info', { subject: 'task' }),
  milestone_reported: ofClaim('info'),
  task_stalled: ofClaim('warning'),
  task_stall_ended: ofClaim('info'),
  blocker_raised: of('coordinator', 'notice', { tasks: ['task', 'waitsFor'], swarms: ['swarm'] }),
  blocker_resolved: of('coordinator', 'info', { tasks: ['task'] }),
  help_requested: of('coordinator', 'notice', { tasks: ['task'], swarms: ['swarms'] }),
  help_accepted: of('coordinator', 'info', { tasks: ['task'], swarms: ['swarm'] }),
  help_declined: of('coordinator', 'notice', { tasks: ['task'], swarms: ['swarm'] }),
  help_unavailable: of('coordinator', 'warning', { tasks: ['task'] }),
  message_sent: of('coordinator', 'info', { subject: 'swarm', tasks: ['task'] }),
  inboxes_acknowledged: of('coordinator', 'info', { swarms: ['cursors'] }),
  board_imported: of('coordinator', 'info'),

  policy_applied: of('governor', 'notice'),
  capabilities_granted: of('governor', 'notice', { subject: 'swarm' }),
  usage_reported: of('governor', 'info', { subject: 'task', swarms: ['swarm'] }),
  budget_warned: of('governor', 'notice', { subject: 'task', swarms: ['swarm'] }),
  budget_frozen: of('governor', 'critical', { subject: 'account', tasks: ['task'], swarms: ['swarm'] }),
  budget_extended: of('governor', 'notice', { subject: 'account', tasks: ['task'] }),
  claim_stopped: of('governor', 'warning', { subject: 'task', swarms: ['swarm'] }),
  claim_resumed: of('governor', 'notice', { subject: 'task', swarms: ['swarm'] }),
  call_admitted: of('governor', 'info', { subject: 'swarm' }),
  call_reported: of('governor', 'info', { subject: 'swarm' }),
  breaker_opened: of('governor', 'warning', { subject: 'swarm' }),
  breaker_half_opened: of('governor', 'notice', { subject: 'swarm' }),
  breaker_closed: of('governor', 'notice', { subject: 'swarm' }),
  escalation_opened: of('governor', 'warning', { subject: 'escalation', tasks: ['task'], swarms: ['swarm'] }),
  // Whom it is about is in the question only.
  escalation_answered: of('governor', 'notice', { subject: 'escalation', tasks: ['task'], swarms: ['swarm'] }),
  escalation_expired: of('governor', 'warning', { subject: 'escalation', tasks: ['task'], swarms: ['swarm'] }),
  escalation_notified: of('governor', 'info', { subject: 'escalation' }),
  approval_taken: of('governor', 'notice', { subject: 'escalation', tasks: ['task'], swarms: ['swarm'] }),

  module_loaded: of('chassis', 'notice', { subject: 'swarm' }),
  module_unloaded: of('chassis', 'notice', { subject: 'swarm' }),
  credential_issued: of('chassis', 'notice', { tasks: ['task'], swarms: ['swarm'] }),
  credential_revoked: of('chassis', 'notice', { tasks: ['task'], swarms: ['swarm'] }),
  credential_used: of('chassis', 'info', { tasks: ['task'], swarms: ['swarm'] }),
  run_ended: of('chassis', 'info', { subject: 'swarm', tasks: ['task'] }),
  service_level_violated: of('chassis', 'warning', { subject: 'swarm' }),
  service_level_restored: of('chassis', 'notice', { subject: 'swarm' }),
  reputation_aged: of('chassis', 'info', { subject: 'swarm' }),
  credential_refused: of('chassis', 'warning', { tasks: ['task'], swarms: ['swarm'] }),
}

/** By the name of the entry. A test holds it against everything that is written. */
export const ENTRY_KINDS: ReadonlyMap<string, EntryKind> = new Map(Object.entries(KINDS))

function of(component: Component, severity: Severity, more: Partial<EntryKind> = {}): EntryKind {
  return { component, severity, tasks: [], swarms: [], ...more }
}

/** A word of, or about, the swarm that holds the task. */
function ofClaim(severity: Severity): EntryKind {
  return of('coordinator', severity, { subject: 'task', swarms: ['swarm'] })
}
