import { describe, expect, test } from 'vitest'
import { Simulation } from './simulation.js'

/** What the runs together have to lead to, so that each rule is put to the test; what is rare has many chances. */
const COVERED = [
  'swarm_retired task_claimed task_released task_attempt_failed task_failed task_completed task_cancelled task_retried',
  'task_archived task_unblocked task_updated task_stalled task_stall_ended milestone_reported board_imported',
  'blocker_raised blocker_resolved help_requested help_accepted help_declined help_unavailable inboxes_acknowledged',
  'policy_applied capabilities_granted usage_reported budget_warned budget_frozen budget_extended claim_stopped',
  'breaker_opened breaker_half_opened breaker_closed call_admitted call_reported',
  'escalation_opened escalation_answered escalation_expired approval_taken',
  'credential_issued credential_revoked credential_used credential_refused',
  'run_ended service_level_violated service_level_restored reputation_aged',
].flatMap((line) => line.split(' '))
const REFUSED = ['STALE_CLAIM', 'NOT_ELIGIBLE', 'BUDGET_EXCEEDED', 'BREAKER_OPEN', 'POLICY_VIOLATION', 'FORBIDDEN']

/** `SEED=7` runs that one; `SIMULATIONS=500` runs more of them than usual. */
const { SEED, SIMULATIONS } = process.env
const seeds =
  SEED === undefined ? Array.from({ length: Number(SIMULATIONS ?? 6) }, (_, position) => position + 1) : [Number(SEED)]

describe('a fabric under a random crowd, with faults, restarts and jumps of time', () => {
  const seen = new Set<string>()
  const refused = new Set<string>()

  test.each(seeds)('keeps every invariant with SEED=%i', async (seed) => {
    const report = await new Simulation({ seed, swarms: 200, steps: 120 }).run()
    expect(report.accepted).toBeGreaterThan(200)
    for (const type of Object.keys(report.seen)) seen.add(type)
    for (const code of Object.keys(report.refused)) refused.add(code)
    if (SEED !== undefined) console.info(report)
  })
  test.skipIf(SEED !== undefined)('leads to everything that the rules are about', () => {
    expect(COVERED.filter((type) => !seen.has(type))).toEqual([])
    expect(REFUSED.filter((code) => !refused.has(code))).toEqual([])
  })
})
