/** One round of claims inside the process of a fabric, on any journal: a crowd, one caller, and a fixed rate. */
import { openFabric } from '../../dist/fabric/open.js'
import { makeJournal } from '../journal/open-journal.mjs'
import { closedLoop, openLoop } from '../loads.mjs'
import { importTasks, plainTask, registerSwarms } from '../workload.mjs'
import { dismissed, receiveTask } from './task.mjs'

const { journal: setting, callers, count, perSecond } = await receiveTask()
const journal = makeJournal(setting)
const fabric = await openFabric({ journal, snapshotEvery: Number.POSITIVE_INFINITY })
const tasks = count.warmup + count.many + count.alone + count.open + 2 * count.completed
await importTasks(fabric, tasks, plainTask)
// Those that complete hold nothing else, as swarms do that take the next task when they have finished one.
const swarms = await registerSwarms(fabric, 2 * callers, tasks)
const finishers = swarms.slice(callers)
let task = 0
await closedLoop(callers, count.warmup, claim)
const many = await closedLoop(callers, count.many, claim)
const { calls: _, ...open } = await openLoop(perSecond, count.open, claim)
const alone = await closedLoop(1, count.alone, claim)
await closedLoop(callers, count.completed, next, complete)
const completed = await closedLoop(callers, count.completed, next, complete)
process.send({ many, open, alone, completed, durability: journal.health().durability })
await dismissed()
await fabric.close()

function claim(_, number = 0) {
  const swarm = swarms[number]
  const command = { type: 'claim_task', task: `task-${task}`, swarm }
  task += 1
  return fabric.submit(command, { actor: `swarm:${swarm}` })
}

async function next(_, number) {
  const swarm = finishers[number]
  const offer = await fabric.submit({ type: 'offer_next', swarm, claim: true }, { actor: `swarm:${swarm}` })
  return offer.claim
}

function complete({ task: id, epoch }, number) {
  const swarm = finishers[number]
  const command = { type: 'complete_task', task: id, swarm, epoch, evidence: [] }
  return fabric.submit(command, { actor: `swarm:${swarm}` })
}
