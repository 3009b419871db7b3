import * as z from 'zod'
import { CAPABILITY_PATTERN } from '../../model/capability.js'
import { LIMITS } from '../../model/limits.js'
import * as field from '../../user-file/file-fields.js'
import { RULE_PATTERN } from '../capabilities/names.js'
import { type BreakerPolicy, type CapabilityRule, DEFAULT_GOVERNOR_POLICY, type HelpPolicy } from './policy.js'
import { BOUNDS } from './policy-schema.js'

const { breaker, help, ...policy } = DEFAULT_GOVERNOR_POLICY

const rule = z
  .strictObject({
    granted_only: field.flag('Whether it counts only when an administrator granted it to the swarm.').exactOptional(),
    minimum_reputation: field.fraction('Least reputation of a swarm, 0 to 1.').exactOptional(),
    minimum_tier: field.id('Least model tier of a swarm.').exactOptional(),
    max_cost: field.dollars('Most that a task which needs it may cost, in dollars.').exactOptional(),
  })
  .refine((rules) => Object.keys(rules).length > 0, { error: 'asks for nothing. Add a rule, or remove it.' })
  .transform(({ granted_only, minimum_reputation, minimum_tier, max_cost }): CapabilityRule => {
    return {
      ...(granted_only !== undefined && { grantedOnly: granted_only }),
      ...(minimum_reputation !== undefined && { minimumReputation: minimum_reputation }),
      ...(minimum_tier !== undefined && { minimumTier: minimum_tier }),
      ...(max_cost !== undefined && { maxCostNanos: max_cost }),
    }
  })
  .describe('What is asked of whoever does work that needs this capability.')

const ruleName = field.name(RULE_PATTERN, 'is neither domain:skill nor domain:*. Write one such as deploy:production.')

/** `resource_policy`: who gets work, how many at once, and for how much. */
export const resourcePolicySection = z
  .strictObject({
    max_swarms_per_task: field
      .whole(BOUNDS.swarmsPerTask, 'Most swarms at one task, its holder and helpers together.')
      .default(policy.maxSwarmsPerTask),
    max_cost_per_task: field
      .dollarsOrUnlimited(
        'Most that the claims of a task may cost together, and most that all help with it may, in dollars; unlimited for no bound.',
      )
      .prefault(field.dollarText(policy.maxCostPerTaskNanos ?? 0)),
    min_capability_match: field
      .fraction('Least part of the needed capabilities that a swarm must have, 0 to 1.')
      .prefault(policy.minCapabilityMatch),
    circuit_breaker_failure_threshold: field
      .whole(BOUNDS.failures, 'Failures in a row that open the circuit breaker of a swarm.')
      .default(breaker.failureThreshold),
    minimum_reputation: field
      .fraction('Reputation below which a swarm gets no work, 0 to 1.')
      .prefault(policy.minReputation),
    tiers: z
      .array(field.id('Name of a tier.'))
      .max(LIMITS.listItems)
      .refine((tiers) => new Set(tiers).size === tiers.length, { error: 'names a tier twice. Keep one.' })
      .describe('Model tiers from the smallest to the largest. A tier that is not named must match exactly.')
      .default([...policy.tiers]),
    assumed_cost_per_hour: field
      .dollars('Rate of a swarm that names none, in dollars an hour.')
      .prefault(field.dollarText(policy.assumedCostPerHourNanos)),
    known_capabilities_only: field
      .flag('Whether a capability that no registry names is refused.')
      .default(policy.knownCapabilitiesOnly),
    capability_rules: z
      .record(ruleName, rule)
      .describe(
        'Rules by capability, or by domain:* for every capability of a domain. The exact name goes before the domain.',
      )
      .prefault({}),
  })
  .prefault({})
  .describe('Who gets work, how many at once, and for how much.')

/** `capability_registry`: the user's own capabilities. */
export const capabilityRegistrySection = z
  .record(
    field.name(CAPABILITY_PATTERN, 'is no capability. Write domain:skill, such as game:balance.'),
    field.line('What a swarm that has it can do, in one line.'),
  )
  .prefault({})
  .describe('Your own capabilities beside the built-in ones: name and meaning.')

/** `breakers`: how the circuit breaker of each swarm opens and closes; when it opens by failures in a row is above. */
export const breakersSection = z
  .strictObject({
    window_calls: field.whole(BOUNDS.windowCalls, 'Newest calls that are looked at.').default(breaker.windowCalls),
    minimum_calls: field
      .whole(BOUNDS.windowCalls, 'Calls there must be before their failure rate counts.')
      .default(breaker.minimumCalls),
    failure_rate_percent: field
      .whole(BOUNDS.percent, 'Percent of the looked-at calls that must fail to open it.')
      .default(breaker.failureRatePercent),
    open_for: field
      .duration(BOUNDS.openMs, 'How long it is open the first time; each time doubles it.')
      .prefault(field.durationText(breaker.openMs)),
    max_open_for: field
      .duration(BOUNDS.openMs, 'Longest time that it is open.')
      .prefault(field.durationText(breaker.maxOpenMs)),
    probes: field.whole(BOUNDS.probes, 'Calls that a half-open one lets through.').default(breaker.probes),
    probe_for: field
      .duration(BOUNDS.probeMs, 'How long such a call may take before it counts as failed.')
      .prefault(field.durationText(breaker.probeMs)),
    runaway_refusals: field
      .whole(BOUNDS.refusals, 'Refusals of one call, each within five seconds of the last, that open it.')
      .default(breaker.runawayRefusals),
  })
  .refine(({ minimum_calls, window_calls }) => minimum_calls <= window_calls, {
    path: ['minimum_calls'],
    error: 'is above window_calls, so the failure rate would never count. Lower it, or raise window_calls.',
  })
  .refine(({ open_for, max_open_for }) => open_for <= max_open_for, {
    path: ['open_for'],
    error: 'is above max_open_for. Lower it, or raise max_open_for.',
  })
  .transform(
    (section): Omit<BreakerPolicy, 'failureThreshold'> => ({
      windowCalls: section.window_calls,
      minimumCalls: section.minimum_calls,
      failureRatePercent: section.failure_rate_percent,
      openMs: section.open_for,
      maxOpenMs: section.max_open_for,
      probes: section.probes,
      probeMs: section.probe_for,
      runawayRefusals: section.runaway_refusals,
    }),
  )
  .prefault({})
  .describe('How the circuit breaker of each swarm opens and closes.')

/** `help`: who asks helpers, and how long they have. */
export const helpSection = z
  .strictObject({
    automatic: field
      .flag('Whether the fabric asks helpers by itself; otherwise the orchestrator does.')
      .default(help.automatic),
    answer_within: field
      .duration(BOUNDS.helpMs, 'How long a helper may take to answer.')
      .prefault(field.durationText(help.answerMs)),
    silent_for: field
      .duration(BOUNDS.helpMs, 'How long a helper that accepted may be silent.')
      .prefault(field.durationText(help.leaseMs)),
  })
  .transform(({ automatic, answer_within, silent_for }): HelpPolicy => {
    return { automatic, answerMs: answer_within, leaseMs: silent_for }
  })
  .prefault({})
  .describe('How a swarm that is stuck gets help.')

/** `escalation`: how long questions wait for a person. */
export const escalationSection = z
  .strictObject({
    expires_after: field
      .duration(BOUNDS.escalationMs, 'How long a question waits for a person, unless it says otherwise.')
      .prefault(field.durationText(policy.escalationMs)),
  })
  .prefault({})
  .describe('How questions for people are asked.')
