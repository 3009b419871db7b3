import * as z from 'zod'
import { chassisPolicyShape } from '../../chassis/policy/policy-schema.js'
import { CAPABILITY_PATTERN } from '../../model/capability.js'
import { ID_PATTERN } from '../../model/ids.js'
import { LIMITS } from '../../model/limits.js'
import { DAY_MS } from '../../model/time.js'
import { LINE_PATTERN } from '../../user-file/file-fields.js'
import { RULE_PATTERN } from '../capabilities/names.js'

/** Least and most of what a policy counts; infrafabric.yaml and the JSON form share them. */
export const BOUNDS = {
  swarmsPerTask: [1, 1_000],
  failures: [1, 1_000],
  /** Outcomes are kept for each swarm. */
  windowCalls: [1, 1_000],
  percent: [1, 100],
  openMs: [1, 7 * DAY_MS],
  probes: [1, 100],
  probeMs: [1, 7 * DAY_MS],
  refusals: [2, 1_000_000],
  helpMs: [1, 30 * DAY_MS],
  escalationMs: [1, 365 * DAY_MS],
} as const satisfies Record<string, readonly [least: number, most: number]>

/** Names of models as vendors and gateways write them: `claude-sonnet-4-5`, `openai/gpt-5@2025-08-07`. */
export const MODEL_PATTERN = /^[A-Za-z0-9][!-~]{0,127}$/

/** An id, or `*` for each one without an entry of its own. */
export const SCOPE_PATTERN = new RegExp(`^(?:\\*|${ID_PATTERN.source.slice(1, -1)})$`)

const whole = ([least, most]: readonly [number, number]) => z.int().min(least).max(most)
const count = z.int().min(0)
const fraction = z.number().min(0).max(1)
const id = z.string().regex(ID_PATTERN)
const line = (maxChars: number) => z.string().max(maxChars).regex(LINE_PATTERN)

const limit = z.strictObject({
  nanos: count.exactOptional(),
  inputTokens: count.exactOptional(),
  outputTokens: count.exactOptional(),
  cachedTokens: count.exactOptional(),
})

const windows = z.strictObject({
  total: limit.exactOptional(),
  day: limit.exactOptional(),
  week: limit.exactOptional(),
  month: limit.exactOptional(),
})

const scopes = z.record(z.string().regex(SCOPE_PATTERN), windows)

const capabilityRule = z.strictObject({
  grantedOnly: z.boolean().exactOptional(),
  minimumReputation: fraction.exactOptional(),
  minimumTier: id.exactOptional(),
  maxCostNanos: count.exactOptional(),
})

const breaker = z
  .strictObject({
    failureThreshold: whole(BOUNDS.failures),
    windowCalls: whole(BOUNDS.windowCalls),
    minimumCalls: whole(BOUNDS.windowCalls),
    failureRatePercent: whole(BOUNDS.percent),
    openMs: whole(BOUNDS.openMs),
    maxOpenMs: whole(BOUNDS.openMs),
    probes: whole(BOUNDS.probes),
    probeMs: whole(BOUNDS.probeMs),
    runawayRefusals: whole(BOUNDS.refusals),
  })
  .refine(({ minimumCalls, windowCalls }) => minimumCalls <= windowCalls, {
    error: 'minimumCalls is more than windowCalls, so the rate would never count',
  })
  .refine(({ openMs, maxOpenMs }) => openMs <= maxOpenMs, { error: 'openMs is more than maxOpenMs' })

const modelPrice = z.strictObject({ inputNanos: count, outputNanos: count, cachedNanos: count })

/** The JSON form of a policy, complete and strict; its size is not looked at here. */
export const policyShape = z.strictObject({
  maxSwarmsPerTask: whole(BOUNDS.swarmsPerTask),
  maxCostPerTaskNanos: count.exactOptional(),
  minCapabilityMatch: fraction,
  minReputation: fraction,
  tiers: z
    .array(id)
    .max(LIMITS.listItems)
    .refine((tiers) => new Set(tiers).size === tiers.length, { error: 'names a tier twice' }),
  assumedCostPerHourNanos: count,
  knownCapabilitiesOnly: z.boolean(),
  capabilityRegistry: z.record(z.string().regex(CAPABILITY_PATTERN), line(LIMITS.titleChars)),
  capabilityRules: z.record(z.string().regex(RULE_PATTERN), capabilityRule),
  breaker,
  help: z.strictObject({ automatic: z.boolean(), answerMs: whole(BOUNDS.helpMs), leaseMs: whole(BOUNDS.helpMs) }),
  escalationMs: whole(BOUNDS.escalationMs),
  budgets: z.strictObject({
    fabric: windows,
    boards: scopes,
    swarms: scopes,
    holdTokens: z.strictObject({ inputTokens: count, outputTokens: count, cachedTokens: count }),
    warnPercent: whole(BOUNDS.percent),
  }),
  prices: z.strictObject({
    version: line(LIMITS.titleChars),
    models: z.record(z.string().regex(MODEL_PATTERN), modelPrice),
  }),
  chassis: chassisPolicyShape.exactOptional(),
})
