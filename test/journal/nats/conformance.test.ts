import { afterAll, beforeAll } from 'vitest'
import { journalConformance } from '../../conformance/journal.js'
import { describeWithNats, NatsServer } from '../../support/nats-server.js'
import { natsPlace } from './place.js'

describeWithNats('One server', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server.dispose())

  journalConformance('NatsJournal', () => natsPlace([server.address]))
})

describeWithNats('A server that takes small payloads', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start({ settings: 'max_payload: 16384' })
  })
  afterAll(() => server.dispose())

  journalConformance('NatsJournal, with batches in parts,', () => natsPlace([server.address]))
})

describeWithNats('Three servers', () => {
  let servers: NatsServer[]
  beforeAll(async () => {
    servers = await NatsServer.startCluster()
  })
  afterAll(() => Promise.all(servers.map((server) => server.dispose())))

  const addresses = () => servers.map(({ address }) => address)
  journalConformance('NatsJournal with three replicas', () => natsPlace(addresses(), { replicas: 3 }))
})
