import { join } from 'node:path'
import { EtcdJournal } from '../../dist/journal/etcd/etcd-journal.js'
import { FileJournal } from '../../dist/journal/file/file-journal.js'
import { NatsJournal } from '../../dist/journal/nats/nats-journal.js'

const NAME = 'main'

/** The journal that a task describes; the server of one that needs a server runs already. */
const JOURNALS = {
  file: ({ directory }) => new FileJournal({ directory }),
  nats: ({ directory, server, monitor, flushes }) =>
    new NatsJournal({ servers: [server], name: NAME, directory, monitors: [monitor], requireDurable: flushes }),
  etcd: ({ directory, server, archive }) =>
    new EtcdJournal({ servers: [server], name: NAME, directory: join(directory, 'etcd'), archive }),
}

export function makeJournal(task) {
  return JOURNALS[task.driver](task)
}
