/** A fabric on a file journal behind HTTP, with its tasks and swarms; it notes when each entry became durable. */
import { openFabric } from '../../dist/fabric/open.js'
import { FileJournal } from '../../dist/journal/file/file-journal.js'
import { mintToken } from '../../dist/operations/new-token.js'
import { startServer } from '../../dist/server/server.js'
import { sharedMs } from '../latency.mjs'
import { importTasks, plainTask, registerSwarms } from '../workload.mjs'
import { dismissed, receiveTask } from './task.mjs'

const TOKEN = 'a-token-for-the-benchmark-and-nothing-else'

const { directory, tasks, swarms, claimed, governor, helper, withTokens = false } = await receiveTask()
const journal = new FileJournal({ directory })
const commits = []
const append = journal.append.bind(journal)
journal.append = async (size, batch) => {
  await append(size, batch)
  const at = sharedMs()
  for (let offset = 0; offset < batch.entries.length; offset += 1) commits[size + offset] = at
}
const fabric = await openFabric({ journal, ...(governor && { governor }) })
await importTasks(fabric, tasks, plainTask)
const names = await registerSwarms(fabric, swarms, tasks)
if (helper !== undefined) await registerHelper(helper)
const claims = await Promise.all(Array.from({ length: claimed }, (_, index) => claim(`task-${index}`, names[0])))
const server = await startServer({ fabric, listen: '127.0.0.1:0', token: TOKEN })
process.on('message', () => process.send({ commits, rss: process.memoryUsage.rss() }))
const tokens = withTokens ? await Promise.all(names.map(issueToken)) : []
process.send({ url: server.url, token: TOKEN, tokens, claims: claims.map(({ task, epoch }) => ({ task, epoch })) })
await dismissed()
await server.close()
await fabric.close()

/** The one swarm that can do what `capability` names. */
function registerHelper({ swarm, capability }) {
  const profile = { swarm, capabilities: [capability], tier: 'opus', capacity: 1_000, metadata: {} }
  return fabric.submit({ type: 'register_swarm', ...profile }, { actor: 'admin' })
}

async function issueToken(swarm) {
  const { token, command } = mintToken(24 * 60 * 60 * 1_000)
  await fabric.submit({ type: 'issue_token', role: 'swarm', name: swarm, ...command }, { actor: 'admin' })
  return token
}

function claim(task, swarm) {
  return fabric.submit({ type: 'claim_task', task, swarm }, { actor: `swarm:${swarm}` })
}
