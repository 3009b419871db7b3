import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FileJournal } from '../../src/journal/file/file-journal.js'
import { ifab, temporaryDirectory } from '../cli/console.js'
import { ProgramRun } from '../cli/program-run.js'
import { describeWithEtcd, EtcdServer } from '../support/etcd-server.js'
import { describeWithNats, NatsServer } from '../support/nats-server.js'

const BATCHES = 60
const BATCH_ENTRIES = 500
const SIZE = BATCHES * BATCH_ENTRIES

let directory: string
let data: string
beforeEach(async () => {
  directory = await temporaryDirectory()
  data = join(directory, 'data')
  const journal = new FileJournal({ directory: data })
  await journal.open()
  for (let first = 0; first < SIZE; first += BATCH_ENTRIES) {
    const entries = Array.from({ length: BATCH_ENTRIES }, (_, at) => entryOf(first + at))
    await journal.append(first, { writerId: 'test', batchId: String(first), entries })
  }
  await journal.close()
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** About 1 KiB, so that a copy takes a while. */
function entryOf(index: number): Buffer {
  return Buffer.from(JSON.stringify({ id: String(index), source: '/fabrics/large', data: 'x'.repeat(960) }))
}

/** Kills copies after more and more time, until one ends by itself; each goes on from what the ones before left. */
async function killUntilDone(from: string, to: string): Promise<void> {
  let kills = 0
  let kept = 0
  for (let patience = 400; ; patience *= 1.6) {
    // What killed processes leave behind goes with the test.
    const env = { IFAB_DATA: join(directory, 'none'), TMPDIR: directory }
    const run = new ProgramRun(['migrate', '--from', from, '--to', to, '--json'], env)
    const timer = setTimeout(() => run.child.kill('SIGKILL'), patience)
    const { exit, out, err } = await run.done
    clearTimeout(timer)
    if (exit === -1) {
      kills += 1
      continue
    }
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    const moved = JSON.parse(out)
    kept = moved.kept
    expect(moved).toMatchObject({ size: SIZE, copied: SIZE - kept })
    break
  }
  expect(kills).toBeGreaterThan(0)
}

describe('a copy that is killed again and again', () => {
  test('into a data directory goes on, and nothing starts on it meanwhile', async () => {
    const target = join(directory, 'target')
    await killUntilDone(`file:${data}`, `file:${target}`)
    await expect(stat(join(target, 'moved.json'))).rejects.toThrow('ENOENT')
    const again = await ifab(
      { IFAB_DATA: data },
      'migrate',
      '--from',
      `file:${target}`,
      '--to',
      `file:${data}`,
      '--json',
    )
    expect(JSON.parse(again.out)).toMatchObject({ size: SIZE, kept: SIZE, copied: 0 })
  })
})

/** Kills copies to shared servers, then copies from there. */
async function thereAndBack(url: string): Promise<void> {
  await killUntilDone(`file:${data}`, url)
  await killUntilDone(url, `file:${join(directory, 'back')}`)
}

describeWithEtcd('a copy to etcd that is killed again and again', () => {
  let server: EtcdServer
  beforeEach(async () => {
    server = await EtcdServer.start()
  })
  afterEach(() => server.dispose())

  test('goes on, there and back', () => thereAndBack(`etcd://${server.address}/large`), 120_000)
})

describeWithNats('a copy to NATS that is killed again and again', () => {
  let server: NatsServer
  beforeEach(async () => {
    server = await NatsServer.start()
  })
  afterEach(() => server.dispose())

  test('goes on, there and back', () => thereAndBack(`nats://${server.address}/large`), 120_000)
})
