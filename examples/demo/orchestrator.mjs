/** The orchestrator as a process: it reads its inbox as messages come in, and sends helpers to who is stuck. */
import { connectLocal } from 'infrafabric'
import { sharedMs } from './clock.mjs'
import { Notebook } from './notebook.mjs'
import { onOrder } from './orders.mjs'

const [data, notes] = process.argv.slice(2)
const swarm = 'orchestrator'
const fabric = await connectLocal({ data, retries: 1_000 })
const notebook = new Notebook(notes, swarm)
const stopping = new AbortController()

onOrder('stop', () => stopping.abort())
process.send({ ready: true })
let after = -1
while (!stopping.signal.aborted) {
  const messages = await newMessages()
  const receivedAt = sharedMs()
  for (const message of messages) {
    if (message.kind === 'blocker_raised') {
      process.send({ heardOf: message.blocker, receivedAt })
      await sendHelp(message.blocker)
    }
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

/** Asks up to two swarms that can do what is needed, those with the least work first. */
async function sendHelp(id) {
  const { items: blockers } = await fabric.blocker.list({ open: true })
  const blocker = blockers.find((row) => row.id === id)
  if (blocker === undefined) return
  const { items: swarms } = await fabric.swarm.list()
  const able = swarms
    .filter(({ swarm: { id: name, state, capabilities } }) => {
      return (
        state === 'active' && name !== blocker.swarm && blocker.requires.every((each) => capabilities.includes(each))
      )
    })
    .sort((a, b) => a.claims.length - b.claims.length)
  const helpers = able.slice(0, 2).map((row) => row.swarm.id)
  if (helpers.length === 0) return
  await notebook.acknowledged(
    () => fabric.blocker.assign({ blocker: id, swarms: helpers }),
    () => ({ change: 'assign', blocker: id, swarms: helpers }),
  )
}
