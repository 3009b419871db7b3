import { describe, expect, test } from 'vitest'
import { ADMIN_ACTOR } from '../../../src/model/entry.js'
import { makeRegistration, makeTask } from '../../../src/testing/factories.js'
import { TestNodes } from '../../../src/testing/test-nodes.js'

describe('nodes', () => {
  test('one leads, the others send it commands and see what came of them', async () => {
    await using all = await TestNodes.open()
    expect(all.leader.id).toBe('n1')
    const n2 = all.node('n2')
    await n2.fabric.submit({ type: 'create_task', task: makeTask('t1') }, { actor: ADMIN_ACTOR })
    expect(await n2.fabric.read((state) => state.tasks.get('t1')?.state)).toBe('available')
    await n2.fabric.submit(makeRegistration('s1'), { actor: ADMIN_ACTOR })
    const grant = await all.leader.fabric.submit(
      { type: 'claim_task', task: 't1', swarm: 's1' },
      { actor: ADMIN_ACTOR },
    )
    expect(grant.epoch).toBeGreaterThan(0)
    expect(all.faults).toEqual([])
  })

  test('another takes over when the leader dies', async () => {
    await using all = await TestNodes.open()
    await all.leader.kill()
    const begun = all.timing.elapsed()
    const n2 = all.node('n2')
    await all.during(n2.fabric.submit({ type: 'create_task', task: makeTask('t1') }, { actor: ADMIN_ACTOR }))
    expect(all.timing.elapsed() - begun).toBeLessThan(3_000)
    expect(['n2', 'n3']).toContain(all.leader.id)
  })
})
