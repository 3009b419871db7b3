import * as z from 'zod'
import { SERVICE_LEVELS } from '../chassis/service-level/compliance.js'
import { pageOf } from './fields.js'
import { timestamp } from './views.js'

/** Shapes of what the operations about service levels answer. */

/** Absent values were not measured, or not promised. */
const verdictView = z.strictObject({
  verdict: z.enum(['met', 'violated', 'not_promised']),
  /** Milliseconds for `p99`, else a share from 0 to 1. */
  target: z.number().exactOptional(),
  actual: z.number().exactOptional(),
  /** Part of the bad runs that the promise allows which is left, 0 to 1. */
  errorBudget: z.number().exactOptional(),
})

const runsView = z.strictObject({
  runs: z.int(),
  successRate: z.number().exactOptional(),
  availability: z.number().exactOptional(),
  p50Ms: z.int().exactOptional(),
  p95Ms: z.int().exactOptional(),
  p99Ms: z.int().exactOptional(),
})

const violationView = z.strictObject({
  level: z.enum(SERVICE_LEVELS),
  target: z.number(),
  actual: z.number(),
  at: timestamp,
  /** When it was kept again. */
  until: timestamp.exactOptional(),
})

export const sloView = z.strictObject({
  swarm: z.string(),
  /** Runs of all time that counted. */
  runs: z.int(),
  compliance: z.strictObject({ p99: verdictView, success: verdictView, availability: verdictView }),
  violated: z.array(z.enum(SERVICE_LEVELS)).readonly(),
  /** The newest 100. */
  newest: runsView,
  /** What its runs say. */
  reputation: z.number(),
  /** What the governor goes by: the one that was set times the measured one. */
  effectiveReputation: z.number(),
})

export const sloDetailView = z.strictObject({
  ...sloView.shape,
  hour: runsView,
  day: runsView,
  /** Newest last. */
  violations: z.array(violationView).readonly(),
  /** The last reputation of each day on which it was computed, UTC, newest last. */
  history: z.array(z.strictObject({ day: z.string(), reputation: z.number() })).readonly(),
  judgedAt: timestamp.exactOptional(),
})

export const sloPage = pageOf(sloView)

export type SloView = z.output<typeof sloView>
export type SloDetailView = z.output<typeof sloDetailView>
