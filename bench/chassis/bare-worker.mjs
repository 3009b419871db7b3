/** The same module in a worker thread without any sandbox: a fresh instance for each message, its output as the answer. */
import { parentPort, workerData } from 'node:worker_threads'

const module = new WebAssembly.Module(workerData)
let input
let output
let memory
const ifab = {
  input_length: () => input.length,
  read_input: (pointer, offset, length) => {
    const part = input.subarray(offset, offset + length)
    new Uint8Array(memory.buffer, pointer, length).set(part)
    return part.length
  },
  write_output: (pointer, length) => {
    output = new Uint8Array(memory.buffer, pointer, length).slice()
    return 0
  },
}

parentPort.on('message', (message) => {
  input = message
  const { exports } = new WebAssembly.Instance(module, { ifab })
  memory = exports.memory
  exports['ifab.fuel'].value = 1_000_000_000n
  exports.run()
  parentPort.postMessage(output)
})
