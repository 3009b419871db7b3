/** One round of claims inside the process of the fabric. */
import { openFabric } from '../../dist/fabric/open.js'
import { FileJournal } from '../../dist/journal/file/file-journal.js'
import { closedLoop } from '../loads.mjs'
import { importTasks, mixedTask, plainTask, registerSwarms } from '../workload.mjs'
import { dismissed, receiveTask } from './task.mjs'

const { directory, mode, callers, claims, warmup, snapshotEvery, governor } = await receiveTask()
const fabric = await openFabric({
  journal: new FileJournal({ directory }),
  ...(snapshotEvery && { snapshotEvery }),
  ...(governor && { governor }),
})
await importTasks(fabric, claims + warmup, mode === 'next' ? mixedTask : plainTask)
const swarms = await registerSwarms(fabric, callers, mode === 'next' ? 1 : claims + warmup)
let task = 0
await load(warmup)
process.send(await load(claims))
await dismissed()
await fabric.close()

function load(count) {
  if (mode === 'next') return closedLoop(callers, count, (_, number) => next(swarms[number]), complete)
  return closedLoop(callers, count, (_, number) => claim(swarms[number]))
}

function claim(swarm) {
  const command = { type: 'claim_task', task: `task-${task}`, swarm }
  task += 1
  return fabric.submit(command, { actor: `swarm:${swarm}` })
}

async function next(swarm) {
  const offer = await fabric.submit({ type: 'offer_next', swarm, claim: true }, { actor: `swarm:${swarm}` })
  return offer.claim
}

function complete({ task: id, epoch }, number) {
  const swarm = swarms[number]
  const command = { type: 'complete_task', task: id, swarm, epoch, evidence: [] }
  return fabric.submit(command, { actor: `swarm:${swarm}` })
}
