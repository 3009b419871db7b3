/** The orchestrator as a process: it reads its inbox as messages come in. Helpers are chosen by the governor. */
import { connectLocal } from 'infrafabric'
import { sharedMs } from './clock.mjs'
import { onOrder } from './orders.mjs'

const [data] = process.argv.slice(2)
const swarm = 'orchestrator'
const fabric = await connectLocal({ data, retries: 1_000 })
const stopping = new AbortController()

onOrder('stop', () => stopping.abort())
process.send({ ready: true })
let after = -1
while (!stopping.signal.aborted) {
  const messages = await newMessages()
  const receivedAt = sharedMs()
  for (const { kind, blocker } of messages) {
    if (kind === 'blocker_raised') process.send({ heardOf: blocker, receivedAt })
  }
  const last = messages.at(-1)
  if (last === undefined) continue
  after = last.index
  await fabric.inbox.acknowledge({ swarm, upTo: after })
}
process.disconnect()

async function newMessages() {
  try {
    const inbox = await fabric.inbox.read({ swarm, after, waitMs: 20_000 }, { signal: stopping.signal })
    return inbox.messages
  } catch (error) {
    if (stopping.signal.aborted) return []
    throw error
  }
}
