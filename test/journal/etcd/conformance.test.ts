import { afterAll, beforeAll } from 'vitest'
import { journalConformance } from '../../conformance/journal.js'
import { describeWithEtcd, EtcdServer } from '../../support/etcd-server.js'
import { etcdPlace } from './place.js'

describeWithEtcd('on one etcd', () => {
  let server: EtcdServer
  beforeAll(async () => {
    server = await EtcdServer.start()
  })
  afterAll(() => server.dispose())

  journalConformance('EtcdJournal', () => etcdPlace([server.address]))
  journalConformance('EtcdJournal with a copy', () => etcdPlace([server.address], { archive: true }))
})
