import * as z from 'zod'
import { IMPORT_ACTIONS, OFFER_KINDS } from '../coordinator/replies.js'
import { BLOCKER_KINDS, BLOCKER_STATES, HELP_STATES } from '../model/blocker.js'
import { MESSAGE_KINDS } from '../model/message.js'
import { SWARM_STATES } from '../model/swarm.js'
import { TASK_KINDS, TASK_STATES } from '../model/task.js'
import { evidence, pageOf, plannedMilestone } from './fields.js'

/** Shapes of what operations answer: the rows of the model with times as RFC 3339 strings. */

export const timestamp = z.iso.datetime({ precision: 3 })
export const index = z.int().min(0)
export const names = z.array(z.string()).readonly()

const claimView = z.strictObject({
  swarm: z.string(),
  epoch: index,
  claimedAt: timestamp,
  leaseMs: z.int(),
  stalledAt: timestamp.exactOptional(),
  freedAt: timestamp.exactOptional(),
  stoppedAt: timestamp.exactOptional(),
})

const milestoneView = z.strictObject({
  percent: z.int(),
  note: z.string().exactOptional(),
  testsPassed: z.int().exactOptional(),
  testsFailed: z.int().exactOptional(),
  nextAction: z.string().exactOptional(),
  at: timestamp,
})

const failureView = z.strictObject({
  swarm: z.string(),
  epoch: index,
  at: timestamp,
  reason: z.string(),
})

export const taskView = z.strictObject({
  id: z.string(),
  title: z.string(),
  description: z.string().exactOptional(),
  kind: z.enum(TASK_KINDS),
  dependencies: names,
  requires: names,
  priority: z.int(),
  estimateMinutes: z.number().exactOptional(),
  tier: z.string().exactOptional(),
  deliverable: z.string().exactOptional(),
  acceptance: names,
  milestones: z.array(plannedMilestone).readonly(),
  keyTests: names,
  board: z.string().exactOptional(),
  owner: z.string().exactOptional(),
  module: z.string().exactOptional(),
  maxCostNanos: z.int().exactOptional(),
  external: z.boolean(),
  state: z.enum(TASK_STATES),
  /** Claimed, with an open blocker. */
  stuck: z.boolean(),
  createdIndex: index,
  createdAt: timestamp,
  updatedAt: timestamp,
  openDependencies: z.int(),
  claim: claimView.exactOptional(),
  attempts: z.int(),
  failures: z.int(),
  lastFailure: failureView.exactOptional(),
  notBefore: timestamp.exactOptional(),
  progress: z.array(milestoneView).readonly(),
  openBlockers: names,
  evidence: z.array(evidence).readonly(),
  summary: z.string().exactOptional(),
  completedBy: z.string().exactOptional(),
  completedEpoch: index.exactOptional(),
  finishedAt: timestamp.exactOptional(),
})

const helperView = z.strictObject({
  swarm: z.string(),
  state: z.enum(HELP_STATES),
  asks: names.exactOptional(),
  since: timestamp.exactOptional(),
  epoch: index.exactOptional(),
  reason: z.string().exactOptional(),
})

export const blockerView = z.strictObject({
  id: z.string(),
  task: z.string(),
  swarm: z.string(),
  epoch: index,
  kind: z.enum(BLOCKER_KINDS),
  state: z.enum(BLOCKER_STATES),
  needs: z.string(),
  requires: names,
  waitsFor: z.string().exactOptional(),
  helpers: z.array(helperView).readonly(),
  /** The hold that its helpers spend from. */
  hold: z.string().exactOptional(),
  replanAt: timestamp.exactOptional(),
  escalation: z.string().exactOptional(),
  raisedAt: timestamp,
  resolvedAt: timestamp.exactOptional(),
  resolvedBy: z.string().exactOptional(),
  resolution: z.string().exactOptional(),
})

export const swarmView = z.strictObject({
  id: z.string(),
  state: z.enum(SWARM_STATES),
  capabilities: names,
  granted: names.exactOptional(),
  tier: z.string().exactOptional(),
  capacity: z.int(),
  metadata: z.record(z.string(), z.string()),
  costPerHourNanos: z.int().exactOptional(),
  reputation: z.number().exactOptional(),
  /** What its runs say of it; absent while nothing is held against it. */
  measuredReputation: z.number().exactOptional(),
  /** What counts: the one that was set, or 1, times the measured one. */
  effectiveReputation: z.number(),
  budgetNanos: z.int().exactOptional(),
  registeredAt: timestamp,
})

export const messageView = z.strictObject({
  index,
  kind: z.enum(MESSAGE_KINDS),
  from: z.string(),
  at: timestamp,
  text: z.string(),
  task: z.string().exactOptional(),
  blocker: z.string().exactOptional(),
  escalation: z.string().exactOptional(),
})

export const grantView = z.strictObject({
  task: z.string(),
  swarm: z.string(),
  epoch: index,
  leaseMs: z.int(),
  leaseEndsAt: timestamp,
  reclaimed: z.boolean(),
})

export const offerView = z.strictObject({
  kind: z.enum(OFFER_KINDS),
  task: taskView.exactOptional(),
  claim: grantView.exactOptional(),
  blocker: blockerView.exactOptional(),
  /** For `none`: there is work, but no budget has room for it. */
  short: z.boolean().exactOptional(),
})

/** Tells a holder to stop, and why. */
export const stopView = z.strictObject({ reason: z.string() })

export const heartbeatView = z.strictObject({
  task: z.string(),
  swarm: z.string(),
  epoch: index,
  leaseEndsAt: timestamp,
  unread: z.int(),
  stop: stopView.exactOptional(),
  budget: z.strictObject({ heldNanos: z.int(), spentNanos: z.int() }).exactOptional(),
  /** The lease is renewed, and the usage that came with it is not booked. */
  usage: z.strictObject({ refused: z.strictObject({ code: z.string(), message: z.string() }) }).exactOptional(),
})

export const taskDetailView = z.strictObject({
  task: taskView,
  stuck: z.boolean(),
  leaseEndsAt: timestamp.exactOptional(),
  criticalPathMinutes: z.number(),
  waitingFor: names,
  dependents: names,
  blockers: z.array(blockerView).readonly(),
})

export const swarmDetailView = z.strictObject({
  swarm: swarmView,
  claims: z.array(z.strictObject({ task: z.string(), epoch: index, stuck: z.boolean() })).readonly(),
  helping: z.array(z.strictObject({ blocker: z.string(), task: z.string(), epoch: index.exactOptional() })).readonly(),
  unread: z.int(),
})

export const cancelView = z.strictObject({ task: taskView, cancelled: names, strandedDependents: names })
export const completionView = z.strictObject({ task: taskView, unblocked: names })
export const retirementView = z.strictObject({ swarm: swarmView, released: names })

export const inboxView = z.strictObject({
  swarm: z.string(),
  messages: z.array(messageView).readonly(),
  acknowledged: z.int().min(-1),
  unread: z.int(),
  dropped: z.int(),
})
export const acknowledgementView = z.strictObject({
  swarm: z.string(),
  acknowledged: z.int().min(-1),
  unread: z.int(),
})

export const importView = z.strictObject({
  board: z.string(),
  dryRun: z.boolean(),
  changes: z.array(z.strictObject({ task: z.string(), action: z.enum(IMPORT_ACTIONS), fields: names })).readonly(),
  missing: names,
})

export const EXPORT_FORMATS = ['markdown', 'json', 'status'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export const exportView = z.strictObject({
  format: z.enum(EXPORT_FORMATS),
  files: z.array(z.strictObject({ name: z.string(), content: z.string() })).readonly(),
})

/** What outside witnesses say. */
const cosigningView = z.strictObject({
  /** Whether a checkpoint with a quorum is there, and how many entries the newest one covers. */
  quorum: z.boolean(),
  size: index,
  witnesses: z
    .array(
      z.strictObject({
        name: z.string(),
        size: index,
        outcome: z.enum(['waiting', 'cosigned', 'ahead', 'fork', 'refused', 'unreachable']),
        reason: z.string().exactOptional(),
      }),
    )
    .readonly(),
})

const journalView = z.strictObject({
  driver: z.string(),
  state: z.enum(['closed', 'open', 'failed']),
  durability: z.enum(['none', 'process', 'power']),
  entries: z.int(),
  bytes: z.int(),
  flushMs: z.number().exactOptional(),
  location: z.string().exactOptional(),
  warning: z.string().exactOptional(),
})

/** The nodes that share the journal, as the one sees them that answers. */
const nodesView = z.strictObject({
  self: z.string(),
  /** Absent while none leads. */
  leader: z.string().exactOptional(),
  term: z.int().exactOptional(),
  /** How old what this node shows may be, milliseconds. */
  ageMs: z.int(),
  members: z
    .array(
      z.strictObject({
        id: z.string(),
        url: z.string(),
        version: z.string(),
        leads: z.boolean(),
        /** Entries of the log in its state, and how many it has fewer than the one that has most. */
        position: z.int(),
        lag: z.int(),
      }),
    )
    .readonly(),
})

export const statusView = z.strictObject({
  name: z.string(),
  state: z.enum(['running', 'recovering', 'failed', 'closed']),
  startedAt: timestamp,
  entries: z.int(),
  tasks: z.record(z.enum(TASK_STATES), z.int()),
  stuck: z.int(),
  swarms: z.int(),
  openBlockers: z.int(),
  openEscalations: z.int(),
  openBreakers: z.int(),
  spentNanos: z.int(),
  waitingSwarms: z.int(),
  subscribers: z.int(),
  journal: journalView,
  /** `size` entries are in the tree, of which the last checkpoint covers `signed`. */
  witness: z
    .strictObject({ vkey: z.string(), size: index, signed: index, cosigning: cosigningView.exactOptional() })
    .exactOptional(),
  /** Absent where one process has the journal to itself. */
  nodes: nodesView.exactOptional(),
})

/** Entries as they are stored, each a CloudEvents JSON object. */
export const logView = z.strictObject({
  entries: z.array(z.record(z.string(), z.unknown())).readonly(),
  /** Pass as `from` to read on. */
  next: index,
  /** Entries in the log. */
  size: index,
})

/** `note` is the checkpoint as a signed note; `cosigning` is there when outside witnesses are configured. */
export const checkpointView = z.strictObject({
  note: z.string(),
  origin: z.string(),
  size: index,
  /** Base64. */
  root: z.string(),
  vkey: z.string(),
  cosigning: cosigningView.exactOptional(),
})

/** `proof` is a `.tlog-proof`, `entry` the entry as it is stored and hashed. */
export const proofView = z.strictObject({ index, proof: z.string(), entry: z.string() })

export const rotationView = z.strictObject({ vkey: z.string(), previous: z.string(), signature: z.string() })

export const taskPage = pageOf(taskView)
export const blockerPage = pageOf(blockerView)
export const swarmPage = pageOf(swarmDetailView)

export type TaskView = z.output<typeof taskView>
export type BlockerView = z.output<typeof blockerView>
export type SwarmView = z.output<typeof swarmView>
export type MessageView = z.output<typeof messageView>
export type GrantView = z.output<typeof grantView>
export type OfferView = z.output<typeof offerView>
export type TaskDetailView = z.output<typeof taskDetailView>
export type SwarmDetailView = z.output<typeof swarmDetailView>
export type InboxView = z.output<typeof inboxView>
export type StatusView = z.output<typeof statusView>
