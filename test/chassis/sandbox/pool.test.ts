import { afterEach, describe, expect, test, vi } from 'vitest'
import { permissionOnly } from '../../../src/chassis/jail/permission.js'
import { CHILD_PROGRAM, permissionFlag } from '../../../src/chassis/jail/program.js'
import { SandboxChild } from '../../../src/chassis/sandbox/child.js'
import { type Lease, Pool, type PoolOptions } from '../../../src/chassis/sandbox/pool.js'
import { LIMITS } from '../../../src/model/limits.js'

const jail = permissionOnly(permissionFlag() ?? '--permission')
const pools: Pool[] = []

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(pools.splice(0).map((pool) => pool.close()))
})

/** A pool of real children, and those that it started. */
function poolOf(options: Partial<PoolOptions> = {}) {
  const started: SandboxChild[] = []
  const start = async () => {
    const child = await SandboxChild.start(jail, CHILD_PROGRAM)
    started.push(child)
    return child
  }
  const pool = new Pool({ children: 10, childrenPerSwarm: 10, spares: 0, idleMs: 60_000, start, ...options })
  pools.push(pool)
  return { pool, started }
}

const tenant = (swarm: string, key = swarm) => ({ swarm, key, level: 'permission' as const })

async function lease(pool: Pool, swarm: string, key = swarm): Promise<Lease> {
  const found = await pool.acquire(tenant(swarm, key))
  if (found === undefined) throw new Error('no child was given')
  return found
}

/** Whether a promise is still pending when all that can happen at once has happened. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise((resolve) => setImmediate(resolve, 'pending'))
  return (await Promise.race([promise, turn])) === 'pending'
}

describe('a child', () => {
  test('goes on with the same tenant, and never to another', async () => {
    const { pool } = poolOf()
    const first = await lease(pool, 'alice', 'module 1')
    expect(first.isLoaded).toBe(false)
    pool.release(first)
    const again = await lease(pool, 'alice', 'module 1')
    expect([again.child === first.child, again.isLoaded]).toEqual([true, true])
    pool.release(again)
    const module = await lease(pool, 'alice', 'module 2')
    const swarm = await lease(pool, 'bob', 'module 3')
    expect(new Set([first.child, module.child, swarm.child]).size).toBe(3)
    expect([module.isLoaded, swarm.isLoaded]).toEqual([false, false])
  })

  test('that was killed is not given again', async () => {
    const { pool } = poolOf()
    const first = await lease(pool, 'alice')
    first.child.kill()
    pool.release(first)
    const second = await lease(pool, 'alice')
    expect(second.child).not.toBe(first.child)
    expect(second.isLoaded).toBe(false)
  })

  test('that dies while it has no work is not given again', async () => {
    const { pool } = poolOf()
    const first = await lease(pool, 'alice')
    pool.release(first)
    process.kill(first.child.pid ?? 0, 'SIGKILL')
    await first.child.ended
    expect((await lease(pool, 'alice')).child).not.toBe(first.child)
  })

  test('that said a word too many is not given again, also before its end is known', async () => {
    const { pool } = poolOf()
    const first = await lease(pool, 'alice')
    pool.release(first)
    first.child.kill()
    expect((await lease(pool, 'alice')).child).not.toBe(first.child)
  })

  test('of a jail that is not the best any more is not given', async () => {
    const { pool, started } = poolOf({ spares: 1 })
    const first = await lease(pool, 'alice')
    pool.release(first)
    pool.refill()
    await expect.poll(() => started.length).toBe(2)
    const spare = started.find((child) => child !== first.child)
    const better = await pool.acquire({ ...tenant('alice'), level: 'unshare' })
    expect([first.child, spare]).not.toContain(better?.child)
    expect(spare?.isOver).toBe(true)
  })

  test('without work is closed after a time', async () => {
    const { pool } = poolOf({ idleMs: 20 })
    const { child, ...rest } = await lease(pool, 'alice')
    pool.release({ child, ...rest })
    await child.ended
    expect(child.isOver).toBe(true)
  })

  test('without work makes room for another tenant, the longest without work first', async () => {
    const { pool } = poolOf({ children: 2 })
    const alice = await lease(pool, 'alice')
    const bob = await lease(pool, 'bob')
    pool.release(alice)
    pool.release(bob)
    await lease(pool, 'carol')
    expect([alice.child.isOver, bob.child.isOver]).toEqual([true, false])
  })
})

describe('spares', () => {
  test('are started ahead and given at once, and others take their place', async () => {
    const { pool, started } = poolOf({ spares: 2 })
    pool.refill()
    await expect.poll(() => started.length).toBe(2)
    const { child, isLoaded } = await lease(pool, 'alice')
    expect([started.indexOf(child), isLoaded]).toEqual([0, false])
    await expect.poll(() => started.length).toBe(3)
  })

  test('that were killed are not given', async () => {
    const { pool, started } = poolOf({ spares: 1 })
    pool.refill()
    await expect.poll(() => started.length).toBe(1)
    started[0]?.kill()
    expect((await lease(pool, 'alice')).child.isOver).toBe(false)
  })

  test('that do not start are tried again ever more seldom, and who needs a child hears at once why there is none', async () => {
    vi.useFakeTimers()
    let starts = 0
    const start = async () => {
      starts += 1
      throw new Error('no memory')
    }
    const { pool } = poolOf({ spares: 1, start })
    pool.refill()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(starts).toBeGreaterThan(3)
    expect(starts).toBeLessThan(10)
    await expect(lease(pool, 'alice')).rejects.toThrow('no memory')
    const before = starts
    await vi.advanceTimersByTimeAsync(3_600_000)
    // Once a minute in the end.
    expect(starts - before).toBeGreaterThan(55)
    expect(starts - before).toBeLessThan(65)
  })

  test('that start again are started as soon as before', async () => {
    vi.useFakeTimers()
    let isOut = true
    const started: SandboxChild[] = []
    const start = async () => {
      if (isOut) throw new Error('no memory')
      const child = {
        isOver: false,
        level: 'permission',
        ended: new Promise(() => undefined),
        close() {},
      } as unknown as SandboxChild
      started.push(child)
      return child
    }
    const pool = new Pool({ children: 10, childrenPerSwarm: 10, spares: 1, idleMs: 60_000, start })
    pool.refill()
    await vi.advanceTimersByTimeAsync(10_000)
    isOut = false
    await vi.advanceTimersByTimeAsync(60_000)
    expect(started).toHaveLength(1)
    await lease(pool, 'alice')
    await vi.advanceTimersByTimeAsync(100)
    expect(started).toHaveLength(2)
  })

  test('take no room that somebody needs', async () => {
    const { pool, started } = poolOf({ spares: 5, children: 2 })
    await lease(pool, 'alice')
    await lease(pool, 'bob')
    expect(await isPending(lease(pool, 'carol'))).toBe(true)
    expect(started).toHaveLength(2)
  })
})

describe('who waits', () => {
  test('is served in order when there is room', async () => {
    const { pool } = poolOf({ children: 1 })
    const alice = await lease(pool, 'alice')
    const order: string[] = []
    const wait = async (swarm: string) => {
      const given = await lease(pool, swarm)
      order.push(swarm)
      pool.release(given)
    }
    const waiting = [wait('bob'), wait('carol'), wait('alice')]
    expect(await isPending(Promise.race(waiting))).toBe(true)
    pool.release(alice)
    await Promise.all(waiting)
    expect(order).toEqual(['bob', 'carol', 'alice'])
  })

  test('does not keep others waiting who have not had their share', async () => {
    const { pool } = poolOf({ children: 3, childrenPerSwarm: 2 })
    const [first] = await Promise.all([lease(pool, 'noisy', '1'), lease(pool, 'noisy', '2')])
    const third = lease(pool, 'noisy', '3')
    expect(await isPending(third)).toBe(true)
    await lease(pool, 'quiet')
    expect(await isPending(third)).toBe(true)
    pool.release(first as Lease)
    expect((await third).tenant.key).toBe('3')
  })

  test('leaves when the signal says so', async () => {
    const { pool } = poolOf({ children: 1 })
    const alice = await lease(pool, 'alice')
    const control = new AbortController()
    const waiting = pool.acquire(tenant('bob'), control.signal)
    control.abort()
    expect(await waiting).toBeUndefined()
    pool.release(alice)
    expect((await lease(pool, 'carol')).tenant.swarm).toBe('carol')
  })

  test('is refused when too many of the swarm wait already, and others are not', async () => {
    const { pool } = poolOf({ children: 1 })
    await lease(pool, 'alice')
    const crowd = Array.from({ length: LIMITS.sandboxCallsWaitingPerSwarm }, () => lease(pool, 'noisy'))
    for (const one of crowd) one.catch(() => undefined)
    await expect(lease(pool, 'noisy')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    expect(await isPending(lease(pool, 'quiet').catch(() => 'closed'))).toBe(true)
  })

  test('is refused when the pool is closed', async () => {
    const { pool } = poolOf({ children: 1 })
    const alice = await lease(pool, 'alice')
    const waiting = lease(pool, 'bob')
    const refused = expect(waiting).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await pool.close()
    await refused
    expect(alice.child.isOver).toBe(true)
    await expect(lease(pool, 'bob')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('hears why no child starts', async () => {
    const program = { ...CHILD_PROGRAM, file: 'missing.js' }
    const { pool } = poolOf({ start: () => SandboxChild.start(jail, program) })
    await expect(lease(pool, 'alice')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('does not start'),
    })
  })
})
