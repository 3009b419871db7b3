/** Many children of one sandbox, each with a module of its own swarm, and the memory of each when it has no work. */
import { readdirSync, readFileSync } from 'node:fs'
import { Sandbox } from '../../dist/chassis/sandbox/sandbox.js'
import { echoModule, HOST } from '../chassis/modules.mjs'
import { dismissed, receiveTask } from './task.mjs'

const { children } = await receiveTask()
const module = await echoModule()
const sandbox = new Sandbox({ spares: 0, children })
await sandbox.level()
const input = new Uint8Array(64)
const all = () =>
  Promise.all(
    Array.from({ length: children }, (_, number) =>
      sandbox.run({ swarm: `swarm-${number}`, module, input, seed: 'seed', host: HOST }),
    ),
  )

const before = performance.now()
const first = await all()
const startedMs = performance.now() - before
const again = performance.now()
const second = await all()
const againMs = performance.now() - again
const completed = [...first, ...second].filter(({ end }) => end === 'completed').length
const memory = programs().map(proportionalBytes)
await sandbox.close()
process.send({ processes: memory.length, completed, startedMs, againMs, memory })
await dismissed()

/** Processes below this one that run the child's program, by their command lines. */
function programs() {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [pid, parentOf(pid)]),
  )
  const isBelow = (pid) => {
    for (let at = pid; at !== undefined; at = parents.get(at)) if (at === String(process.pid)) return true
    return false
  }
  return [...parents.keys()].filter((pid) => isBelow(pid) && isProgram(read(pid, 'cmdline').split('\0')))
}

function isProgram([file, ...rest]) {
  return file.endsWith('node') && rest.some((argument) => /(?:program|chassis\/child)\/main\.js$/.test(argument))
}

function parentOf(pid) {
  return /^PPid:\s+(\d+)$/m.exec(read(pid, 'status'))?.[1]
}

function proportionalBytes(pid) {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(read(pid, 'smaps_rollup'))?.[1] ?? Number.NaN) * 1_024
}

function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
