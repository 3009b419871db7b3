/**
 * One swarm as a process of its own: it asks for the next work, does it, and tells the fabric each step. There is no
 * model here, so the work itself is a delay and a file; every word to the fabric is a real one.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connectLocal, isFabricError } from 'infrafabric'
import { sharedMs } from './clock.mjs'
import { Notebook } from './notebook.mjs'
import { nextOrder, onOrder } from './orders.mjs'
import { SCRIPT } from './script.mjs'

const [swarm, data, workshop, notes] = process.argv.slice(2)
const fabric = await connectLocal({ data, retries: 1_000 })
const notebook = new Notebook(notes, swarm)
/** Epochs of the live claims, by task; each is kept alive by heartbeats, also while it is stuck. */
const held = new Map()
const stopping = new AbortController()
let beating = false

onOrder('stop', () => stopping.abort())
await finishOldWork()
process.send({ ready: true })
const first = await nextOrder(['race', 'work'])
const heartbeats = setInterval(() => beat().catch(fail), SCRIPT.heartbeatMs)
if (first.order === 'race') await race(first)
while (!stopping.signal.aborted) await workOnNext()
clearInterval(heartbeats)
process.disconnect()

/** A restarted agent goes by its notes: what it had claimed and not ended it believes to be its own still. */
async function finishOldWork() {
  const mine = notebook.read()
  const ended = new Set(mine.filter(({ change }) => change === 'complete').map(({ epoch }) => epoch))
  for (const { task, epoch } of mine.filter(({ change }) => change === 'claim')) {
    if (ended.has(epoch)) continue
    try {
      await complete(task, epoch)
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
    await work(task, await claim(() => fabric.task.claim({ task, as: swarm, leaseMs: SCRIPT.leaseMs })))
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
    if (!stopping.signal.aborted) throw error
  }
}

async function claim(call) {
  const grant = await notebook.acknowledged(call, claimNote)
  return grant.epoch
}

function claimNote({ task, epoch }, waited = false) {
  return { change: 'claim', task, swarm, epoch, waited }
}

/** A quarter of the estimate, a milestone, four times; then the evidence. */
async function work(task, epoch) {
  held.set(task, epoch)
  try {
    const { task: row } = await fabric.task.show({ task })
    const quarterMs = ((row.estimateMinutes ?? 30) / 60) * (SCRIPT.hourMs / 4)
    const done = Math.max(0, ...row.progress.map(({ percent }) => percent))
    for (const percent of [25, 50, 75, 100].filter((each) => each > done)) {
      await pause(quarterMs)
      await report(task, epoch, percent)
      const isStuck = task === SCRIPT.stuck.task && row.attempts === 1 && percent === 50
      if (isStuck) return await raiseBlocker(task, epoch)
    }
    await complete(task, epoch)
    held.delete(task)
  } catch (error) {
    if (!isFabricError(error, 'STALE_CLAIM')) throw error
    held.delete(task)
  }
}

function report(task, epoch, percent) {
  const input = { task, as: swarm, epoch, percent, note: `${percent}% of ${task}` }
  return notebook.acknowledged(
    () => fabric.task.milestone(input),
    () => ({ change: 'milestone', task, epoch, percent }),
  )
}

/** The claim stays; other work is found until somebody has helped. */
function raiseBlocker(task, epoch) {
  const { needs, requires } = SCRIPT.stuck
  return notebook.acknowledged(
    () => fabric.task.block({ task, as: swarm, epoch, kind: 'help', needs, requires }),
    ({ id }) => ({ change: 'block', task, epoch, blocker: id }),
  )
}

async function complete(task, epoch) {
  const path = join(swarm, `${task}.md`)
  const content = `# ${task}\n\nDone by ${swarm} under epoch ${epoch}.\n`
  mkdirSync(join(workshop, swarm), { recursive: true })
  writeFileSync(join(workshop, path), content)
  const evidence = [{ kind: 'file', path, sha256: createHash('sha256').update(content).digest('hex') }]
  await notebook.acknowledged(
    () => fabric.task.complete({ task, as: swarm, epoch, evidence, summary: `${task} is done.` }),
    () => ({ change: 'complete', task, epoch }),
  )
}

/** Helps under an epoch of its own; somebody else may have been faster. */
async function help({ id: blocker, task, swarm: holder }) {
  try {
    const accepted = await notebook.acknowledged(
      () => fabric.blocker.answer({ blocker, as: swarm, accept: true }),
      (row) => ({ change: 'accept', blocker, swarm, epoch: helperEpoch(row) }),
    )
    await pause(SCRIPT.helpHours * SCRIPT.hourMs)
    await notebook.acknowledged(
      () => fabric.swarm.send({ to: holder, as: swarm, task, text: `My notes on ${task} are in the review folder.` }),
      ({ index }) => ({ change: 'message', to: holder, index }),
    )
    await notebook.acknowledged(
      () => fabric.blocker.resolve({ blocker, as: swarm, epoch: helperEpoch(accepted), resolution: 'see my notes' }),
      () => ({ change: 'resolve', blocker, swarm }),
    )
  } catch (error) {
    if (!isFabricError(error, 'WRONG_STATE')) throw error
  }
}

function helperEpoch({ helpers }) {
  return helpers.find((helper) => helper.swarm === swarm).epoch
}

/** Keeps every claim alive, and reads the inbox when a heartbeat says that something waits there. */
async function beat() {
  if (beating) return
  beating = true
  for (const [task, epoch] of held) {
    try {
      const { unread } = await fabric.task.heartbeat({ task, as: swarm, epoch })
      if (unread > 0) await readInbox()
    } catch (error) {
      if (!isFabricError(error, 'STALE_CLAIM')) throw error
      if (held.get(task) === epoch) held.delete(task)
    }
  }
  beating = false
}

async function readInbox() {
  const { messages } = await fabric.inbox.read({ swarm })
  const last = messages.at(-1)
  if (last !== undefined) await fabric.inbox.acknowledge({ swarm, upTo: last.index })
}

function fail(error) {
  console.error(error)
  process.exit(1)
}
