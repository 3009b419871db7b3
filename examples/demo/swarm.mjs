/**
 * One swarm as a process of its own: it asks for the next work, does it, and tells the fabric each step. There is no
 * model here, so the work itself is a delay, a file and a count of tokens; every word to the fabric is a real one.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { connectLocal, isFabricError } from 'infrafabric'
import { sharedMs } from './clock.mjs'
import { Holder } from './holder.mjs'
import { Meter } from './meter.mjs'
import { Notebook } from './notebook.mjs'
import { nextOrder, onOrder } from './orders.mjs'
import { SCRIPT } from './script.mjs'

const [swarm, data, workshop, notes] = process.argv.slice(2)
const fabric = await connectLocal({ data, retries: 1_000 })
const notebook = new Notebook(notes, swarm)
const { swarm: profile } = await fabric.swarm.show({ swarm })
const meter = new Meter(`demo-${profile.tier}`)
const holder = new Holder({ fabric, swarm, notebook, meter, workshop })
const stopping = new AbortController()
let runsAway = swarm === SCRIPT.runaway.swarm

onOrder('stop', () => stopping.abort())
await finishOldWork()
process.send({ ready: true })
const first = await nextOrder(['race', 'work'])
const heartbeats = beat().catch(fail)
if (first.order === 'race') await race(first)
while (!stopping.signal.aborted) await workOnNext()
await heartbeats
process.disconnect()

/** A restarted agent goes by its notes: what it had claimed and not ended it believes to be its own still. */
async function finishOldWork() {
  const mine = notebook.read()
  const ended = new Set(mine.filter(({ change }) => change === 'complete').map(({ epoch }) => epoch))
  for (const { task, epoch } of mine.filter(({ change }) => change === 'claim')) {
    if (ended.has(epoch)) continue
    try {
      await holder.complete(task, epoch)
      process.send({ late: 'ACCEPTED', task, epoch })
    } catch (error) {
      if (!isFabricError(error)) throw error
      process.send({ late: error.code, task, epoch })
    }
  }
}

/** Claims a task at the same instant as a rival. */
async function race({ task, at }) {
  await pause(at - sharedMs())
  try {
    const input = { task, as: swarm, leaseMs: SCRIPT.leaseMs }
    const { epoch } = await notebook.acknowledged(() => fabric.task.claim(input), claimNote)
    await work(task, epoch)
  } catch (error) {
    if (!isFabricError(error, 'ALREADY_CLAIMED')) throw error
    process.send({ lost: error.code, task })
  }
}

async function workOnNext() {
  const now = { as: swarm, claim: true, leaseMs: SCRIPT.leaseMs }
  let offer = await askNext(now)
  if (offer?.kind === 'none') offer = await askNext({ ...now, waitMs: 20_000 })
  if (offer?.kind === 'help') await help(offer.blocker)
  else if (offer?.claim !== undefined) await work(offer.task.id, offer.claim.epoch)
}

async function askNext(input) {
  try {
    return await notebook.acknowledged(
      () => fabric.task.next(input, { signal: stopping.signal }),
      ({ claim: grant }) => grant && !grant.reclaimed && claimNote(grant, input.waitMs !== undefined),
    )
  } catch (error) {
    if (isFabricError(error, 'BREAKER_OPEN')) await waitForReset(error)
    else if (!stopping.signal.aborted) throw error
  }
}

function claimNote({ task, epoch }, waited = false) {
  return { change: 'claim', task, swarm, epoch, waited }
}

/** A quarter of the estimate, what it took, and a milestone, four times; then the evidence. */
async function work(task, epoch) {
  holder.begin(task, epoch)
  if (runsAway) return runAway(task, epoch)
  try {
    const { task: row } = await fabric.task.show({ task })
    const quarterHours = (row.estimateMinutes ?? 30) / 60 / 4
    const done = Math.max(0, ...row.progress.map(({ percent }) => percent))
    for (const percent of [25, 50, 75, 100].filter((each) => each > done)) {
      await pause(quarterHours * SCRIPT.hourMs)
      meter.work(epoch, quarterHours)
      await holder.beat(task, epoch)
      await holder.milestone(task, epoch, percent)
      const trouble = percent >= 50 ? await troubleWith(task) : undefined
      // Other work is found until somebody has helped or answered.
      if (trouble !== undefined) return await holder.block(task, epoch, trouble)
    }
    await holder.complete(task, epoch)
  } catch (error) {
    if (!isFabricError(error, 'STALE_CLAIM')) throw error
  }
  holder.end(task, epoch)
}

/** What the script has in store for a task, once. */
async function troubleWith(task) {
  const trouble = [SCRIPT.stuck, SCRIPT.human].find((one) => one.task === task)
  if (trouble === undefined) return undefined
  const { items: raised } = await fabric.blocker.list({ open: false })
  return raised.some((blocker) => blocker.task === task) ? undefined : trouble
}

/** A loop that uses tokens and gets nowhere. Nobody ends it but the fabric. */
async function runAway(task, epoch) {
  runsAway = false
  let answer
  do {
    await pause(SCRIPT.runaway.everyMs)
    meter.count(epoch, SCRIPT.runaway.tokens)
    answer = await holder.beat(task, epoch)
  } while (answer !== undefined && answer.stop === undefined)
  holder.end(task, epoch)
}

/** Nothing is to be had until the breaker is closed; the inbox says when. */
async function waitForReset(error) {
  process.send({ refused: error.code })
  while (!stopping.signal.aborted) {
    const messages = await readInbox(20_000)
    if (messages.some(({ kind }) => kind === 'breaker_closed')) return
  }
}

/** Helps under an epoch of its own; somebody else may have been faster. */
async function help({ id: blocker, task, swarm: stuck }) {
  try {
    const accepted = await notebook.acknowledged(
      () => fabric.blocker.answer({ blocker, as: swarm, accept: true }),
      (row) => ({ change: 'accept', blocker, swarm, epoch: helperEpoch(row) }),
    )
    const epoch = helperEpoch(accepted)
    await pause(SCRIPT.helpHours * SCRIPT.hourMs)
    meter.work(epoch, SCRIPT.helpHours)
    await notebook.acknowledged(
      () => fabric.swarm.send({ to: stuck, as: swarm, task, text: `My notes on ${task} are in the review folder.` }),
      ({ index }) => ({ change: 'message', to: stuck, index }),
    )
    await holder.bill(task, epoch)
    await notebook.acknowledged(
      () => fabric.blocker.resolve({ blocker, as: swarm, epoch, resolution: 'see my notes' }),
      () => ({ change: 'resolve', blocker, swarm }),
    )
  } catch (error) {
    if (!isFabricError(error, 'WRONG_STATE')) throw error
  }
}

function helperEpoch({ helpers }) {
  return helpers.find((helper) => helper.swarm === swarm).epoch
}

/** Heartbeats to the end; reads the inbox when one says that something waits there. */
async function beat() {
  while (!stopping.signal.aborted) {
    await pause(SCRIPT.heartbeatMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    if (await holder.beatAll()) await readInbox()
  }
}

/** Reads and acknowledges what is in the inbox; what people answered goes to the stage as well. */
async function readInbox(waitMs = 0) {
  try {
    const { messages } = await fabric.inbox.read({ swarm, waitMs }, { signal: stopping.signal })
    const last = messages.at(-1)
    if (last !== undefined) await fabric.inbox.acknowledge({ swarm, upTo: last.index })
    for (const { kind, task, text } of messages)
      if (kind === 'escalation_answered') process.send({ answer: text, task })
    return messages
  } catch (error) {
    if (!stopping.signal.aborted) throw error
    return []
  }
}

function fail(error) {
  console.error(error)
  process.exit(1)
}
