// Tries to become the owner of a directory when told to, prints how that went, and keeps what it got until it is killed.
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { FileJournal } from '../../../dist/journal/file/file-journal.js'

const journal = new FileJournal({ directory: process.argv[2], segmentBytes: 65_536 })
writeSync(1, 'ready\n')
await once(process.stdin, 'data')
try {
  await journal.open()
  writeSync(1, `owner ${journal.generation}\n`)
} catch (error) {
  writeSync(1, `${error.code} ${error.details?.pid}\n`)
}
