// Appends one batch that is too large for a request, to the log that is named, through the server that is named.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EtcdJournal } from '../../../dist/journal/etcd/etcd-journal.js'

const [server, name] = process.argv.slice(2)
const journal = new EtcdJournal({ servers: [server], name, directory: join(tmpdir(), `ifab-split-${process.pid}`) })
await journal.open()
const entries = Array.from({ length: 60 }, () => Buffer.alloc(60_000, 'x'))
await journal.append(0, { writerId: 'split', batchId: 'split', entries })
