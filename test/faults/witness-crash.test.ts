import { access, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Fabric } from '../../src/fabric/fabric.js'
import { openFabric } from '../../src/fabric/open.js'
import { FileJournal } from '../../src/journal/file/file-journal.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { type Checkpoint, openCheckpoint, parseCheckpoint } from '../../src/witness/note/checkpoint.js'
import { parseNote } from '../../src/witness/note/note.js'
import { parseProof } from '../../src/witness/note/proof-file.js'
import { parseVkey, type Verifier } from '../../src/witness/note/verifier.js'
import { openStorage } from '../../src/witness/storage.js'
import { decodeBundle } from '../../src/witness/tree/bundle.js'
import { leafHash } from '../../src/witness/tree/hash.js'
import { MemoryHashStore } from '../../src/witness/tree/hash-store.js'
import { checkConsistency, checkInclusion } from '../../src/witness/tree/proof.js'
import { TILE_WIDTH } from '../../src/witness/tree/tile.js'
import { MerkleTree } from '../../src/witness/tree/tree.js'
import { DataSource } from '../../src/witness/verify/data-source.js'
import { Marks } from '../../src/witness/verify/marks.js'
import { verifySource } from '../../src/witness/verify/verify.js'
import { Child } from '../journal/children/child.js'

/** Lines that each process prints before it is killed; most of them are acknowledgements. */
const KILLED_AFTER = [1, 2, 11, 40, 90, 150, 230, 300]

let root: string
let data: string
const children: Child[] = []
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ifab-witness-crash-'))
  data = join(root, 'data')
})
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()))
  await rm(root, { recursive: true, force: true })
})

function start(): Child {
  const child = new Child('witness.mjs', data)
  children.push(child)
  return child
}

/** What callers of all the processes have heard. */
class Heard {
  readonly tasks = new Set<string>()
  /** Tasks whose entry was proved already. */
  readonly proved = new Set<string>()
  readonly checkpoints = new Map<number, Checkpoint>()
  readonly faults: string[] = []
  firstKey: string | undefined

  take(lines: readonly string[]): void {
    for (const line of lines) {
      const [word, value = ''] = line.split(' ')
      if (word === 'started') this.firstKey ??= value
      else if (word === 'done') this.tasks.add(value)
      else if (word === 'read') this.#read(Buffer.from(value, 'base64').toString())
      else this.faults.push(line)
    }
  }

  #read(note: string): void {
    const checkpoint = parseCheckpoint(parseNote(note).text)
    const known = this.checkpoints.get(checkpoint.size)
    expect(known === undefined || known.root.equals(checkpoint.root)).toBe(true)
    this.checkpoints.set(checkpoint.size, checkpoint)
  }
}

/** Starts a fabric on a copy of what the killed process left, and holds it against what was heard before. */
async function examine(heard: Heard): Promise<void> {
  await examineFiles(heard)
  const copy = join(root, 'copy')
  await rm(copy, { recursive: true, force: true })
  await cp(data, copy, { recursive: true })
  const faults: unknown[] = []
  const report = (error: unknown) => faults.push(error)
  const fabric = await openFabric({
    journal: new FileJournal({ directory: copy }),
    timing: new FakeTiming(),
    report,
    witness: { open: async () => ({ storage: await openStorage(copy, report) }) },
  })
  const tree = await MerkleTree.open(new MemoryHashStore())
  const entries = await entriesOf(fabric)
  for (const entry of entries) tree.append(entry)
  const { note } = await fabric.witness.checkpoint()
  const { checkpoint: head } = openCheckpoint(note, [parseVkey(fabric.witness.vkey)])
  expect(head.root.equals(await tree.rootAt(head.size))).toBe(true)
  for (const { size, root: oldRoot } of heard.checkpoints.values()) {
    const claim = { oldSize: size, oldRoot, newSize: head.size, newRoot: head.root }
    const proof = size === 0 || size === head.size ? [] : await tree.consistencyProof(size, head.size)
    expect([size, checkConsistency(claim, proof)]).toEqual([size, undefined])
  }
  await examineTasks(heard, fabric, entries, parseVkey(fabric.witness.vkey))
  await fabric.close()
  expect(faults).toEqual([])
}

async function entriesOf({ witness }: Fabric): Promise<Uint8Array[]> {
  const { size } = witness
  const entries: Uint8Array[] = []
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const width = Math.min(TILE_WIDTH, size - first)
    entries.push(...decodeBundle(await witness.bundle(first / TILE_WIDTH, width), width))
  }
  return entries
}

async function examineTasks(heard: Heard, fabric: Fabric, entries: readonly Uint8Array[], key: Verifier) {
  const created = new Map<string, number>()
  for (const [index, bytes] of entries.entries()) {
    const { type, subject } = JSON.parse(Buffer.from(bytes).toString())
    if (type.includes('.task_created.')) created.set(subject, index)
  }
  for (const task of heard.tasks) {
    const index = created.get(task) ?? -1
    expect([task, index]).not.toEqual([task, -1])
    if (heard.proved.has(task)) continue
    heard.proved.add(task)
    const { index: proved, hashes, checkpoint } = parseProof(await fabric.witness.prove(index))
    const { size, root: signed } = openCheckpoint(checkpoint, [key]).checkpoint
    const leaf = leafHash(entries[index] ?? Buffer.alloc(0))
    expect([task, proved, checkInclusion({ index, size, leaf, root: signed }, hashes)]).toEqual([
      task,
      index,
      undefined,
    ])
  }
}

/** Whoever trusts the first key and remembers what was verified before can follow what the dead process left. */
async function examineFiles({ firstKey = '' }: Heard): Promise<void> {
  const source = new DataSource(data)
  try {
    const trust = { keys: [parseVkey(firstKey)], from: 'given' as const }
    const { verdicts } = await verifySource({
      source,
      trust,
      marks: await Marks.open(join(root, 'marks.json')),
      now: 0,
    })
    expect(verdicts).toMatchObject({ integrity: { status: 'ok' }, signature: { status: 'ok' } })
    expect(verdicts.freshness).not.toMatchObject({ status: 'failed' })
  } finally {
    await source.close()
  }
}

test('whatever was read from a fabric that is killed under load, the next one extends it and proves what it acknowledged', async () => {
  const heard = new Heard()
  for (const lines of KILLED_AFTER) {
    const child = start()
    await child.printed(lines)
    await child.kill()
    heard.take(child.lines)
    await examine(heard)
  }
  expect(heard.faults).toEqual([])
  expect(heard.proved.size).toBeGreaterThan(400)
  expect(heard.checkpoints.size).toBeGreaterThan(50)
})

test('a fabric that is killed while it makes its key starts with that key, or with another that nobody has seen', async () => {
  for (const name of ['witness', 'witness/checkpoint', 'witness/key', 'witness/redaction-key']) {
    await rm(root, { recursive: true, force: true })
    const child = start()
    while (!(await exists(join(data, name)))) await new Promise(setImmediate)
    await child.kill()
    const next = start()
    await next.printed(20)
    await next.kill()
    const heard = new Heard()
    heard.take([...child.lines, ...next.lines])
    expect(heard.faults).toEqual([])
    // The first key that anybody was told is trusted: should it have been rotated already, it vouches for the next.
    expect(heard.firstKey).toBeDefined()
    await examine(heard)
  }
})

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
