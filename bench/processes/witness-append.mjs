/** What a witness in memory takes in: the tree alone, the index alone, and both as the engine feeds them. */
import { MemoryPostingStorage } from '../../dist/witness/query/posting-storage.js'
import { Postings } from '../../dist/witness/query/postings.js'
import { memoryStorage } from '../../dist/witness/storage.js'
import { MemoryHashStore } from '../../dist/witness/tree/hash-store.js'
import { MerkleTree } from '../../dist/witness/tree/tree.js'
import { Witness } from '../../dist/witness/witness.js'
import { dismissed, receiveTask } from './task.mjs'
import { fabricEntries } from './witness-entries.mjs'
import { fail } from './witness-fabric.mjs'

const BATCH_ENTRIES = 256
const SMALL_BYTES = 230
const LARGE_BYTES = 400

const { entries: count } = await receiveTask()
const real = [...take(fabricEntries(), count)]
const SUBJECTS = {
  async small() {
    return appendToTree(blocks(SMALL_BYTES))
  },
  async large() {
    return appendToTree(blocks(LARGE_BYTES))
  },
  async index() {
    const postings = await Postings.open(new MemoryPostingStorage(), { size: 0, onFault: fail })
    return measureEach(real, (entry) => postings.add(entry))
  },
  async witness() {
    const log = { read: nothing, size: 0, origin: 'fabric', announced: undefined }
    const witness = await Witness.open({ storage: memoryStorage(), report: fail, ...log })
    return measure(real, (batch) => witness.append(batch))
  },
}
const result = {}
// The first pass warms up.
for (let pass = 0; pass < 2; pass += 1) {
  for (const [name, subject] of Object.entries(SUBJECTS)) result[name] = await subject()
}
process.send({ ...result, meanBytes: real.reduce((sum, { bytes }) => sum + bytes.length, 0) / count })
await dismissed()

async function appendToTree(entries) {
  const tree = await MerkleTree.open(new MemoryHashStore())
  return measureEach(entries, (entry) => tree.append(entry))
}

function measureEach(entries, add) {
  return measure(entries, (batch) => {
    for (const entry of batch) add(entry)
  })
}

/** Entries per second, in batches with a turn of the event loop between them, as commits come. */
async function measure(entries, add) {
  const start = performance.now()
  for (let first = 0; first < entries.length; first += BATCH_ENTRIES) {
    add(entries.slice(first, first + BATCH_ENTRIES))
    await new Promise(setImmediate)
  }
  return entries.length / ((performance.now() - start) / 1_000)
}

function blocks(bytes) {
  return Array.from({ length: count }, (_, index) => Buffer.alloc(bytes, String(index)))
}

function* take(values, wanted) {
  let taken = 0
  for (const value of values) {
    if (taken === wanted) return
    taken += 1
    yield value
  }
}

async function* nothing() {}
