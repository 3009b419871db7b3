/** One round of claims inside the process of a fabric, with a witness or without. */
import { importTasks, plainTask, registerSwarms } from '../workload.mjs'
import { dismissed, receiveTask } from './task.mjs'
import { claimTasks, openFabricIn } from './witness-fabric.mjs'

const { directory, witness, callers, claims, warmup } = await receiveTask()
const fabric = await openFabricIn(directory, { witness })
await importTasks(fabric, warmup + claims, plainTask)
const swarms = await registerSwarms(fabric, callers, warmup + claims)
await claimTasks(fabric, swarms, 0, warmup)
process.send(await claimTasks(fabric, swarms, warmup, claims))
await dismissed()
await fabric.close()
