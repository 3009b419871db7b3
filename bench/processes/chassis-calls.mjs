/** Warm calls of one module with 64 bytes, in the sandbox and in a bare worker thread, in turn. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Sandbox } from '../../dist/chassis/sandbox/sandbox.js'
import { echoModule, HOST } from '../chassis/modules.mjs'
import { Latencies } from '../latency.mjs'
import { dismissed, receiveTask } from './task.mjs'

const { calls } = await receiveTask()
const module = await echoModule()
const input = new Uint8Array(64).fill(65)
const sandbox = new Sandbox({ spares: 0 })
const worker = new Worker(new URL('../chassis/bare-worker.mjs', import.meta.url), { workerData: module.metered })

const inSandbox = () => sandbox.run({ swarm: 'bench', module, input, seed: 'seed', host: HOST })
const inWorker = () => {
  worker.postMessage(input)
  return once(worker, 'message')
}

async function measure(call, count, latencies) {
  for (let number = 0; number < count; number += 1) {
    const before = performance.now()
    await call()
    latencies?.record(performance.now() - before)
  }
}

await measure(inSandbox, calls / 4)
await measure(inWorker, calls / 4)
const sandboxed = new Latencies()
const bare = new Latencies()
for (let block = 0; block < 10; block += 1) {
  await measure(inSandbox, calls / 10, sandboxed)
  await measure(inWorker, calls / 10, bare)
}
const level = await sandbox.level()
await sandbox.close()
await worker.terminate()
process.send({ sandboxed: sandboxed.summary(), bare: bare.summary(), level })
await dismissed()
