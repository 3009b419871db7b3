import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hostFabric } from '../../src/cli/host.js'
import { markLog, readMark } from '../../src/cli/moved-log.js'
import { readClosedLog } from '../../src/journal/file/closed-log.js'
import { FileJournal } from '../../src/journal/file/file-journal.js'
import { forgeRecord } from '../support/forge-record.js'
import { ifab, temporaryDirectory } from './console.js'

let directory: string
let data: string
beforeEach(async () => {
  directory = await temporaryDirectory()
  data = join(directory, 'data')
  await live(data, 'demo', 'one')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** Starts the fabric of a data directory, has it register swarms, and stops it. */
async function live(at: string, name: string, ...swarms: string[]): Promise<void> {
  const hosted = await hostFabric({ data: at, name, listen: '127.0.0.1:0' })
  for (const swarm of swarms) {
    expect(await ifab({ IFAB_DATA: at }, 'swarm', 'register', swarm)).toMatchObject({ exit: 0 })
  }
  await hosted.close()
}

async function sizeOf(at: string): Promise<number> {
  return (await readClosedLog(join(at, 'log'))).entries
}

async function migrate(from: string, to: string, ...more: string[]) {
  const { exit, out, err } = await ifab({ IFAB_DATA: data }, 'migrate', '--from', from, '--to', to, '--json', ...more)
  return { exit, ...JSON.parse(exit === 0 ? out : err) }
}

/** Replaces a text in the log by one of the same length, and mends the checksum of its record. */
async function forge(at: string, text: string, other: string): Promise<void> {
  const path = join(at, 'log', '00000000000000000000.log')
  const bytes = await readFile(path)
  forgeRecord(bytes, text, other)
  await writeFile(path, bytes)
}

const target = () => join(directory, 'copy')

describe('ifab migrate between data directories', () => {
  test('copies the log, proves it, and says what to do next', async () => {
    const size = await sizeOf(data)
    const { exit, out, err } = await ifab(
      { IFAB_DATA: data },
      'migrate',
      '--from',
      `file:${data}`,
      '--to',
      `file:${target()}`,
    )
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    const [, , root] = (await readFile(join(data, 'witness', 'checkpoint'), 'utf8')).split('\n')
    expect(out.split('\n')).toEqual([
      `file:${target()} holds the ${size} entries of file:${data}: ${size} came now, 0 were there.`,
      `Read back, both have the root ${root}; they extend what was signed at ${size} entries.`,
      `${data} is marked: its own log is not the one to go on with any more.`,
      `Next: ifab up --data ${target()}`,
      '',
    ])
    expect(await sizeOf(target())).toBe(size)
    expect((await stat(target())).mode & 0o777).toBe(0o700)
  })

  test('goes on where a copy stopped, and has nothing to do the third time', async () => {
    const size = await sizeOf(data)
    const first = await readClosedLog(join(data, 'log'))
    const journal = new FileJournal({ directory: target() })
    await journal.open()
    for await (const chunk of first.read(0)) {
      const entries = chunk.slice(0, 2).map(({ bytes }) => bytes)
      await journal.append(0, { writerId: 'copy', batchId: '0', entries })
      break
    }
    await journal.close()
    expect(await migrate(`file:${data}`, `file:${target()}`)).toMatchObject({
      exit: 0,
      kept: 2,
      copied: size - 2,
      size,
    })
    expect(await migrate(`file:${data}`, `file:${target()}`)).toMatchObject({ exit: 0, kept: size, copied: 0 })
  })

  test('refuses a target with another log, and one that is ahead', async () => {
    await live(target(), 'other', 'x')
    const before = await sizeOf(target())
    const said = await migrate(`file:${data}`, `file:${target()}`)
    expect(said).toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('signed for the fabric other') })
    await rm(join(target(), 'witness'), { recursive: true })
    expect(await migrate(`file:${data}`, `file:${target()}`)).toMatchObject({ code: 'CONFLICT', exit: 4 })
    expect(await sizeOf(target())).toBe(before)
    // Nothing was begun, so its own fabric may go on.
    await expect(stat(join(target(), 'moved.json'))).rejects.toThrow('ENOENT')
  })

  test('refuses a source that runs, that does not exist, that is empty of entries, or that is the target', async () => {
    const hosted = await hostFabric({ data, listen: '127.0.0.1:0' })
    expect(await migrate(`file:${data}`, `file:${target()}`)).toMatchObject({ code: 'DATA_LOCKED', exit: 8 })
    await hosted.close()
    expect(await migrate(`file:${target()}`, `file:${data}`)).toMatchObject({ code: 'NOT_FOUND' })
    const empty = new FileJournal({ directory: target() })
    await empty.open()
    await empty.close()
    expect(await migrate(`file:${target()}`, `file:${data}`)).toMatchObject({ code: 'NOT_FOUND' })
    expect(await migrate(`file:${data}`, `file:${data}/.`)).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await migrate(data, `file:${target()}`)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { field: '--from' },
    })
    expect(await migrate(`file:${data}`, 'redis://127.0.0.1/0')).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('marks the source, on which no fabric starts then unless it is told to', async () => {
    await migrate(`file:${data}`, `file:${target()}`)
    const up = (...more: string[]) => ifab({ IFAB_DATA: data }, 'up', '--listen', '127.0.0.1:0', ...more)
    expect(await up()).toMatchObject({ exit: 4, err: expect.stringContaining(`was moved to file:${target()}`) })
    const findings = JSON.parse((await ifab({ IFAB_DATA: data }, 'doctor', '--json')).out).findings
    expect(findings).toContainEqual(expect.objectContaining({ check: 'moved log', state: 'warning' }))
    const hosted = await hostFabric({ data, listen: '127.0.0.1:0', useMovedLog: true })
    await hosted.close()
    // From then on it is a log of its own again.
    await live(data, 'demo', 'three')
  })

  test('moves back into the same directory what came since', async () => {
    await migrate(`file:${data}`, `file:${target()}`)
    await cp(join(data, 'witness'), join(target(), 'witness'), { recursive: true })
    await live(target(), 'demo', 'two')
    const size = await sizeOf(target())
    expect(await migrate(`file:${target()}`, `file:${data}`)).toMatchObject({ exit: 0, size })
    await live(data, 'demo', 'three')
    const verified = await ifab({ IFAB_DATA: data, XDG_STATE_HOME: directory }, 'witness', 'verify', '--json')
    expect(JSON.parse(verified.out).verdicts.integrity.status).toBe('ok')
  })

  test('does not start a fabric on a copy that was interrupted', async () => {
    await migrate(`file:${data}`, `file:${target()}`)
    await markLog(target(), { state: 'incoming', other: `file:${data}`, at: '2026-01-31T08:30:00.000Z' })
    const up = await ifab({ IFAB_DATA: target() }, 'up', '--listen', '127.0.0.1:0', '--use-moved-log')
    expect(up).toMatchObject({ exit: 4, err: expect.stringContaining(`incomplete copy of file:${data}`) })
    expect(await migrate(`file:${target()}`, `file:${directory}/third`)).toMatchObject({ code: 'CONFLICT' })
    const findings = JSON.parse((await ifab({ IFAB_DATA: target() }, 'doctor', '--json')).out).findings
    expect(findings).toContainEqual(expect.objectContaining({ check: 'moved log', code: 'CONFLICT' }))
    await writeFile(join(target(), 'moved.json'), '')
    expect(await ifab({ IFAB_DATA: target() }, 'up')).toMatchObject({ exit: 4 })
    expect(await migrate(`file:${data}`, `file:${target()}`)).toMatchObject({ exit: 0, copied: 0 })
    expect(await readMark(target())).toBeUndefined()
  })

  test('refuses a source whose entries are not those that were signed, and writes nothing', async () => {
    await forge(data, '"subject":"one"', '"subject":"two"')
    expect(await migrate(`file:${data}`, `file:${target()}`)).toMatchObject({
      code: 'LOG_DIVERGED',
      message: expect.stringContaining('do not hash to the root that was signed'),
    })
    expect(await sizeOf(target())).toBe(0)
    expect(await readMark(data)).toBeUndefined()
  })

  test('refuses a source whose checkpoint is not what its key signed', async () => {
    const path = join(data, 'witness', 'checkpoint')
    const note = await readFile(path, 'utf8')
    await writeFile(path, note.replace(/^demo\n\d+/, 'demo\n1'))
    expect(await migrate(`file:${data}`, `file:${target()}`)).toMatchObject({ code: 'DATA_CORRUPT', exit: 8 })
  })

  test('finds the entry that is another one in a target', async () => {
    await migrate(`file:${data}`, `file:${target()}`)
    await forge(target(), '"subject":"one"', '"subject":"two"')
    const found = await migrate(`file:${data}`, `file:${target()}`)
    expect(found).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/holds something else as entry \d+/),
    })
  })
})
