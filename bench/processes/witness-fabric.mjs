/** What the processes of the witness area share: their fabric, and claims in it. */
import { openFabric } from '../../dist/fabric/open.js'
import { FileJournal } from '../../dist/journal/file/file-journal.js'
import { openStorage } from '../../dist/witness/storage.js'
import { Latencies } from '../latency.mjs'

/** A fabric on a file journal, which takes no snapshot meanwhile; with its witness in the same directory, or without. */
export function openFabricIn(directory, { witness }) {
  return openFabric({
    journal: new FileJournal({ directory }),
    snapshotEvery: Number.POSITIVE_INFINITY,
    report: fail,
    ...(witness && { witness: { open: async () => ({ storage: await openStorage(directory, fail) }) } }),
  })
}

/** With faults something else would be measured. */
export function fail(error) {
  throw error
}

/** Tasks `first` to `first + count` (exclusive) are claimed; every swarm waits for its answer before it asks again. */
export async function claimTasks(fabric, swarms, first, count) {
  const latencies = new Latencies()
  let next = first
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all(
    swarms.map(async (swarm) => {
      while (next < first + count) {
        const command = { type: 'claim_task', task: `task-${next}`, swarm }
        next += 1
        const before = performance.now()
        await fabric.submit(command, { actor: `swarm:${swarm}` })
        latencies.record(performance.now() - before)
      }
    }),
  )
  const perSecond = count / ((performance.now() - start) / 1_000)
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond, cpuMicros: (user + system) / count, ...latencies.summary() }
}

/** How many entries about refusals are in the log by now. */
export async function refusalEntries(fabric) {
  let count = 0
  for (let from = 0, done = false; !done; ) {
    const page = await fabric.witness.query({ operation: 'request_refused' }, { from, limit: 1_000 })
    count += page.entries.length
    from = page.next
    done = page.done
  }
  return count
}
