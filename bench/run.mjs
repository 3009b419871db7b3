/**
 * Measures the fabric and prints the configuration beside every number.
 *
 *   npm run bench [-- AREA...] [--quick] [--json] [--data DIR]
 *
 * Without an area all are measured. `--quick` runs one short round, which shows that it works and little more. `--data`
 * names a directory on another disk; default is `.bench` beside the package.
 */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chassis } from './areas/chassis.mjs'
import { engine } from './areas/engine.mjs'
import { governor } from './areas/governor.mjs'
import { journal } from './areas/journal.mjs'
import { memory } from './areas/memory.mjs'
import { metrics } from './areas/metrics.mjs'
import { nodes } from './areas/nodes.mjs'
import { push } from './areas/push.mjs'
import { restart } from './areas/restart.mjs'
import { serve } from './areas/serve.mjs'
import { takeover } from './areas/takeover.mjs'
import { witness } from './areas/witness.mjs'
import { Children } from './children.mjs'
import { measureFlushes } from './flush.mjs'
import { describeMachine, loadAverage } from './machine.mjs'
import { flushText, resultLines, resultOf } from './report.mjs'

const AREAS = { engine, serve, push, memory, restart, witness, governor, metrics, chassis, takeover, journal, nodes }

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    data: { type: 'string', default: fileURLToPath(new URL('../.bench', import.meta.url)) },
  },
})
const unknown = positionals.filter((name) => !Object.hasOwn(AREAS, name))
if (unknown.length > 0) {
  process.stderr.write(`There is no area ${unknown.join(', ')}. Use ${Object.keys(AREAS).join(', ')}.\n`)
  process.exit(2)
}

mkdirSync(options.data, { recursive: true })
const root = mkdtempSync(join(options.data, 'run-'))
const children = new Children(root)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
process.once('exit', () => children.clear())

const say = options.json ? () => undefined : (text) => process.stdout.write(`${text}\n`)
const progress = process.stderr.isTTY ? (text) => process.stderr.write(`\x1b[2K${text}\r`) : () => undefined
/** What cannot be measured here: said at once, again at the end, and in the JSON. */
const missing = []
const skip = (reason) => {
  missing.push(reason)
  process.stderr.write(`*** ${reason} ***\n`)
}
const setting = { children, progress, skip, rounds: options.quick ? 1 : 5, scale: options.quick ? 0.2 : 1 }

const machine = describeMachine(root)
say(`${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}`)
say(`data in ${machine.directory} (${machine.fileSystem}); load average at the start ${machine.loadAverage}`)
const flushBefore = measureFlushes(root)
say(`fdatasync of 4 KiB before: ${flushText(flushBefore)}`)
const areas = {}
const loads = {}
for (const name of positionals.length > 0 ? positionals : Object.keys(AREAS)) {
  const before = loadAverage()
  areas[name] = (await AREAS[name](setting)).map(resultOf)
  loads[name] = { before, after: loadAverage() }
  say(
    `\n${name} (load average ${before} before, ${loads[name].after} after)\n${areas[name].map(resultLines).join('\n')}`,
  )
}
const flushAfter = measureFlushes(root)
say(`\nfdatasync of 4 KiB after: ${flushText(flushAfter)}`)
for (const reason of missing) say(`NOT MEASURED: ${reason}`)
if (options.json) {
  const report = { machine, quick: options.quick, flushBefore, flushAfter, loads, missing, areas }
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
}
process.exit()
