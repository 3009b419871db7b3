import type { Replies } from '../coordinator/commands.js'
import type { Page, SwarmDetail, TaskDetail } from '../coordinator/queries.js'
import type { CancelReport, ClaimGrant, HeartbeatReply, Offer } from '../coordinator/replies.js'
import type { FabricStatus, InboxPage } from '../fabric/fabric.js'
import { reputationOf } from '../governor/match.js'
import type { BlockerRow } from '../model/blocker.js'
import type { Message } from '../model/message.js'
import type { SwarmRow } from '../model/swarm.js'
import { type Claim, isStuck, type TaskRow } from '../model/task.js'
import { formatTimestamp } from '../model/time.js'
import type {
  BlockerView,
  GrantView,
  InboxView,
  MessageView,
  OfferView,
  StatusView,
  SwarmDetailView,
  SwarmView,
  TaskDetailView,
  TaskView,
} from './views.js'

/**
 * Rows of the model as callers see them. Only times change their form, so a row is copied and its times replaced; the
 * tests hold the result against the schemas in `views.ts`.
 */

export function presentTask(row: TaskRow): TaskView {
  const { claim, lastFailure, notBefore, finishedAt, ...rest } = row
  return {
    ...rest,
    stuck: isStuck(row),
    createdAt: formatTimestamp(row.createdAt),
    updatedAt: formatTimestamp(row.updatedAt),
    progress: row.progress.map((report) => ({ ...report, at: formatTimestamp(report.at) })),
    ...(claim && { claim: presentClaim(claim) }),
    ...(lastFailure && { lastFailure: { ...lastFailure, at: formatTimestamp(lastFailure.at) } }),
    ...(notBefore !== undefined && { notBefore: formatTimestamp(notBefore) }),
    ...(finishedAt !== undefined && { finishedAt: formatTimestamp(finishedAt) }),
  }
}

function presentClaim({ stalledAt, freedAt, stoppedAt, ...claim }: Claim): NonNullable<TaskView['claim']> {
  return {
    ...claim,
    claimedAt: formatTimestamp(claim.claimedAt),
    ...(stalledAt !== undefined && { stalledAt: formatTimestamp(stalledAt) }),
    ...(freedAt !== undefined && { freedAt: formatTimestamp(freedAt) }),
    ...(stoppedAt !== undefined && { stoppedAt: formatTimestamp(stoppedAt) }),
  }
}

export function presentBlocker({ resolvedAt, replanAt, helpers, ...row }: BlockerRow): BlockerView {
  return {
    ...row,
    helpers: helpers.map(({ since, ...helper }) => ({
      ...helper,
      ...(since !== undefined && { since: formatTimestamp(since) }),
    })),
    raisedAt: formatTimestamp(row.raisedAt),
    ...(replanAt !== undefined && { replanAt: formatTimestamp(replanAt) }),
    ...(resolvedAt !== undefined && { resolvedAt: formatTimestamp(resolvedAt) }),
  }
}

export function presentSwarm(row: SwarmRow): SwarmView {
  return { ...row, effectiveReputation: reputationOf(row), registeredAt: formatTimestamp(row.registeredAt) }
}

export function presentMessage(message: Message): MessageView {
  return { ...message, at: formatTimestamp(message.at) }
}

export function presentGrant(grant: ClaimGrant): GrantView {
  return { ...grant, leaseEndsAt: formatTimestamp(grant.leaseEndsAt) }
}

export function presentOffer({ kind, task, claim, blocker, short }: Offer): OfferView {
  return {
    kind,
    ...(task && { task: presentTask(task) }),
    ...(claim && { claim: presentGrant(claim) }),
    ...(blocker && { blocker: presentBlocker(blocker) }),
    ...(short !== undefined && { short }),
  }
}

export function presentHeartbeat(reply: HeartbeatReply) {
  return { ...reply, leaseEndsAt: formatTimestamp(reply.leaseEndsAt) }
}

export function presentTaskDetail({ leaseEndsAt, ...detail }: TaskDetail): TaskDetailView {
  return {
    ...detail,
    task: presentTask(detail.task),
    blockers: detail.blockers.map(presentBlocker),
    ...(leaseEndsAt !== undefined && { leaseEndsAt: formatTimestamp(leaseEndsAt) }),
  }
}

export function presentSwarmDetail(detail: SwarmDetail): SwarmDetailView {
  return { ...detail, swarm: presentSwarm(detail.swarm) }
}

export function presentCancel(report: CancelReport) {
  return { ...report, task: presentTask(report.task) }
}

export function presentCompletion(reply: Replies['complete_task']) {
  return { ...reply, task: presentTask(reply.task) }
}

export function presentRetirement(reply: Replies['retire_swarm']) {
  return { ...reply, swarm: presentSwarm(reply.swarm) }
}

export function presentInbox(page: InboxPage): InboxView {
  return { ...page, messages: page.messages.map(presentMessage) }
}

export function presentStatus(status: FabricStatus): StatusView {
  return { ...status, startedAt: formatTimestamp(status.startedAt) }
}

export function presentPage<Row, View>(page: Page<Row>, present: (row: Row) => View) {
  return { ...page, items: page.items.map(present) }
}
