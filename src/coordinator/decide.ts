import { answerEscalation } from './answer-escalation.js'
import { answerHelp } from './answer-help.js'
import { applyPolicy } from './apply-policy.js'
import { askHuman } from './ask-human.js'
import { assignHelpers } from './assign-helpers.js'
import { admitCall, reportCall } from './breaker-calls.js'
import { cancelTask } from './cancel-task.js'
import { claimTask } from './claim-task.js'
import type { CommandOf, CommandType, CoordinatorCommand, Replies } from './commands.js'
import { completeTask } from './complete-task.js'
import { createTask } from './create-task.js'
import { extendBudget } from './extend-budget.js'
import { failTask } from './fail-task.js'
import { grantCapabilities } from './grant-capabilities.js'
import { heartbeat } from './heartbeat.js'
import { importBoard } from './import-board.js'
import { issueCredential, revokeCredential, rotateCredential } from './issue-credential.js'
import { issueToken, revokeToken, rotateToken } from './issue-token.js'
import { loadModule, unloadModule } from './load-module.js'
import { offerNext } from './offer-next.js'
import { raiseBlocker } from './raise-blocker.js'
import { acknowledgeInbox } from './read-inbox.js'
import { recordCredentialRefusal, recordCredentialUse } from './record-credential-use.js'
import { recordNotice } from './record-notice.js'
import { recordRun } from './record-run.js'
import { registerSwarm } from './register-swarm.js'
import { releaseTask } from './release-task.js'
import { reportMilestone } from './report-milestone.js'
import { reportUsage } from './report-usage.js'
import { resolveBlocker } from './resolve-blocker.js'
import { retireSwarm } from './retire-swarm.js'
import { retryTask } from './retry-task.js'
import { sendMessage } from './send-message.js'
import type { FabricState } from './state.js'
import { takeApproval } from './take-approval.js'
import { tick } from './tick.js'
import type { Decide, Decision, DecisionContext } from './transition.js'
import { resetBreaker, tripBreaker } from './trip-breaker.js'

const DECIDERS: { readonly [Type in CommandType]: Decide<Type> } = {
  register_swarm: registerSwarm,
  retire_swarm: retireSwarm,
  create_task: createTask,
  import_board: importBoard,
  cancel_task: cancelTask,
  retry_task: retryTask,
  offer_next: offerNext,
  claim_task: claimTask,
  heartbeat,
  report_milestone: reportMilestone,
  release_task: releaseTask,
  fail_task: failTask,
  complete_task: completeTask,
  raise_blocker: raiseBlocker,
  assign_helpers: assignHelpers,
  answer_help: answerHelp,
  resolve_blocker: resolveBlocker,
  send_message: sendMessage,
  acknowledge_inbox: acknowledgeInbox,
  issue_token: issueToken,
  rotate_token: rotateToken,
  revoke_token: revokeToken,
  grant_capabilities: grantCapabilities,
  report_usage: reportUsage,
  extend_budget: extendBudget,
  admit_call: admitCall,
  report_call: reportCall,
  trip_breaker: tripBreaker,
  reset_breaker: resetBreaker,
  apply_policy: applyPolicy,
  ask_human: askHuman,
  answer_escalation: answerEscalation,
  take_approval: takeApproval,
  record_notice: recordNotice,
  load_module: loadModule,
  unload_module: unloadModule,
  issue_credential: issueCredential,
  rotate_credential: rotateCredential,
  revoke_credential: revokeCredential,
  record_credential_use: recordCredentialUse,
  record_credential_refusal: recordCredentialRefusal,
  record_run: recordRun,
  tick,
}

/**
 * What a command leads to in this state. Pure: it changes nothing, reads no clock, and refuses by throwing a coded
 * `FabricError`.
 */
export function decide(
  state: FabricState,
  command: CoordinatorCommand,
  context: DecisionContext,
): Decision<Replies[CommandType]> {
  return deciderOf(command)(state, command, context)
}

/** The table's type ties each command to its decider; TypeScript cannot follow that through an index. */
function deciderOf<Type extends CommandType>(command: CommandOf<Type>): Decide<Type> {
  return DECIDERS[command.type as Type]
}
