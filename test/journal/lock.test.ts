import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inspectOwner, OwnerLock } from '../../src/journal/file/lock.js'
import { livenessOf, ownIdentity } from '../../src/journal/file/process-identity.js'

describe('OwnerLock', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ifab-lock-'))
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  /** Writes the file of an owner that differs from this process as given. */
  async function pretend(generation: number, difference: Record<string, unknown>): Promise<void> {
    const record = { ...ownIdentity(), since: '2026-01-31T08:30:00.000Z', note: '', ...difference }
    await writeFile(join(directory, `owner.${generation}`), JSON.stringify(record))
  }

  test('the second owner is refused and hears who holds the directory', async () => {
    await OwnerLock.acquire(directory, 'http://127.0.0.1:7420')
    const second = OwnerLock.acquire(directory)
    await expect(second).rejects.toMatchObject({ code: 'DATA_LOCKED', details: { pid: process.pid, state: 'alive' } })
    const { host } = ownIdentity()
    await expect(second).rejects.toThrow(
      new RegExp(`process ${process.pid} on ${host} since 20.*\\(http://127.0.0.1:7420\\)`),
    )
  })

  test('generations only grow, and only the newest file stays', async () => {
    for (const generation of [1, 2, 3]) {
      const lock = await OwnerLock.acquire(directory)
      expect(lock.generation).toBe(generation)
      expect(await readdir(directory)).toEqual([`owner.${generation}`])
      await lock.release()
    }
    expect(await inspectOwner(directory)).toMatchObject({ generation: 3, state: 'released' })
  })

  test('the holder may change its note; others read it without taking the lock', async () => {
    expect(await inspectOwner(directory)).toBeUndefined()
    const lock = await OwnerLock.acquire(directory)
    await lock.annotate('listening')
    expect(await inspectOwner(directory)).toMatchObject({
      generation: 1,
      state: 'alive',
      pid: process.pid,
      note: 'listening',
    })
    await expect(lock.annotate('x'.repeat(5_000))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a directory that does not exist has no owner', async () => {
    expect(await inspectOwner(join(directory, 'missing'))).toBeUndefined()
  })

  test('a process that has ended is succeeded', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    await pretend(4, { pid: child.pid })
    expect((await OwnerLock.acquire(directory)).generation).toBe(5)
  })

  test('a process id that was given out again is succeeded', async () => {
    await pretend(4, { startTime: '1' })
    expect(await inspectOwner(directory)).toMatchObject({ generation: 4, state: 'dead' })
    expect((await OwnerLock.acquire(directory)).generation).toBe(5)
  })

  test('an owner from before the last boot of this host is succeeded', async () => {
    await pretend(4, { bootId: 'an earlier boot' })
    expect((await OwnerLock.acquire(directory)).generation).toBe(5)
  })

  test.each([
    ['of another host', { bootId: 'another machine', host: 'elsewhere' }],
    ['of another machine of the same name', { bootId: 'another boot', machineId: 'another' }],
    ['of another process namespace', { pidNamespace: 'pid:[1]' }],
  ])('an owner %s cannot be judged from here, and the message says what to do', async (_, difference) => {
    await pretend(4, difference)
    const refusal = expect(OwnerLock.acquire(directory)).rejects
    await refusal.toMatchObject({ code: 'DATA_LOCKED', details: { state: 'unknown' } })
    await expect(OwnerLock.acquire(directory)).rejects.toThrow(/cannot be told from here.*empty the file .*owner\.4/)
    await writeFile(join(directory, 'owner.4'), '')
    expect((await OwnerLock.acquire(directory)).generation).toBe(5)
  })

  test('an owner file that cannot be read is not taken for a dead owner', async () => {
    await writeFile(join(directory, 'owner.4'), '{"pid":')
    await expect(OwnerLock.acquire(directory)).rejects.toMatchObject({ code: 'DATA_LOCKED' })
    expect(await readFile(join(directory, 'owner.4'), 'utf8')).toBe('{"pid":')
  })

  test('a starter that comes late does not succeed an owner of a higher generation', async () => {
    // What a starter leaves that linked generation 4 after 5 was taken and 4 was removed.
    await pretend(5, {})
    await pretend(4, { startTime: '1' })
    await expect(OwnerLock.acquire(directory)).rejects.toMatchObject({ code: 'DATA_LOCKED' })
    expect((await readdir(directory)).sort()).toEqual(['owner.4', 'owner.5'])
  })

  test('a new owner removes what its predecessors left', async () => {
    await pretend(4, { startTime: '1' })
    await pretend(3, { startTime: '1' })
    await writeFile(join(directory, 'owner.tmp-1-abc'), '')
    await OwnerLock.acquire(directory)
    expect(await readdir(directory)).toEqual(['owner.5'])
  })

  test('a killed process that nobody has waited for is dead', async () => {
    // Its child ends after the shell has become a sleep, which never waits for it; the shell itself might.
    const parent = spawn('sh', ['-c', 'cat <&3 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    })
    try {
      const [output] = await once(parent.stdio[1] as Readable, 'data')
      const pid = Number(String(output))
      await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n')
      ;(parent.stdio[3] as Writable).end()
      const stat = () => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      await expect.poll(stat).toMatch(/\) Z /)
      const startTime = (await stat()).split(') ')[1]?.split(' ')[19]
      expect(livenessOf({ ...ownIdentity(), pid, startTime: startTime ?? '' })).toBe('dead')
    } finally {
      parent.kill('SIGKILL')
    }
  })
})
