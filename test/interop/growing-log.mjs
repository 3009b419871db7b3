import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatAddCheckpoint } from '../../dist/witness/cosign/request.js'
import { formatCheckpoint } from '../../dist/witness/note/checkpoint.js'
import { formatNote } from '../../dist/witness/note/note.js'
import { formatProof } from '../../dist/witness/note/proof-file.js'
import { NoteSigner } from '../../dist/witness/note/signer.js'
import { MemoryHashStore } from '../../dist/witness/tree/hash-store.js'
import { MerkleTree } from '../../dist/witness/tree/tree.js'
import { exportLog } from '../../dist/witness/verify/export.js'

const ORIGIN = 'example.com/growing'
/** Entries at the edges of tiles. */
const EDGES = [0, 1, 254, 255, 256, 65_535, 65_536]
/** The shortest and the longest entry that a bundle takes. */
const ODD = new Map([
  [1, Buffer.alloc(0)],
  [2, Buffer.alloc(65_535, 0xff)],
])

/**
 * A log that grows to each of these sizes and is exported into the same directory each time. Yields, at each, the files
 * of proofs that entries are in it, and of requests to a witness that has seen it smaller.
 */
export async function* growLog(root, sizes) {
  const signer = NoteSigner.generate(ORIGIN)
  const tree = await MerkleTree.open(new MemoryHashStore())
  const directory = join(root, 'growing')
  const entries = []
  const older = []
  for (const size of sizes) {
    for (let index = tree.size; index < size; index += 1) {
      entries[index] = ODD.get(index) ?? Buffer.from(`entry ${index}`)
      tree.append(entries[index])
    }
    const text = formatCheckpoint({ origin: ORIGIN, size, root: tree.head() })
    const checkpoint = formatNote(text, [signer.sign(text)])
    await exportLog(sourceOf(checkpoint, entries), directory)
    const proofs = await writeProofs(root, tree, checkpoint)
    const requests = await writeRequests(root, tree, checkpoint, older)
    yield { size, directory, vkey: signer.vkey, proofs, requests }
    const file = join(root, `checkpoint-${size}`)
    writeFileSync(file, checkpoint)
    // There is nothing to prove from an empty log to a larger one.
    if (size > 0) older.push({ size, file })
  }
}

function sourceOf(checkpoint, entries) {
  return {
    describe: ORIGIN,
    checkpoint: async () => Buffer.from(checkpoint),
    vkey: async () => undefined,
    bundle: async (index, width) => entries.slice(index * 256, index * 256 + width),
  }
}

function writeProofs(root, tree, checkpoint) {
  const indexes = EDGES.filter((index) => index < tree.size)
  return Promise.all(
    indexes.map(async (index) => {
      const hashes = await tree.inclusionProof(index, tree.size)
      const file = join(root, `${index}.tlog-proof`)
      writeFileSync(file, formatProof({ index, hashes, checkpoint }))
      return { file, index }
    }),
  )
}

function writeRequests(root, tree, checkpoint, older) {
  return Promise.all(
    older.map(async ({ size: oldSize, file: seen }) => {
      const proof = await tree.consistencyProof(oldSize, tree.size)
      const file = join(root, `add-checkpoint-${oldSize}`)
      writeFileSync(file, formatAddCheckpoint({ oldSize, proof, checkpoint }))
      return { file, seen, oldSize }
    }),
  )
}
