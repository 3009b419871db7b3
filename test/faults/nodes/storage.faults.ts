import { spawnSync } from 'node:child_process'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { machineMs } from '../../support/history.js'
import { Cluster } from './cluster.js'
import { ENGINES, type EngineServer } from './engines.js'
import { tryFault } from './try-fault.js'
import { Workload } from './workload.js'

const LIMIT_MS = 180_000
/** Room for the files that etcd makes in advance. */
const DISK_MIB = 256

/** A small disk of its own, in memory. Only root may mount one. */
class SmallDisk implements AsyncDisposable {
  static readonly isPossible = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async mount(): Promise<SmallDisk> {
    const path = await mkdtemp(join(tmpdir(), 'ifab-disk-'))
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', path])
    if (status !== 0) throw new Error(`Cannot mount a small disk: ${stderr}`)
    return new SmallDisk(path)
  }

  /** Takes all the room that is left, piece by smaller piece. */
  async fill(): Promise<void> {
    for (let bytes = 2 ** 20; bytes >= 512; bytes /= 2) {
      const piece = Buffer.alloc(bytes)
      while (await this.#takes(piece));
    }
  }

  free(): Promise<void> {
    return rm(join(this.path, 'filler'), { force: true })
  }

  async #takes(piece: Buffer): Promise<boolean> {
    return appendFile(join(this.path, 'filler'), piece).then(
      () => true,
      () => false,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    spawnSync('umount', [this.path])
    await rm(this.path, { recursive: true, force: true })
  }
}

if (!SmallDisk.isPossible) console.warn('\n*** Only root can mount a small disk: a FULL DISK is NOT TRIED ***\n')

for (const engine of ENGINES) {
  engine.describe(`nodes on ${engine.name} whose storage fails`, () => {
    const onSmallDisk = test.runIf(SmallDisk.isPossible)
    onSmallDisk('go on when a full disk has room again', { timeout: LIMIT_MS }, async () => {
      await using disk = await SmallDisk.mount()
      await tryFault({
        ...{ engine, name: 'the disk of the server is full for a while', place: disk.path },
        fault: async ({ servers }, workload) => {
          await disk.fill()
          await sleep(8_000)
          await disk.free()
          for (const server of servers) {
            await server.kill()
            await server.restart()
          }
          await workload.goesOn()
        },
      })
    })

    test('acknowledge nothing more when the log is removed, and do not start on another one', {
      timeout: LIMIT_MS,
    }, async () => {
      await using cluster = await Cluster.start(engine, 1)
      await using workload = await Workload.start(cluster, 1)
      await workload.goesOn()
      await engine.removeLog(cluster.servers[0] as EngineServer)
      const removedAt = machineMs()
      const ends = await Promise.all(cluster.nodes.map((node) => node.ended()))
      const after = workload.attempts.filter(({ verb, answer, sentAt }) => {
        return verb !== 'show' && answer !== undefined && answer.code === undefined && sentAt > removedAt
      })
      expect(after).toEqual([])
      for (const { exit, err } of ends) {
        expect(exit).toBe(8)
        expect(err).toContain('LOG_DIVERGED')
      }
      for (const node of cluster.nodes) await expect(node.start()).rejects.toThrow('LOG_DIVERGED')
    })
  })
}
