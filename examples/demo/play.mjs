import { connectLocal } from 'infrafabric'
import { crash, help, promise, promiseNothingMissing, race, raceOutcome, readLog, takeOver } from './acts.mjs'
import { Notebook, readNotebooks } from './notebook.mjs'
import { SCRIPT } from './script.mjs'
import { heard } from './stage.mjs'
import { falseEvidence } from './verify.mjs'

/** The whole demo on a stage; resolves with what happened. Throws when something that was promised did not. */
export async function play({ stage, ledger, screen, profiles, boardFiles }) {
  const running = await stage.startFabric('127.0.0.1:0')
  const fabric = await connectLocal({ url: running.url, data: stage.data, retries: 1_000 })
  const following = new AbortController()
  ledger.onEntry((entry) => screen.see(entry))
  const followed = ledger.follow(fabric, following.signal)

  const tasks = await prepareBoard({ fabric, stage, profiles, boardFiles })
  const { swarms, orchestrator, heardOf } = await startProcesses(stage, profiles)
  const acts = await playActs({ fabric, stage, ledger, screen, swarms, running, profiles })
  stage.awaits = 'the last task'
  await untilCompleted(ledger, tasks)
  await Promise.all([orchestrator, ...swarms.values()].map((child) => stage.stop(child)))

  const status = await fabric.fabric.status()
  const events = await readLog(fabric)
  await ledger.until(({ index }) => index === events.length - 1)
  following.abort()
  await followed
  await closeFabric(stage, acts.crash.restarted.child)
  const notes = readNotebooks(stage.notes)
  promiseNothingMissing(notes, ledger.entries, events)
  promiseWork(tasks, events, status, stage.workshop)
  const winner = raceOutcome(events)
  const loser = SCRIPT.race.swarms.find((name) => name !== winner)
  return { ...acts, winner, loser, status, events, notes, entries: ledger.entries, heardOf }
}

/** Imports the board and registers the swarms; resolves with the ids of all tasks. */
async function prepareBoard({ fabric, stage, profiles, boardFiles }) {
  const notebook = new Notebook(stage.notes, 'operator')
  const report = await stage.ifab('board', 'import', ...boardFiles, '--board', SCRIPT.board)
  const created = report.changes.filter(({ action }) => action === 'create').map(({ task }) => task)
  for (const task of created) notebook.write({ change: 'create', task })
  for (const { id: swarm, ...profile } of profiles) {
    await notebook.acknowledged(
      () => fabric.swarm.register({ swarm, ...profile }),
      () => ({ change: 'register', swarm }),
    )
  }
  return created
}

async function startProcesses(stage, profiles) {
  const swarms = new Map(profiles.map(({ id }) => [id, stage.startSwarm(id)]))
  const orchestrator = stage.startOrchestrator()
  const heardOf = new Map()
  orchestrator.on('message', ({ heardOf: blocker, receivedAt }) => heardOf.set(blocker, receivedAt))
  await Promise.all([orchestrator, ...swarms.values()].map((child) => heard(child, ({ ready }) => ready === true)))
  return { swarms, orchestrator, heardOf }
}

async function playActs(cast) {
  const { stage, screen, swarms } = cast
  screen.say(`${swarms.size} swarms and an orchestrator are at work, each a process of its own`)
  stage.awaits = 'the race'
  await race(cast)
  for (const [name, child] of swarms) if (!SCRIPT.race.swarms.includes(name)) child.send({ order: 'work' })
  screen.say(`race: two swarms claimed ${SCRIPT.race.task} at once, and one was told ALREADY_CLAIMED`)
  stage.awaits = 'the help'
  const helped = await help(cast)
  screen.say(`help: ${helped.holder} was stuck on ${helped.task}, ${helped.by} resolved it`)
  stage.awaits = 'the take-over'
  const taken = await takeOver(cast)
  screen.say(`take-over: ${taken.from} was killed, ${taken.to} took ${taken.task}, the late "done" got STALE_CLAIM`)
  stage.awaits = 'the return of the fabric'
  const crashed = await crash(cast)
  screen.say(`crash: the fabric was killed and is back; all ${crashed.acknowledged} acknowledged changes are there`)
  return { helped, taken, crash: crashed }
}

async function untilCompleted(ledger, tasks) {
  const open = new Set(tasks)
  await ledger.until(({ kind, event }) => {
    if (kind === 'task_completed') open.delete(event.subject)
    return open.size === 0
  })
}

/** Every task is completed once, and its evidence is a file of that content. */
function promiseWork(tasks, events, status, workshop) {
  const completions = events.filter(({ type }) => type.includes('.task_completed.')).map(({ subject }) => subject)
  const once = completions.length === tasks.length && new Set(completions).size === tasks.length
  promise(
    once && status.tasks.completed === tasks.length,
    `${tasks.length} tasks had ${completions.length} completions`,
  )
  const unproven = falseEvidence(events, workshop)
  promise(unproven.length === 0, `the evidence of ${unproven.map(({ subject }) => subject).join(', ')} is not there`)
}

async function closeFabric(stage, child) {
  const gone = stage.expectEnd(child)
  await stage.ifab('down')
  await gone
  promise(child.exitCode === 0, `the fabric ended with exit code ${child.exitCode}`)
}
