// Appends batches for ever and prints the size of the log after each acknowledged one.
import { writeSync } from 'node:fs'
import { FileJournal } from '../../../dist/journal/file/file-journal.js'

const journal = new FileJournal({ directory: process.argv[2], segmentBytes: 65_536 })
let { size } = await journal.open()
writeSync(1, `${size}\n`)
for (;;) {
  const count = 1 + (size % 7)
  const entries = Array.from({ length: count }, (_, position) => Buffer.from(`entry ${size + position} `.repeat(20)))
  await journal.append(size, { writerId: `process ${process.pid}`, batchId: `batch ${size}`, entries })
  size += count
  writeSync(1, `${size}\n`)
}
