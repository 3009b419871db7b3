import { connectLocal } from 'infrafabric'
import { crash, help, promise, promiseNothingMissing, race, raceOutcome, readLog, takeOver } from './acts.mjs'
import { budget, human } from './governor-acts.mjs'
import { Notebook, readNotebooks } from './notebook.mjs'
import { SCRIPT } from './script.mjs'
import { heard } from './stage.mjs'
import { falseEvidence } from './verify.mjs'
import { brokenAnswer, brokenBooks, brokenBreakers, brokenLatch } from './verify-governor.mjs'

/** The whole demo on a stage; resolves with what happened. Throws when something that was promised did not. */
export async function play({ stage, ledger, screen, profiles, manifest, boardFiles }) {
  const running = await stage.until('the start', stage.startFabric('127.0.0.1:0'))
  const fabric = await connectLocal({ url: running.url, data: stage.data, retries: 1_000 })
  const following = new AbortController()
  ledger.onEntry((entry) => screen.see(entry))
  const followed = ledger.follow(fabric, following.signal)

  const operator = new Notebook(stage.notes, 'operator')
  const tasks = await prepareBoard({ stage, operator, manifest, boardFiles })
  const { swarms, orchestrator, heardOf } = await startProcesses(stage, profiles)
  const acts = await playActs({ fabric, stage, ledger, screen, operator, swarms, running, profiles })
  await stage.until('the last task', untilCompleted(ledger, tasks))
  const processes = [orchestrator, ...swarms.values()]
  await stage.until('the end of the processes', Promise.all(processes.map((child) => stage.stop(child))))

  const status = await stage.until('the status', fabric.fabric.status())
  const costs = await stage.until('the costs', stage.ifab('cost', 'report', '--by', 'model'))
  const events = await stage.until('the log', readLog(fabric))
  await stage.until(
    'the last entry',
    ledger.until(({ index }) => index === events.length - 1),
  )
  following.abort()
  await stage.until('the end of the event stream', followed)
  await stage.until('the end of the fabric', closeFabric(stage, acts.crash.restarted.child))
  const notes = readNotebooks(stage.notes)
  promiseNothingMissing(notes, ledger.entries, events)
  promiseWork(tasks, events, status, stage.workshop)
  promiseGoverned(events, costs)
  const winner = raceOutcome(events)
  const loser = SCRIPT.race.swarms.find((name) => name !== winner)
  return { ...acts, winner, loser, status, costs, events, notes, entries: ledger.entries, heardOf }
}

/** Imports the board and registers the swarms; resolves with the ids of all tasks. */
async function prepareBoard({ stage, operator, manifest, boardFiles }) {
  const report = await stage.ifab('board', 'import', ...boardFiles, '--board', SCRIPT.board)
  const created = report.changes.filter(({ action }) => action === 'create').map(({ task }) => task)
  for (const task of created) operator.write({ change: 'create', task })
  const { swarms } = await stage.ifab('swarm', 'register', '--from', manifest)
  for (const { id: swarm } of swarms) operator.write({ change: 'register', swarm })
  return created
}

async function startProcesses(stage, profiles) {
  const swarms = new Map(profiles.map(({ id }) => [id, stage.startSwarm(id)]))
  const orchestrator = stage.startOrchestrator()
  const heardOf = new Map()
  orchestrator.on('message', ({ heardOf: blocker, receivedAt }) => heardOf.set(blocker, receivedAt))
  const ready = [orchestrator, ...swarms.values()].map((child) => heard(child, ({ ready }) => ready === true))
  await stage.until('the processes', Promise.all(ready))
  return { swarms, orchestrator, heardOf }
}

/** The budget and the question take their course beside the other acts; the fabric is killed when all are over. */
async function playActs(cast) {
  const { stage, screen, swarms } = cast
  screen.say(`${swarms.size} swarms and an orchestrator are at work, each a process of its own`)
  const told = async (name, act, text) => {
    const result = await stage.until(name, act(cast))
    screen.say(text(result))
    return result
  }
  const beside = Promise.all([told('the spent budget', budget, budgetText), told('the answer', human, humanText)])
  const oneByOne = async () => {
    await told('the race', race, raceText)
    for (const [name, child] of swarms) if (!SCRIPT.race.swarms.includes(name)) child.send({ order: 'work' })
    const helped = await told('the help', help, helpText)
    const taken = await told('the take-over', takeOver, takeOverText)
    return { helped, taken }
  }
  const [{ helped, taken }, [spent, asked]] = await Promise.all([oneByOne(), beside])
  const crashed = await told('the return of the fabric', crash, crashText)
  return { helped, taken, spent, asked, crash: crashed }
}

// Lines of a terminal that is 80 columns wide.
const raceText = () => `race: two swarms claimed ${SCRIPT.race.task} at once, one got ALREADY_CLAIMED`
const helpText = ({ holder, task, by }) => `help: ${holder} was stuck on ${task}; ${by} was asked and resolved it`
const takeOverText = ({ from, to, task }) => `take-over: ${from} killed, ${to} took ${task}; late "done": STALE_CLAIM`
const crashText = ({ acknowledged }) =>
  `crash: the fabric was killed and is back; none of ${acknowledged} changes is lost`
const budgetText = ({ swarm, task }) => `budget: ${swarm} spent all it had on ${task}; latched, then reset by a person`
const humanText = ({ holder, task }) => `human: no swarm could help ${holder} with ${task}; a person answered`

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

/** Nobody got around the governor, and the books say what the log says. */
function promiseGoverned(events, costs) {
  const broken = {
    'the books do not balance': brokenBooks(events, costs),
    'the log breaks the rules of breakers': brokenBreakers(events),
    'the spent budget went otherwise': brokenLatch(events, SCRIPT.runaway.swarm),
    'the question went otherwise': brokenAnswer(events, SCRIPT.human.task),
  }
  for (const [what, found] of Object.entries(broken)) {
    promise(found.length === 0, `${what}: ${found.slice(0, 3).join('; ')}`)
  }
}

async function closeFabric(stage, child) {
  const gone = stage.expectEnd(child)
  await stage.ifab('down')
  await gone
  promise(child.exitCode === 0, `the fabric ended with exit code ${child.exitCode}`)
}
