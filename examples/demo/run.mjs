/**
 * A task board goes in, seven swarm processes work it through, and every task is done once: past a race, a blocker, a
 * spent budget, a question for people, the death of a swarm and the death of the fabric itself. Exits with 1 and the reason
 * when any of that did not happen.
 *
 *   npm run demo [-- --keep]     --keep leaves the temporary directory for a closer look
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { sharedMs } from './clock.mjs'
import { Ledger } from './ledger.mjs'
import { play } from './play.mjs'
import { Screen } from './screen.mjs'
import { SCRIPT } from './script.mjs'
import { Stage } from './stage.mjs'
import { summaryLines } from './summary.mjs'

const boardPath = (name) => fileURLToPath(new URL(`../boards/${name}`, import.meta.url))
const keep = process.argv.includes('--keep')
const startedAt = sharedMs()
const manifest = boardPath('swarms.yaml')
const { swarms: profiles } = parse(readFileSync(manifest, 'utf8'))
const screen = new Screen(
  process.stdout,
  profiles.map(({ id }) => id),
)
let fail
const failure = new Promise((_resolve, reject) => {
  fail = reject
})
const stage = new Stage(fail)
const late = () =>
  fail(new Error(`${[...stage.awaits].join(' and ')} had not come after ${SCRIPT.deadlineMs / 1_000} s`))
const overtime = setTimeout(late, SCRIPT.deadlineMs)

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }
for (const [signal, code] of Object.entries(signals)) {
  process.once(signal, () => {
    stage.clear(keep).finally(() => process.exit(code))
  })
}

try {
  const boardFiles = SCRIPT.files.map(boardPath)
  const played = play({ stage, ledger: new Ledger(), screen, profiles, manifest, boardFiles })
  const happened = await Promise.race([played, failure])
  screen.end()
  process.stdout.write(`\n${summaryLines(happened, sharedMs() - startedAt).join('\n')}\n`)
} catch (error) {
  screen.end()
  process.stderr.write(`\nThe demo failed: ${error.message}.\n`)
  if (process.env.IFAB_DEBUG) process.stderr.write(`${error.stack}\n`)
  process.exitCode = 1
}
clearTimeout(overtime)
await stage.clear(keep)
if (keep) process.stdout.write(`kept           ${stage.root}\n`)
// What was still waited for when the demo failed will not come.
process.exit()
