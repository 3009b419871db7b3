import { assertInvariant } from '../model/errors.js'
import { escalationAnswered, escalationExpired } from './answer-escalation.js'
import { helpAccepted, helpDeclined } from './answer-help.js'
import { policyApplied } from './apply-policy.js'
import { helpRequested } from './assign-helpers.js'
import { usageReported } from './book-usage.js'
import { budgetWarned } from './bound-claim.js'
import { callAdmitted, callReported } from './breaker-calls.js'
import { taskCancelled } from './cancel-task.js'
import { taskClaimed } from './claim-task.js'
import { taskCompleted } from './complete-task.js'
import { taskCreated, taskUpdated } from './create-task.js'
import type { DeadlineKind } from './deadlines.js'
import type { CoordinatorEntry, CoordinatorEntryType, EntryOf } from './entries.js'
import { escalationOpened } from './escalate.js'
import { budgetExtended } from './extend-budget.js'
import { taskAttemptFailed, taskFailed } from './fail-task.js'
import { budgetFrozen } from './freeze-budget.js'
import { capabilitiesGranted } from './grant-capabilities.js'
import { taskStallEnded } from './heartbeat.js'
import { boardImported } from './import-board.js'
import { credentialIssued, credentialRevoked } from './issue-credential.js'
import { tokenIssued, tokenRevoked } from './issue-token.js'
import { moduleLoaded, moduleUnloaded } from './load-module.js'
import { breakerClosed, breakerHalfOpened, breakerOpened } from './open-breaker.js'
import { helpUnavailable } from './plan-help.js'
import { blockerRaised } from './raise-blocker.js'
import { inboxesAcknowledged } from './read-inbox.js'
import { credentialRefused, credentialUsed } from './record-credential-use.js'
import { escalationNotified } from './record-notice.js'
import { reputationAged, runEnded, serviceLevelRestored, serviceLevelViolated } from './record-run.js'
import { swarmRegistered } from './register-swarm.js'
import { taskReleased } from './release-task.js'
import { milestoneReported } from './report-milestone.js'
import { blockerResolved } from './resolve-blocker.js'
import { swarmRetired } from './retire-swarm.js'
import { taskRetried } from './retry-task.js'
import { messageSent } from './send-message.js'
import { type FabricState, helpKey } from './state.js'
import { claimResumed, claimStopped } from './stop-claim.js'
import { approvalTaken } from './take-approval.js'
import { taskArchived, taskStalled } from './tick.js'
import type { Evolve, VolatileChange } from './transition.js'
import { taskUnblocked } from './unblock-task.js'

const EVOLVERS: { readonly [Type in CoordinatorEntryType]: Evolve<EntryOf<Type>> } = {
  swarm_registered: swarmRegistered,
  swarm_retired: swarmRetired,
  token_issued: tokenIssued,
  token_revoked: tokenRevoked,
  task_created: taskCreated,
  task_updated: taskUpdated,
  task_unblocked: taskUnblocked,
  task_claimed: taskClaimed,
  task_released: taskReleased,
  task_attempt_failed: taskAttemptFailed,
  task_failed: taskFailed,
  task_completed: taskCompleted,
  task_cancelled: taskCancelled,
  task_retried: taskRetried,
  task_archived: taskArchived,
  milestone_reported: milestoneReported,
  task_stalled: taskStalled,
  task_stall_ended: taskStallEnded,
  blocker_raised: blockerRaised,
  blocker_resolved: blockerResolved,
  help_requested: helpRequested,
  help_accepted: helpAccepted,
  help_declined: helpDeclined,
  message_sent: messageSent,
  inboxes_acknowledged: inboxesAcknowledged,
  board_imported: boardImported,
  help_unavailable: helpUnavailable,
  policy_applied: policyApplied,
  capabilities_granted: capabilitiesGranted,
  usage_reported: usageReported,
  budget_warned: budgetWarned,
  budget_frozen: budgetFrozen,
  budget_extended: budgetExtended,
  claim_stopped: claimStopped,
  claim_resumed: claimResumed,
  call_admitted: callAdmitted,
  call_reported: callReported,
  breaker_opened: breakerOpened,
  breaker_half_opened: breakerHalfOpened,
  breaker_closed: breakerClosed,
  escalation_opened: escalationOpened,
  escalation_answered: escalationAnswered,
  escalation_expired: escalationExpired,
  escalation_notified: escalationNotified,
  approval_taken: approvalTaken,
  module_loaded: moduleLoaded,
  module_unloaded: moduleUnloaded,
  credential_issued: credentialIssued,
  credential_revoked: credentialRevoked,
  credential_used: credentialUsed,
  credential_refused: credentialRefused,
  run_ended: runEnded,
  service_level_violated: serviceLevelViolated,
  service_level_restored: serviceLevelRestored,
  reputation_aged: reputationAged,
}

export function isCoordinatorEntryType(type: string): type is CoordinatorEntryType {
  return Object.hasOwn(EVOLVERS, type)
}

/** Folds one entry into the state. The same entries in the same order give the same state. */
export function evolve(state: FabricState, entry: CoordinatorEntry): void {
  evolverOf(entry)(state, entry)
}

/** The table's type ties each entry to its evolver; TypeScript cannot follow that through an index. */
function evolverOf<Type extends CoordinatorEntryType>(entry: EntryOf<Type>): Evolve<EntryOf<Type>> {
  return EVOLVERS[entry.type as Type]
}

/** Puts the next deadline of a kind where the timer finds it, after one has passed. */
const REFRESH: Readonly<Record<DeadlineKind, (state: FabricState, id: string) => void>> = {
  task: (state, id) => state.refreshDeadline(id),
  reads: (state) => state.deadlines.remove('reads/inboxes'),
  help: (state, id) => state.refreshBlockerDeadline(id),
  breaker: (state, id) => state.refreshBreakerDeadline(id),
  escalation: (state, id) => state.refreshEscalationDeadline(id),
  reputation: (state, id) => state.refreshReputationDeadline(id),
}

/** Applies what a decision changes in memory only. */
export function applyVolatile(state: FabricState, changes: readonly VolatileChange[]): void {
  for (const change of changes) {
    switch (change.kind) {
      case 'lease_renewed':
        // What the same word reports as spent may have ended the claim.
        if (state.tasks.get(change.task)?.claim !== undefined) state.renewals.set(change.task, change.at)
        break
      case 'inbox_read':
        if (state.reads.size === 0) state.deadlines.put({ kind: 'reads', id: 'inboxes', at: change.settleAt })
        state.reads.set(change.swarm, change.upTo)
        break
      case 'help_renewed':
        state.helpRenewals.set(helpKey(change.blocker, change.swarm), change.at)
        break
      case 'deadlines_passed':
        for (const deadline of change.due) REFRESH[deadline.kind](state, deadline.id)
        break
      default:
        assertInvariant(false, 'an unknown volatile change')
    }
  }
}
