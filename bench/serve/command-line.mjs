import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { nextMessage } from '../children.mjs'

const IFAB = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const RUNS = 11

/** Commands of a shell, from the start of the process to its end. */
export async function measureCommandLine({ children, rounds, scale, progress }) {
  const directory = children.directory()
  const server = children.start('server', { directory, tasks: 1_000, swarms: 1, claimed: 0 })
  const { url, token } = await nextMessage(server)
  const env = { ...process.env, IFAB_URL: url, IFAB_TOKEN: token }
  const runs = Math.max(3, Math.round(RUNS * scale))
  const found = { bare: [], help: [], ready: [] }
  for (let round = 0; round <= rounds; round += 1) {
    progress(`serve, commands, round ${round} of ${rounds}`)
    const times = { bare: [], help: [], ready: [] }
    for (let run = 0; run < runs; run += 1) {
      times.bare.push(timeOf(['-e', '0'], env))
      times.help.push(timeOf([IFAB, '--help'], env))
      times.ready.push(timeOf([IFAB, 'ready', '--json'], env))
    }
    if (round === 0) continue
    for (const [name, values] of Object.entries(times)) found[name].push(middle(values))
  }
  await children.end(server)
  children.remove(directory)
  const over = found.help.map((ms, round) => ms - found.bare[round])
  const each = `median of ${runs} runs in each round`
  return [
    { name: '`ifab ready --json` end to end', unit: 'ms', values: found.ready, goal: { below: 250 }, note: each },
    { name: '`ifab --help`, over a bare start of node', unit: 'ms', values: over, goal: { below: 150 }, note: each },
    { name: '`node -e 0`', unit: 'ms', values: found.bare, note: each },
  ]
}

function timeOf(args, env) {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
  return performance.now() - start
}

function middle(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}
