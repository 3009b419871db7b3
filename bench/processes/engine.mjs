/** One round of claims inside the process of the fabric. */
import { openFabric } from '../../dist/fabric/open.js'
import { FileJournal } from '../../dist/journal/file/file-journal.js'
import { Latencies } from '../latency.mjs'
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

/** Every caller waits for its answer before it asks again. */
async function load(count) {
  const latencies = new Latencies()
  let left = count
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all(
    swarms.map(async (swarm) => {
      while (left > 0) {
        left -= 1
        const before = performance.now()
        const word = mode === 'next' ? await next(swarm) : await claim(swarm)
        latencies.record(performance.now() - before)
        if (mode === 'next') await complete(swarm, word)
      }
    }),
  )
  const seconds = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: count / seconds, cpuMicros: (user + system) / count, ...latencies.summary() }
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

function complete(swarm, { task: id, epoch }) {
  const command = { type: 'complete_task', task: id, swarm, epoch, evidence: [] }
  return fabric.submit(command, { actor: `swarm:${swarm}` })
}
