/** Writes the history of many tasks into a journal, through the codec that the fabric writes with. */
import { encodeEntry } from '../../dist/fabric/entry-codec.js'
import { FileJournal } from '../../dist/journal/file/file-journal.js'
import { boardTask } from '../workload.mjs'
import { dismissed, receiveTask } from './task.mjs'

const BATCH_ENTRIES = 1_000

const { directory, entries: wanted } = await receiveTask()
const journal = new FileJournal({ directory })
let { size } = await journal.open()
const startedAt = Date.now()
let batch = []
if (size === 0) await write({ type: 'fabric_created', subject: 'fabric', data: { name: 'fabric' } })
for (let task = Math.ceil(size / 10); size + batch.length < wanted; task += 1) await writeLife(task)
await flush()
await journal.close()
process.send({ entries: size })
await dismissed()

/** Ten entries: created, claimed, given back halfway, claimed again, completed. */
async function writeLife(index) {
  const { dependencies: _, ...spec } = boardTask(index)
  const word = (type, data) => write({ type, subject: spec.id, data })
  const swarm = `swarm-${index % 256}`
  const milestone = (epoch, percent) =>
    word('milestone_reported', { swarm, epoch, percent, note: `${percent}% of it`, testsPassed: percent })
  await word('task_created', { ...spec, dependencies: [] })
  const first = await word('task_claimed', { swarm, leaseMs: 1_800_000, attempt: 1 })
  for (const percent of [25, 50]) await milestone(first, percent)
  await word('task_released', { swarm, epoch: first, cause: 'holder' })
  const second = await word('task_claimed', { swarm, leaseMs: 1_800_000, attempt: 2 })
  for (const percent of [25, 50, 100]) await milestone(second, percent)
  await word('task_completed', {
    swarm,
    epoch: second,
    evidence: [{ kind: 'command', command: 'npm test', exitCode: 0 }],
  })
}

async function write(draft) {
  const index = size + batch.length
  batch.push(encodeEntry(draft, { index, at: startedAt, actor: 'admin', fabric: 'fabric' }).bytes)
  if (batch.length === BATCH_ENTRIES) await flush()
  return index
}

async function flush() {
  if (batch.length === 0) return
  await journal.append(size, { writerId: 'history', batchId: `history-${size}`, entries: batch })
  size += batch.length
  batch = []
}
