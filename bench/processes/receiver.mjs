/** Hears of what happens in a served fabric and notes when: on the event stream, or in an inbox by long polls. */
import { connect, nodeTransport } from '../../dist/index.js'
import { sharedMs } from '../latency.mjs'
import { receiveTask } from './task.mjs'

const { url, token, inbox, byBlocker = false } = await receiveTask()
const fabric = connect({ url, token, transport: nodeTransport() })
/** Index of an entry, or id of the blocker it is about, -> when it was here. */
const receipts = new Map()
let wanted = () => undefined

process.on('message', async ({ indexes }) => {
  while (indexes.some((index) => !receipts.has(index))) await new Promise((resolve) => (wanted = resolve))
  process.send(indexes.map((index) => receipts.get(index)))
})
process.once('disconnect', () => process.exit())
await (inbox === undefined ? followEvents() : pollInbox())

async function followEvents() {
  const from = (await fabric.fabric.status()).entries
  process.send({ ready: true })
  for await (const { index } of fabric.events({ from })) note(index)
}

async function pollInbox() {
  process.send({ ready: true })
  for (let after = -1; ; ) {
    const { messages } = await fabric.inbox.read({ swarm: inbox, after, waitMs: 60_000 })
    for (const { index, blocker } of messages) note(byBlocker ? blocker : index)
    after = messages.at(-1)?.index ?? after
    await fabric.inbox.acknowledge({ swarm: inbox, upTo: Math.max(0, after) })
  }
}

function note(index) {
  receipts.set(index, sharedMs())
  wanted()
}
