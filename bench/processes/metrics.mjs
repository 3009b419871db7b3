/** A fabric that is full, with a scraper in the same process: what the thread does beside the scrapes is nothing. */
import { openFabric } from '../../dist/fabric/open.js'
import { FileJournal } from '../../dist/journal/file/file-journal.js'
import { startServer } from '../../dist/server/server.js'
import { importTasks, plainTask, registerSwarms } from '../workload.mjs'
import { dismissed, receiveTask } from './task.mjs'

const TOKEN = 'a-token-for-the-benchmark-and-nothing-else'

const { directory, tasks, swarms, scrapes } = await receiveTask()
const fabric = await openFabric({ journal: new FileJournal({ directory }) })
await importTasks(fabric, tasks, plainTask)
const names = await registerSwarms(fabric, swarms, 1)
const submit = (command, actor) => fabric.submit(command, { actor })
await Promise.all(names.map((swarm, at) => submit({ type: 'claim_task', task: `task-${at}`, swarm }, `swarm:${swarm}`)))
await Promise.all(names.map((to) => submit({ type: 'send_message', to, text: 'hello' }, 'admin')))
const server = await startServer({ fabric, listen: '127.0.0.1:0', token: TOKEN })

let page = ''
let longestMs = 0
await scrape()
const before = process.cpuUsage()
for (let count = 0; count < scrapes; count += 1) await scrape()
const { user, system } = process.cpuUsage(before)
const series = page.split('\n').filter((line) => /^\w/.test(line)).length
process.send({ cpuMs: (user + system) / 1_000 / scrapes, longestMs, series, bytes: Buffer.byteLength(page) })
await dismissed()
await server.close()
await fabric.close()

async function scrape() {
  const begun = performance.now()
  const answer = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
  page = await answer.text()
  longestMs = Math.max(longestMs, performance.now() - begun)
}
