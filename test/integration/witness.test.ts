import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FabricClient } from '../../src/client/client.js'
import type { Fabric } from '../../src/fabric/fabric.js'
import { OPERATION_LIST } from '../../src/operations/table.js'
import { retireIdentity } from '../../src/witness/retire.js'
import { decodeBundle } from '../../src/witness/tree/bundle.js'
import { leafHash } from '../../src/witness/tree/hash.js'
import { openIn, Place } from './place.js'

let place: Place
let client: FabricClient

beforeEach(async () => {
  place = await Place.open()
  client = place.connect()
})

afterEach(() => place.remove())

/** What each operation that changes something leaves in the log, in the order in which `work` calls them. */
const TRAIL: readonly (readonly [operation: string, entries: readonly string[]])[] = [
  ['swarm.register', ['swarm_registered s1']],
  ['swarm.register', ['swarm_registered s2']],
  ['board.import', ['board_imported b', 'task_created t1', 'task_created t2']],
  ['task.create', ['task_created t3']],
  ['task.create', ['task_created t4']],
  ['task.claim', ['task_claimed t1']],
  ['task.milestone', ['milestone_reported t1']],
  ['task.block', ['blocker_raised BLOCKER']],
  ['blocker.assign', ['help_requested BLOCKER']],
  ['blocker.answer', ['help_accepted BLOCKER']],
  ['blocker.resolve', ['blocker_resolved BLOCKER']],
  ['task.complete', ['task_completed t1', 'task_unblocked t2']],
  ['task.next', ['task_claimed t2']],
  ['task.release', ['task_released t2']],
  ['task.claim', ['task_claimed t3']],
  ['task.fail', ['task_attempt_failed t3']],
  ['task.cancel', ['task_cancelled t3']],
  ['task.retry', ['task_retried t3']],
  ['swarm.send', ['message_sent s2']],
  ['swarm.retire', ['swarm_retired s2']],
  ['blob.put', ['blob_stored BLOB']],
  ['blob.delete', ['blob_deleted BLOB']],
  ['witness.rotate', ['key_rotated fabric']],
]

/** Only read positions and renewals: they are gathered, and renewals are not in the log at all. */
const GATHERED = ['inbox.acknowledge', 'task.heartbeat']

/** Calls everything that changes something once. Returns the names that the fabric gave. */
async function work(): Promise<{ BLOCKER: string; BLOB: string }> {
  const { task, swarm, blocker, board, blob, inbox, witness } = client
  await swarm.register({ swarm: 's1' })
  await swarm.register({ swarm: 's2' })
  const tasks = [{ spec: { id: 't1', title: 'One' } }, { spec: { id: 't2', title: 'Two', dependencies: ['t1'] } }]
  await board.import({ board: 'b', tasks })
  await task.create({ id: 't3', title: 'Three' })
  await task.create({ id: 't4', title: 'Four', requires: ['net:sip'] })
  const { epoch } = await task.claim({ task: 't1', as: 's1' })
  await task.heartbeat({ task: 't1', as: 's1', epoch })
  await task.milestone({ task: 't1', as: 's1', epoch, percent: 25 })
  const { id } = await task.block({ task: 't1', as: 's1', epoch, kind: 'help', needs: 'a hand' })
  await blocker.assign({ blocker: id, swarms: ['s2'] })
  const { helpers } = await blocker.answer({ blocker: id, as: 's2', accept: true })
  await blocker.resolve({ blocker: id, as: 's2', epoch: helpers[0]?.epoch ?? -1 })
  await task.complete({ task: 't1', as: 's1', epoch })
  const offer = await task.next({ as: 's1', claim: true })
  await task.release({ task: 't2', as: 's1', epoch: offer.claim?.epoch ?? -1 })
  const third = await task.claim({ task: 't3', as: 's1' })
  await task.fail({ task: 't3', as: 's1', epoch: third.epoch, reason: 'no' })
  await task.cancel({ task: 't3' })
  await task.retry({ task: 't3' })
  await swarm.send({ to: 's2', text: 'thanks', as: 's1' })
  await inbox.acknowledge({ swarm: 's2', upTo: 0 })
  await swarm.retire({ swarm: 's2' })
  const { sha256 } = await blob.put({ content: Buffer.from('a long log').toString('base64') })
  await blob.delete({ sha256, reason: 'retention' })
  await witness.rotate({})
  return { BLOCKER: id, BLOB: sha256 }
}

async function rowsOf(fabric: Fabric): Promise<string[]> {
  return fabric.read((state) => [...state.rows()].map((row) => JSON.stringify(row)).sort())
}

test('every operation that changes something leaves its entry, in order, and each entry is a leaf of the signed tree', async () => {
  const mutating = OPERATION_LIST.filter(({ mutates }) => mutates).map(({ name }) => name)
  expect([...new Set([...TRAIL.map(([name]) => name), ...GATHERED])].sort()).toEqual(mutating.sort())
  const names = await work()
  const { size } = await client.witness.checkpoint()
  const bundle = await place.fabric.witness.bundle(0, size)
  const entries = decodeBundle(bundle, size)
  const events = entries.map((bytes) => JSON.parse(Buffer.from(bytes).toString()))
  const written = events
    .map(({ type, subject }) => `${type.split('.')[2]} ${subject}`)
    .filter((line) => !/^(fabric_|key_introduced|command_received|inboxes_acknowledged)/.test(line))
  const expected = TRAIL.flatMap(([, lines]) => lines).map((line) =>
    line.replace('BLOCKER', names.BLOCKER).replace('BLOB', names.BLOB),
  )
  expect(written).toEqual(expected)
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => String(index)))
  const hashes = await place.fabric.witness.tile(0, 0, size)
  expect(Buffer.concat(entries.map(leafHash)).equals(hashes)).toBe(true)
})

test('a fabric rebuilt from the log alone equals the one that wrote it, state and tree', async () => {
  await work()
  await place.restart()
  const copy = await mkdtemp(join(tmpdir(), 'infrafabric-'))
  try {
    await cp(join(place.directory, 'log'), join(copy, 'log'), { recursive: true })
    // Without the key that the log names, a new one is made only when that is asked for.
    await expect(openIn(copy)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await retireIdentity(copy)
    const { size } = await place.fabric.witness.checkpoint()
    const rows = await rowsOf(place.fabric)
    const rebuilt = await openIn(copy)
    try {
      // It began with two entries of its own: that it started, and that another key signs.
      expect(rebuilt.witness.size).toBe(size + 2)
      expect(await rowsOf(rebuilt)).toEqual(rows)
      const hashes = await rebuilt.witness.tile(0, 0, size)
      expect(hashes.equals(await place.fabric.witness.tile(0, 0, size))).toBe(true)
    } finally {
      await rebuilt.close()
    }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
})

test('a trace context travels from the caller into the entries that the call led to', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const traced = place.connect(undefined, { traceparent })
  await traced.task.create({ id: 't1', title: 'One' })
  await client.task.create({ id: 't2', title: 'Two' })
  const page = await client.witness.query({ trace: '0af7651916cd43dd8448eb211c80319c' })
  expect(page.entries.map(({ subject, traceparent: kept }) => [subject, kept])).toEqual(
    page.entries.map(({ subject }) => [subject, traceparent]),
  )
  expect(page.entries.map(({ subject }) => subject)).toContain('t1')
  expect(page.entries.map(({ subject }) => subject)).not.toContain('t2')
})
