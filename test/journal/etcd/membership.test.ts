import { afterAll, beforeAll } from 'vitest'
import { EtcdMembership } from '../../../src/journal/etcd/membership.js'
import { membershipConformance } from '../../conformance/membership.js'
import { CuttingProxy } from '../../support/cutting-proxy.js'
import { describeWithEtcd, EtcdServer } from '../../support/etcd-server.js'

describeWithEtcd('on one etcd', () => {
  let server: EtcdServer
  let logs = 0

  beforeAll(async () => {
    server = await EtcdServer.start()
  })
  afterAll(() => server.dispose())

  membershipConformance('EtcdMembership', async () => {
    const proxy = await CuttingProxy.start(server.port)
    logs += 1
    const name = `nodes-${logs}`
    const address = (cuttable = false) => (cuttable ? `127.0.0.1:${proxy.port}` : server.address)
    return {
      node: (cuttable) => new EtcdMembership({ servers: [address(cuttable)], name, timeoutMs: 1_000 }),
      cut: () => proxy.cut(),
      heal: () => proxy.heal(),
      dispose: () => proxy.close(),
    }
  })
})
