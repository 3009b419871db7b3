/** Claims alone and beside callers of one swarm, all of whose commands are refused: each asks again at once. */
import { importTasks, plainTask, registerSwarms } from '../workload.mjs'
import { dismissed, receiveTask } from './task.mjs'
import { claimTasks, openFabricIn, refusalEntries } from './witness-fabric.mjs'

/** No claim has the index of the first entry. */
const STALE_EPOCH = 0

const { directory, callers, claims, warmup, floods } = await receiveTask()
const fabric = await openFabricIn(directory, { witness: true })
await importTasks(fabric, warmup + claims * (floods.length + 2), plainTask)
const swarms = await registerSwarms(fabric, callers, warmup + claims * (floods.length + 2))
let task = 0
await claim(warmup)
const before = await claim(claims)
const flooded = []
for (const flooders of floods) flooded.push(await beside(flooders))
const after = await claim(claims)
process.send({ alone: (before.perSecond + after.perSecond) / 2, flooded })
await dismissed()
await fabric.close()

function claim(count) {
  task += count
  return claimTasks(fabric, swarms, task - count, count)
}

async function beside(flooders) {
  const written = await refusalEntries(fabric)
  let flooding = true
  let refused = 0
  const flood = async () => {
    while (flooding) {
      await sendStale()
      refused += 1
    }
  }
  const answered = Array.from({ length: flooders }, flood)
  const start = performance.now()
  const accepted = await claim(claims)
  const refusedPerSecond = refused / ((performance.now() - start) / 1_000)
  flooding = false
  await Promise.all(answered)
  return { ...accepted, refused, refusedPerSecond, entries: (await refusalEntries(fabric)) - written }
}

async function sendStale() {
  try {
    const command = { type: 'heartbeat', task: 'task-0', swarm: 'flooder', epoch: STALE_EPOCH }
    await fabric.submit(command, { actor: 'swarm:flooder' })
  } catch (error) {
    if (error.code === 'STALE_CLAIM') return
    throw error
  }
  throw new Error('A stale command was accepted.')
}
