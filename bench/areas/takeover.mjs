import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))

/**
 * How long a fabric of three nodes refuses changes after its leader was killed: from its death until a change that was asked
 * for after it is acknowledged. The long set of faults measures it, with servers of its own.
 */
export async function takeover({ children, scale, progress }) {
  const kills = Math.max(3, Math.round(20 * scale))
  const report = join(children.directory(), 'takeover.jsonl')
  progress(`takeover, ${kills} kills with each engine`)
  const argv = [
    join(PACKAGE, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    'vitest.faults.config.ts',
    'takeover',
  ]
  const env = { ...process.env, IFAB_KILLS: String(kills), IFAB_TAKEOVER_REPORT: report }
  const { status, stdout } = spawnSync(process.execPath, argv, { cwd: PACKAGE, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`The kills failed: ${stdout}`)
  const runs = readFileSync(report, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return runs.map(({ engine, times }) => ({
    name: `takeover on ${engine}, one server, three nodes`,
    unit: 'ms',
    values: times,
    note: `${times.length} kills, at most ${Math.max(...times)} ms; a dead leader is missed after 2,000 ms`,
    goal: { below: 3_000 },
  }))
}
