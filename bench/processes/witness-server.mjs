/** A fabric with a witness behind HTTP, with its tasks and swarms. */
import { startServer } from '../../dist/server/server.js'
import { importTasks, plainTask, registerSwarms } from '../workload.mjs'
import { dismissed, receiveTask } from './task.mjs'
import { openFabricIn, refusalEntries } from './witness-fabric.mjs'

const TOKEN = 'a-token-for-the-benchmark-and-nothing-else'

const { directory, tasks, swarms } = await receiveTask()
const fabric = await openFabricIn(directory, { witness: true })
await importTasks(fabric, tasks, plainTask)
await registerSwarms(fabric, swarms, tasks)
const server = await startServer({ fabric, listen: '127.0.0.1:0', token: TOKEN })
process.on('message', async () => process.send(await refusalEntries(fabric)))
process.send({ url: server.url, token: TOKEN })
await dismissed()
await server.close()
await fabric.close()
