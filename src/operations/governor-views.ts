import * as z from 'zod'
import { COST_DIMENSIONS } from '../coordinator/governor-queries.js'
import { BREAKER_STATES, TRIP_CAUSES } from '../model/breaker.js'
import { ESCALATION_KINDS, ESCALATION_SEVERITIES, ESCALATION_STATES } from '../model/escalation.js'
import { pageOf } from './fields.js'
import { index, names, stopView, timestamp } from './views.js'

/** Shapes of what the operations of the governor answer. Money is in nano-dollars. */

const nanos = z.int()

const amountView = z.strictObject({
  nanos,
  inputTokens: z.int(),
  outputTokens: z.int(),
  cachedTokens: z.int(),
})

export const usageView = z.strictObject({
  task: z.string(),
  swarm: z.string(),
  epoch: index,
  amount: amountView,
  /** It was booked before under the same id. */
  repeated: z.boolean(),
  /** The claim had ended. */
  late: z.boolean(),
  heldNanos: nanos,
  spentNanos: nanos,
  stop: stopView.exactOptional(),
})

export const candidacyView = z.strictObject({
  swarm: z.string(),
  eligible: z.boolean(),
  match: z.number(),
  reputation: z.number(),
  costPerHourNanos: nanos,
  /** Absent for a free swarm, which comes before all others. */
  score: z.number().exactOptional(),
  obstacle: z.strictObject({ check: z.string(), reason: z.string() }).exactOptional(),
})

export const capabilityView = z.strictObject({
  name: z.string(),
  meaning: z.string(),
  /** Whether the policy adds it to the built-in ones. */
  own: z.boolean(),
  grantedOnly: z.boolean(),
})

export const explanationView = z.strictObject({
  task: z.string(),
  swarm: z.string(),
  allowed: z.boolean(),
  checks: z
    .array(z.strictObject({ check: z.string(), passed: z.boolean(), reason: z.string().exactOptional() }))
    .readonly(),
})

export const breakerView = z.strictObject({
  swarm: z.string(),
  state: z.enum(BREAKER_STATES),
  generation: index,
  calls: z.int(),
  failures: z.int(),
  consecutiveFailures: z.int(),
  trips: z.int(),
  latched: z.boolean(),
  cause: z.enum(TRIP_CAUSES).exactOptional(),
  reason: z.string().exactOptional(),
  openedAt: timestamp.exactOptional(),
  opensUntil: timestamp.exactOptional(),
  probes: z.array(z.strictObject({ id: index, deadline: timestamp, succeeded: z.boolean() })).readonly(),
})

export const permitView = z.strictObject({
  swarm: z.string(),
  generation: index,
  probe: index.exactOptional(),
  deadline: timestamp.exactOptional(),
})

export const callView = z.strictObject({ counted: z.boolean(), breaker: breakerView })

export const policyView = z.strictObject({
  digest: z.string(),
  /** Whether it is the built-in one, because this fabric was never told another. */
  builtIn: z.boolean(),
  policy: z.record(z.string(), z.unknown()),
})

export const appliedView = z.strictObject({ digest: z.string(), changed: z.boolean() })

const costRow = z.strictObject({
  name: z.string(),
  heldNanos: nanos,
  settled: amountView,
  wastedNanos: nanos,
})

export const costView = z.strictObject({
  by: z.enum(COST_DIMENSIONS),
  rows: z.array(costRow).readonly(),
  nextCursor: z.string().exactOptional(),
  total: costRow,
})

const limitView = z.strictObject({
  nanos: nanos.exactOptional(),
  inputTokens: z.int().exactOptional(),
  outputTokens: z.int().exactOptional(),
  cachedTokens: z.int().exactOptional(),
})

export const budgetView = z.strictObject({
  id: z.string(),
  scope: z.string(),
  window: z.string(),
  /** Absent where nothing limits the account any more. */
  limit: limitView.exactOptional(),
  settled: amountView,
  held: amountView,
  wastedNanos: nanos,
  extendedNanos: nanos,
  frozenAt: timestamp.exactOptional(),
})

export const escalationView = z.strictObject({
  id: z.string(),
  kind: z.enum(ESCALATION_KINDS),
  state: z.enum(ESCALATION_STATES),
  severity: z.enum(ESCALATION_SEVERITIES),
  asker: z.string(),
  question: z.string(),
  context: z.record(z.string(), z.string()),
  options: names,
  task: z.string().exactOptional(),
  blocker: z.string().exactOptional(),
  swarm: z.string().exactOptional(),
  account: z.string().exactOptional(),
  digest: z.string().exactOptional(),
  policy: z.string().exactOptional(),
  notified: names.exactOptional(),
  openedAt: timestamp,
  expiresAt: timestamp,
  endedAt: timestamp.exactOptional(),
  answeredBy: z.string().exactOptional(),
  option: z.string().exactOptional(),
  answer: z.string().exactOptional(),
})

export const candidacyPage = pageOf(candidacyView)
export const breakerPage = pageOf(breakerView)
export const budgetPage = pageOf(budgetView)
export const escalationPage = pageOf(escalationView)

export type UsageView = z.output<typeof usageView>
export type CandidacyView = z.output<typeof candidacyView>
export type BreakerView = z.output<typeof breakerView>
export type BudgetView = z.output<typeof budgetView>
export type EscalationView = z.output<typeof escalationView>
export type CostView = z.output<typeof costView>
export type ExplanationView = z.output<typeof explanationView>
