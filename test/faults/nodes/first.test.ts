import { expect, test } from 'vitest'
import { ETCD } from './engines.js'
import { tryFault } from './try-fault.js'

ETCD.describe('nodes on etcd', () => {
  test('go on when the one that leads is killed', async () => {
    const verdict = await tryFault({
      engine: ETCD,
      name: 'the leader is killed',
      fault: async (cluster, workload) => {
        await (await cluster.leader()).end('SIGKILL')
        await workload.goesOn()
      },
    })
    expect(verdict.grants).toBeGreaterThan(20)
  }, 120_000)
})
