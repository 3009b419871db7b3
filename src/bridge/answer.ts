import { Document } from 'yaml'
import { fileStem } from '../board/status-file.js'
import type { BlockerView, InboxView, OfferView } from '../client/operation-types.js'
import { LIMITS } from '../model/limits.js'
import type { AgentMemory, ClaimMemory, Outcome } from './memory.js'

/** What the fabric has for a swarm now. */
export interface LiveFacts {
  readonly inbox?: InboxView
  readonly offer?: OfferView
  /** Open ones of its claims. */
  readonly blockers: readonly BlockerView[]
}

/** Name of the file in which a swarm finds its answer: `ANSWER-SESSION-4-SIP.yaml`. */
export function answerFileName(swarm: string): string {
  return `ANSWER-${fileStem(swarm)}.yaml`
}

export function isAnswerFile(name: string): boolean {
  return /^ANSWER-.+\.yaml$/.test(name)
}

/** The answer as YAML. It has no time of writing: while nothing changes, neither does the file. */
export function answerYaml(swarm: string, memory: AgentMemory, live: LiveFacts): string {
  const [first] = memory.outcomes.filter(
    ({ outcome }) => outcome === 'granted' || outcome === 'refused' || outcome === 'lost',
  )
  const document = new Document({
    swarm,
    answers: { branch: memory.branch, commit: memory.commit, file: memory.file ?? null, blob: memory.blob ?? null },
    claim: first === undefined ? 'none' : claimText(first),
    ...(first && { task: first.task, ...(first.outcome === 'granted' && { epoch: first.epoch }) }),
    tasks: memory.outcomes.slice(0, LIMITS.answerTasks).map(taskRow),
    holds: memory.claims.map(holdRow),
    blockers: live.blockers.slice(0, LIMITS.answerTasks).map(blockerRow),
    next: nextRow(live.offer),
    inbox: inboxRow(live.inbox),
    problems: memory.problems.map(({ line, problem }) => ({ line, problem })),
    not_read: memory.notRead,
  })
  document.commentBefore = ' Written by `ifab bridge git`. Read it, and write into your own status file.'
  return document.toString({ lineWidth: 0 })
}

/** `granted`, or `refused, held by session-2-webrtc`. */
function claimText({ outcome, reason }: Outcome): string {
  return reason === undefined ? outcome : `${outcome}, ${reason}`
}

function taskRow({ task, epoch, ...outcome }: Outcome) {
  return { task, result: claimText({ task, ...outcome }), ...(epoch !== undefined && { epoch }) }
}

/** `stop` tells its holder to stop, and why. */
function holdRow({ task, epoch, leaseEndsAt, stop }: ClaimMemory) {
  return { task, epoch, lease_ends: leaseEndsAt, ...(stop !== undefined && { stop }) }
}

function blockerRow({ id, task, state, kind, needs, waitsFor, helpers }: BlockerView) {
  return {
    id,
    task,
    state,
    kind,
    needs,
    ...(waitsFor !== undefined && { waits_for: waitsFor }),
    helpers: helpers.filter((helper) => helper.state !== 'declined').map(({ swarm }) => swarm),
  }
}

/** What to write into `current_task` when there is room for it; null while there is nothing. */
function nextRow(offer: OfferView | undefined) {
  const { kind, task, blocker } = offer ?? {}
  if (kind === 'help' && blocker !== undefined)
    return { kind, blocker: blocker.id, task: blocker.task, needs: blocker.needs }
  return task === undefined ? null : { kind, task: task.id, title: task.title }
}

/** The newest messages, oldest first. */
function inboxRow(inbox: InboxView | undefined) {
  const messages = inbox?.messages.slice(-LIMITS.answerMessages) ?? []
  return {
    unread: inbox?.unread ?? 0,
    messages: messages.map(({ index, from, at, text, task }) => ({
      index,
      from,
      at,
      text,
      ...(task !== undefined && { task }),
    })),
  }
}

/** The board's file, with the time of the one before while nothing else in it has changed. */
export function boardText(before: string | undefined, fresh: string): string {
  return before !== undefined && withoutTime(before) === withoutTime(fresh) ? before : fresh
}

function withoutTime(text: string): string {
  return text.replace(/^(Board `[^`]*`) at \S+:/m, '$1:')
}
