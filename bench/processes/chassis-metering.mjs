/** The same program with and without fuel in its code, in turn, in one process. */
import { admitModule } from '../../dist/chassis/admission/admit.js'
import { compileProgram } from '../chassis/modules.mjs'
import { dismissed, receiveTask } from './task.mjs'

const { program, rounds } = await receiveTask()
const original = compileProgram(program)
const { metered } = await admitModule(original)
const instance = (bytes) => new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports
const variants = { plain: instance(original), metered: instance(metered) }
const fuel = variants.metered['ifab.fuel']
const FULL = 1_000_000_000_000n

function time(exports) {
  const before = performance.now()
  exports.run()
  return performance.now() - before
}

fuel.value = FULL
if (variants.plain.run() !== variants.metered.run()) throw new Error(`${program} gives another result with fuel`)
const used = Number(FULL - fuel.value)
const times = { plain: [], metered: [] }
for (let round = -rounds; round < rounds; round += 1) {
  for (const name of round % 2 === 0 ? ['plain', 'metered'] : ['metered', 'plain']) {
    fuel.value = FULL
    const ms = time(variants[name])
    // The first half is for the engine to compile what is hot.
    if (round >= 0) times[name].push(ms)
  }
}
// Other programs only ever add time, so the least of many is what each costs.
process.send({ plainMs: Math.min(...times.plain), meteredMs: Math.min(...times.metered), fuel: used })
await dismissed()
