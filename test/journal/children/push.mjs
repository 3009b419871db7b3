// Serves a fabric on one port through all its lives, and sends messages to a swarm until it is killed: `started URL`,
// then `sent INDEX` for each that was acknowledged.
import { readFileSync, writeFileSync, writeSync } from 'node:fs'
import { openFabric } from '../../../dist/fabric/open.js'
import { FileJournal } from '../../../dist/journal/file/file-journal.js'
import { startServer } from '../../../dist/server/server.js'

const WRITERS = 4

const directory = process.argv[2]
const portFile = `${directory}.port`
const origin = { actor: 'admin' }
const say = (...words) => writeSync(1, `${words.join(' ')}\n`)

const fabric = await openFabric({ journal: new FileJournal({ directory, segmentBytes: 65_536 }) })
const profile = { swarm: 'w1', capabilities: [], capacity: 1, metadata: {} }
await fabric.submit({ type: 'register_swarm', ...profile }, origin)
const server = await startServer({ fabric, listen: `127.0.0.1:${earlierPort()}`, token: 'token-of-the-tests' })
writeFileSync(portFile, new URL(server.url).port)
say('started', server.url)
for (let writer = 0; writer < WRITERS; writer += 1) write()

async function write() {
  for (;;) {
    const { index } = await fabric.submit({ type: 'send_message', to: 'w1', text: 'a message' }, origin)
    say('sent', index)
    // Its readers are in another process and want some time too.
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

function earlierPort() {
  try {
    return readFileSync(portFile, 'utf8')
  } catch {
    return '0'
  }
}
