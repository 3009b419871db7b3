import { sharedMs } from './clock.mjs'
import { readNotebooks } from './notebook.mjs'
import { SCRIPT } from './script.mjs'
import { heard } from './stage.mjs'
import { brokenClaims, changedEntries, missingChanges } from './verify.mjs'

/** Thrown when something that was promised did not happen. */
class BrokenPromise extends Error {}

export function promise(kept, what) {
  if (!kept) throw new BrokenPromise(what)
}

/** Two swarms claim one task at the same instant; one gets it, the other is told who has it. */
export async function race({ swarms }) {
  const { task } = SCRIPT.race
  const racers = SCRIPT.race.swarms.map((name) => swarms.get(name))
  const at = sharedMs() + 150
  const losses = racers.map((child) => heard(child, (message) => message.lost !== undefined))
  for (const child of racers) child.send({ order: 'race', task, at })
  const loss = await Promise.race(losses)
  promise(loss.lost === 'ALREADY_CLAIMED' && loss.task === task, `the loser of ${task} got ${loss.lost}`)
}

/** Checks the race in the log, when it is over for good: one claim, by one of the two. */
export function raceOutcome(events) {
  const claims = claimsOf(events, SCRIPT.race.task)
  promise(claims.length === 1 && SCRIPT.race.swarms.includes(claims[0].data.swarm), 'the race had no single winner')
  return claims[0].data.swarm
}

/** A stuck swarm is helped by another one that the governor asked, under the helper's own epoch. */
export async function help({ ledger }) {
  const raised = await ledger.until(
    ({ kind, event }) => kind === 'blocker_raised' && event.data.task === SCRIPT.stuck.task,
  )
  const about = (wanted) => (entry) => entry.kind === wanted && entry.event.subject === raised.event.subject
  const requested = await ledger.until(about('help_requested'))
  const accepted = await ledger.until(about('help_accepted'))
  const resolved = await ledger.until(about('blocker_resolved'))
  const { cause, by } = resolved.event.data
  const holder = raised.event.data.swarm
  promise(cause === 'resolved' && by !== holder, `the blocker of ${SCRIPT.stuck.task} ended by ${by ?? cause}`)
  promise(accepted.index !== raised.event.data.epoch, 'the helper had no epoch of its own')
  const asks = requested.event.data.asks?.[by] ?? []
  promise(
    SCRIPT.stuck.requires.every((each) => asks.includes(each)),
    `the governor asked ${by} for ${asks.join()}`,
  )
  return { holder, by, task: SCRIPT.stuck.task, epoch: accepted.index, raised }
}

/** A swarm is killed at work, another takes its task over, and what the dead one says later is refused. */
export async function takeOver({ ledger, stage, swarms, profiles }) {
  const start = ledger.entries.length
  const specs = ledger.specs()
  const holds = new Map()
  const isVictim = ({ kind, event, index }) => {
    const { subject, data } = event
    trackClaims(holds, kind, event)
    if (kind !== 'milestone_reported' || index < start || data.percent > 50) return false
    if (data.swarm === SCRIPT.runaway.swarm || ELSEWHERE.has(subject)) return false
    return holds.get(data.swarm).size === 1 && isLongAndShared(specs.get(subject), profiles)
  }
  const { event: milestone } = await ledger.until(isVictim)
  const { subject: task, data } = milestone
  const { epoch } = data
  const signal = await stage.kill(swarms.get(data.swarm))
  promise(signal === 'SIGKILL', `${data.swarm} ended by ${signal}`)
  const killedAt = sharedMs()
  const released = await ledger.until(({ kind, event }) => kind === 'task_released' && event.data.epoch === epoch)
  promise(released.event.data.cause === 'lease_expired', `${task} was released by ${released.event.data.cause}`)
  const again = await ledger.until(
    ({ kind, event }) => kind === 'task_claimed' && event.subject === task,
    released.index,
  )
  promise(again.event.data.swarm !== data.swarm && again.index > epoch, `${task} was not taken over`)
  const refusal = await returnOf({ swarms, stage }, data.swarm, task)
  promise(refusal.epoch === epoch, `the late word was about epoch ${refusal.epoch}`)
  promise(refusal.late === 'STALE_CLAIM', `the late "done" of ${data.swarm} got ${refusal.late}`)
  return {
    task,
    from: data.swarm,
    to: again.event.data.swarm,
    oldEpoch: epoch,
    newEpoch: again.index,
    killedAt,
    again,
  }
}

/** Tasks with a part in another act. */
const ELSEWHERE = new Set([SCRIPT.race.task, SCRIPT.stuck.task, SCRIPT.human.task])
const TIERS = ['haiku', 'sonnet', 'opus']

/** Work that lasts long enough to be interrupted and that others can do as well. */
function isLongAndShared({ estimateMinutes = 0, requires, tier = 'haiku' }, profiles) {
  const able = profiles.filter((profile) => {
    const isLargeEnough = TIERS.indexOf(profile.tier) >= TIERS.indexOf(tier)
    return isLargeEnough && requires.every((each) => profile.capabilities.includes(each))
  })
  return estimateMinutes >= 90 && able.length >= 3
}

/** Starts a killed swarm again; it goes by its notes and reports its task as done, under its old epoch. */
async function returnOf({ swarms, stage }, name, task) {
  const child = stage.startSwarm(name)
  swarms.set(name, child)
  const [refusal] = await Promise.all([
    heard(child, (message) => message.late !== undefined && message.task === task),
    heard(child, ({ ready }) => ready === true),
  ])
  child.send({ order: 'work' })
  return refusal
}

/** The fabric dies in the middle of everything, and comes back with every change that anybody was told of. */
export async function crash({ fabric, ledger, stage, running }) {
  const killedAt = sharedMs()
  const signal = await stage.kill(running.child)
  promise(signal === 'SIGKILL', `the fabric ended by ${signal}`)
  const notes = readNotebooks(stage.notes)
  const pushed = [...ledger.entries]
  const restarted = await stage.startFabric(new URL(running.url).host)
  const awayMs = sharedMs() - killedAt
  const events = await readLog(fabric)
  promiseNothingMissing(notes, pushed, events)
  const resumed = await ledger.until(({ kind }) => kind === 'fabric_started', pushed.length)
  const outage = { from: killedAt, until: resumed.receivedAt }
  return { restarted, awayMs, outage, acknowledged: notes.length, pushed: pushed.length }
}

export function promiseNothingMissing(notes, pushed, events) {
  const missing = missingChanges(notes, events)
  promise(missing.length === 0, `acknowledged changes are missing: ${JSON.stringify(missing.slice(0, 3))}`)
  const changed = changedEntries(pushed, events)
  promise(changed.length === 0, `entries differ from what was pushed: ${changed.slice(0, 3).map(({ index }) => index)}`)
  const broken = brokenClaims(events)
  promise(broken.length === 0, `the log breaks the rules of claims: ${broken.slice(0, 3).join('; ')}`)
}

/** The whole log, from the fabric that serves it. */
export async function readLog(fabric) {
  const events = []
  for (;;) {
    const page = await fabric.log.read({ from: events.length, limit: 1_000 })
    events.push(...page.entries)
    if (events.length >= page.size || page.entries.length === 0) return events
  }
}

function trackClaims(holds, kind, { subject, data }) {
  if (kind === 'task_claimed') holds.set(data.swarm, new Set([...(holds.get(data.swarm) ?? []), subject]))
  else if (kind === 'task_completed' || kind === 'task_released') holds.get(data.swarm)?.delete(subject)
}

function claimsOf(events, task) {
  return events.filter((event) => event.subject === task && event.type.includes('.task_claimed.'))
}
