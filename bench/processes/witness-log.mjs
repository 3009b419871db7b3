/** Writes a long log into a data directory: the journal and, as each batch is durable, its witness. */
import { FileJournal } from '../../dist/journal/file/file-journal.js'
import { openStorage } from '../../dist/witness/storage.js'
import { Witness } from '../../dist/witness/witness.js'
import { dismissed, receiveTask } from './task.mjs'
import { fabricEntries } from './witness-entries.mjs'
import { fail } from './witness-fabric.mjs'

/** As many as a fabric writes at once when it has most to do: reading one entry means reading its batch. */
const BATCH_ENTRIES = 1_000

const { directory, entries: wanted } = await receiveTask()
const start = performance.now()
const journal = new FileJournal({ directory })
let { size } = await journal.open()
const read = (from) => journal.read(from)
const storage = await openStorage(directory, fail)
const witness = await Witness.open({ storage, origin: 'fabric', read, size, announced: undefined, report: fail })
let batch = []
for (const entry of fabricEntries()) {
  batch.push(entry)
  if (batch.length === BATCH_ENTRIES) await commit()
  if (size === wanted) break
}
await witness.checkpoint()
await witness.close()
const { bytes } = journal.health()
await journal.close()
process.send({ perSecond: size / ((performance.now() - start) / 1_000), bytes })
await dismissed()

async function commit() {
  const entries = batch.map((entry) => entry.bytes)
  await journal.append(size, { writerId: 'bench', batchId: `bench-${size}`, entries })
  witness.append(batch)
  size += batch.length
  batch = []
}
