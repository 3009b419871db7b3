/** A first call without anything started ahead, and a good call after one that had to be killed. */
import { Sandbox } from '../../dist/chassis/sandbox/sandbox.js'
import { echoModule, endlessModule, HOST } from '../chassis/modules.mjs'
import { dismissed, receiveTask } from './task.mjs'

const WALL_MS = 100
/** By then the spares are there. */
const REST_MS = 700

const { starts } = await receiveTask()
const [module, endless] = await Promise.all([echoModule(), endlessModule(WALL_MS)])
const call = (sandbox, swarm, called) => {
  return sandbox.run({ swarm, module: called, input: new Uint8Array(64), seed: 'seed', host: HOST })
}

const cold = []
const bare = new Sandbox({ spares: 0 })
await bare.level()
for (let number = 0; number < starts; number += 1) {
  const before = performance.now()
  await call(bare, `cold-${number}`, module)
  cold.push(performance.now() - before)
}
await bare.close()

const recovered = []
const warm = new Sandbox({ spares: 2 })
await call(warm, 'first', module)
for (let number = 0; number < starts; number += 1) {
  await new Promise((resolve) => setTimeout(resolve, REST_MS))
  const before = performance.now()
  const { end, wallMs } = await call(warm, `hostile-${number}`, endless)
  if (end !== 'deadline') throw new Error(`an endless call ended with ${end}`)
  const killed = performance.now()
  const report = await call(warm, `good-${number}`, module)
  if (report.end !== 'completed') throw new Error(`a good call ended with ${report.end}`)
  // From the deadline on: what came before, the call had a right to.
  recovered.push(killed - before - Math.min(wallMs, killed - before) + (wallMs - WALL_MS) + performance.now() - killed)
}
await warm.close()
process.send({ cold, recovered })
await dismissed()
