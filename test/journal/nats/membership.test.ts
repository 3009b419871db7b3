import { afterAll, beforeAll } from 'vitest'
import { NatsMembership } from '../../../src/journal/nats/membership.js'
import type { NatsAccess } from '../../../src/journal/nats/options.js'
import { type MembershipPlace, membershipConformance } from '../../conformance/membership.js'
import { CuttingProxy } from '../../support/cutting-proxy.js'
import { describeWithNats, NatsServer } from '../../support/nats-server.js'

let logs = 0

/** Nodes of a log of their own on these servers; one reaches the first server through a proxy. */
async function placeOn(servers: readonly NatsServer[], access: Partial<NatsAccess> = {}): Promise<MembershipPlace> {
  const proxy = await CuttingProxy.start(servers[0]?.port ?? 0)
  logs += 1
  const name = `nodes-${process.pid}-${logs}`
  const addresses = servers.map(({ address }) => address)
  return {
    node: (cuttable = false) =>
      new NatsMembership({
        servers: cuttable ? [`127.0.0.1:${proxy.port}`] : addresses,
        name,
        ...access,
      }),
    cut: () => proxy.cut(),
    heal: () => proxy.heal(),
    dispose: () => proxy.close(),
  }
}

describeWithNats('One server', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server.dispose())

  membershipConformance('NatsMembership', () => placeOn([server]))
})
