// Appends one batch that is too large for a message, to the log that is named, through the server that is named.
import { NatsJournal } from '../../../dist/journal/nats/nats-journal.js'

const [server, name, directory] = process.argv.slice(2)
const journal = new NatsJournal({ servers: [server], name, directory })
await journal.open()
const entries = Array.from({ length: 4 }, () => Buffer.alloc(15_000, 'x'))
await journal.append(0, { writerId: 'split', batchId: 'split', entries })
