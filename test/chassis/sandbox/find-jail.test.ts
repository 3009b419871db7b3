import { describe, expect, test } from 'vitest'
import type { Jail } from '../../../src/chassis/jail/jail.js'
import { JAIL_LEVELS, type JailLevel } from '../../../src/chassis/jail/levels.js'
import { JailFinder } from '../../../src/chassis/sandbox/find-jail.js'
import { LIMITS } from '../../../src/model/limits.js'

/** A machine on which only these levels start, and a clock. */
function machine(...levels: JailLevel[]) {
  const probed: string[] = []
  const here = { levels, now: 0, probed }
  const probe = async (tried: readonly JailLevel[]) => {
    probed.push(tried.join())
    const level = tried.find((one) => here.levels.includes(one))
    const failed = level === undefined ? tried : tried.slice(0, tried.indexOf(level))
    const jail = level && ({ level } as Jail)
    return { ...(jail && { jail }), failures: new Map(failed.map((one) => [one, 'no memory'] as const)) }
  }
  return { ...here, here, finder: new JailFinder(JAIL_LEVELS, probe, () => here.now) }
}

const ALL = JAIL_LEVELS.join()

describe('the jail of a machine', () => {
  test('is found out once where it is the strongest', async () => {
    const { finder, here, probed } = machine('bubblewrap')
    for (let hour = 0; hour < 3; hour++) {
      expect((await finder.find()).level).toBe('bubblewrap')
      here.now += 3_600_000
    }
    expect(probed).toEqual([ALL])
  })

  test('is a stronger one later, if that failed for a moment only', async () => {
    const { finder, here, probed } = machine('permission')
    expect((await finder.find()).level).toBe('permission')
    here.levels = ['bubblewrap']
    here.now += LIMITS.sandboxProbeMs - 1
    expect((await finder.find()).level).toBe('permission')
    expect(probed).toHaveLength(1)
    here.now += 1
    // Nobody has to wait for it.
    expect((await finder.find()).level).toBe('permission')
    await expect.poll(async () => (await finder.find()).level).toBe('bubblewrap')
    expect(probed).toEqual([ALL, 'bubblewrap,unshare'])
  })

  test('is never a weaker one later', async () => {
    const { finder, here } = machine('unshare')
    await finder.find()
    here.levels = ['permission']
    here.now += LIMITS.sandboxProbeMs
    for (let times = 0; times < 3; times++) expect((await finder.find()).level).toBe('unshare')
  })

  test('is tried again before it is said that it is not enough', async () => {
    const { finder, here } = machine('permission')
    await expect(finder.find('bubblewrap')).rejects.toMatchObject({ code: 'POLICY_VIOLATION' })
    here.levels = ['bubblewrap']
    await expect(finder.find('bubblewrap')).rejects.toMatchObject({ code: 'POLICY_VIOLATION' })
    here.now += LIMITS.sandboxProbeMs
    expect((await finder.find('bubblewrap')).level).toBe('bubblewrap')
  })

  test('is tried again before it is said that there is none', async () => {
    const { finder, here } = machine()
    await expect(finder.find()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    here.levels = ['permission']
    here.now += LIMITS.sandboxProbeMs
    expect((await finder.find()).level).toBe('permission')
  })
})
