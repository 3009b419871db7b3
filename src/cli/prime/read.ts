import type { CallOptions } from '../../client/call.js'
import type { FabricClient } from '../../client/client.js'
import type { BreakerView } from '../../operations/governor-views.js'
import type { SwarmDetailView, TaskDetailView } from '../../operations/views.js'
import { type Briefing, type HeldClaim, type Stop, WORTH_READING } from './briefing.js'

/** A session that begins waits for this; a fabric that does not answer in time is as good as none. */
const PATIENCE_MS = 3_000
/** Questions that are looked through for those of one swarm, oldest first. */
const OPEN_QUESTIONS = 200

/** Asks the fabric what a swarm should know now, by default that of the token, or a person. Changes nothing in it. */
export async function readBriefing(
  fabric: FabricClient,
  as: string | undefined,
  timeoutMs = PATIENCE_MS,
): Promise<Briefing> {
  const within = { timeoutMs }
  const swarm = as ?? (await fabric.token.whoami({}, within)).swarm
  const [status, ready, questions, own] = await Promise.all([
    fabric.fabric.status({}, within),
    fabric.task.ready({ swarm, limit: WORTH_READING }, within),
    fabric.escalation.list({ state: 'open', limit: OPEN_QUESTIONS }, within),
    swarm === undefined ? undefined : readOwn(fabric, swarm, within),
  ])
  const asked = questions.items.filter(({ asker }) => swarm === undefined || asker === `swarm:${swarm}`)
  // What is ready is ready for others, too; a swarm that gets no work must not be led to it.
  const barred = own?.stops.some(({ task }) => task === undefined) === true
  return {
    ...(own === undefined ? { stops: [], claims: [], helping: [], messages: [], capabilities: [], more: {} } : own),
    fabric: { name: status.name, url: fabric.url, tasks: status.tasks },
    questions: asked.map(({ id, asker, question }) => ({ escalation: id, asker, question })),
    ready: barred ? [] : ready.items.map(({ id, title }) => ({ task: id, title })),
  }
}

type Own = Omit<Briefing, 'fabric' | 'questions' | 'ready'>

async function readOwn(fabric: FabricClient, id: string, within: CallOptions): Promise<Own> {
  const [detail, inbox, breaker] = await Promise.all([
    fabric.swarm.show({ swarm: id }, within),
    fabric.inbox.read({ swarm: id, limit: WORTH_READING }, within),
    fabric.breaker.show({ swarm: id }, within),
  ])
  const held = detail.claims.slice(0, WORTH_READING)
  const tasks = await Promise.all(held.map(({ task }) => fabric.task.show({ task }, within)))
  const { swarm, helping } = detail
  const unseen = inbox.unread - inbox.messages.length
  const unshown = detail.claims.length - held.length
  return {
    swarm: swarm.id,
    ...(swarm.tier !== undefined && { tier: swarm.tier }),
    stops: [...breakerStops(breaker), ...tasks.flatMap((task) => claimStops(task, id))],
    claims: held.flatMap((claim, index) => heldClaim(claim, tasks[index], id)),
    helping: helping.map(({ blocker, task, epoch }) => ({ blocker, task, ...(epoch !== undefined && { epoch }) })),
    messages: inbox.messages.map(({ index, kind, from, text, task }) => ({
      ...{ index, kind, from, text },
      ...(task !== undefined && { task }),
    })),
    capabilities: swarm.capabilities,
    more: { ...(unseen > 0 && { messages: unseen }), ...(unshown > 0 && { claims: unshown }) },
  }
}

function breakerStops({ state, latched, reason = 'too many failures', opensUntil }: BreakerView): Stop[] {
  if (state !== 'open') return []
  const until = latched
    ? 'until an administrator closes it'
    : opensUntil === undefined
      ? 'for now'
      : `until ${opensUntil}`
  return [{ reason: `your circuit breaker is open ${until} (${reason}): you get no work. Stop, and say so.` }]
}

function claimStops({ task }: TaskDetailView, swarm: string): Stop[] {
  if (task.claim?.swarm !== swarm || task.claim.stoppedAt === undefined) return []
  return [{ task: task.id, reason: 'your claim is stopped: its budget is spent. Stop working on it.' }]
}

/** Between the two questions it may have ended. */
function heldClaim(
  claim: SwarmDetailView['claims'][number],
  detail: TaskDetailView | undefined,
  swarm: string,
): HeldClaim[] {
  const { task, epoch, stuck } = claim
  if (detail === undefined || detail.task.claim?.swarm !== swarm || detail.task.claim.epoch !== epoch) return []
  const percent = detail.task.progress.at(-1)?.percent ?? 0
  const lease = detail.leaseEndsAt === undefined ? {} : { leaseEndsAt: detail.leaseEndsAt }
  return [{ task, epoch, title: detail.task.title, percent, stuck, ...lease }]
}
