import type { ErrorCode } from '../../model/errors.js'

/** What an agent does next about each error, in terms of the tools that it has. */
export const HINTS: Readonly<Record<ErrorCode, string>> = {
  INVALID_ARGUMENT: 'Mend the arguments that the message names and call again.',
  NOT_FOUND: 'Check the id, for example with show_task.',
  ALREADY_CLAIMED: 'Leave this task to its holder; call next_task for other work.',
  STALE_CLAIM: 'Stop this work at once and change nothing more for it; call next_task.',
  BLOCKED_BY: 'Its dependencies come first; call next_task.',
  WRONG_STATE: 'See its state with show_task, then call next_task.',
  CONFLICT: 'Take another id, or see what is there with show_task.',
  NOT_ELIGIBLE: 'This task asks for other capabilities; call next_task.',
  BUDGET_EXCEEDED: 'Stop spending: release_task what you hold, and escalate_to_human if it matters.',
  BREAKER_OPEN: 'Take no new work. Call wait_for_work, which tells when your breaker closes.',
  POLICY_VIOLATION: 'The policy forbids this. Do something else, or escalate_to_human.',
  UNAUTHENTICATED: 'The token is missing, over or revoked. Ask your user to connect again.',
  FORBIDDEN: 'Your token does not allow this. Ask your user, or escalate_to_human.',
  RATE_LIMITED: 'Wait some seconds and call again.',
  UNAVAILABLE: 'Call again in some seconds; a claim of yours stays good meanwhile.',
  FENCED: 'Call again.',
  AMBIGUOUS: 'It may have happened: look with show_task, then call again.',
  DATA_LOCKED: 'Another process owns the data directory. Tell your user.',
  DATA_CORRUPT: 'Stop and tell your user.',
  LOG_DIVERGED: 'Stop and tell your user.',
  PROOF_INVALID: 'Stop and tell your user.',
  DATA_TOO_NEW: 'Stop and tell your user.',
  STORAGE_FAILED: 'Call again in some seconds; if it stays so, tell your user.',
  INTERNAL: 'Tell your user what you called and what it said.',
}
