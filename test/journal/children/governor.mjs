// Runs a fabric with budgets under load until it is killed, and prints what its callers said and heard: `sending TASK EPOCH
// REPORT NANOS` before a report of usage, `spent ...` with the same words when it was acknowledged, `fault CODE` for what
// went wrong.
import { writeSync } from 'node:fs'
import { openFabric } from '../../../dist/fabric/open.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../../dist/governor/policy/policy.js'
import { FileJournal } from '../../../dist/journal/file/file-journal.js'
import { makeRegistration, makeTask } from '../../../dist/testing/factories.js'

const WORKERS = 6
/** What the rules of the governor answer; anything else is a fault. */
const EXPECTED = new Set(['BREAKER_OPEN', 'BUDGET_EXCEEDED', 'STALE_CLAIM', 'WRONG_STATE', 'POLICY_VIOLATION'])

const say = (...words) => writeSync(1, `${words.join(' ')}\n`)
const { budgets, breaker } = DEFAULT_GOVERNOR_POLICY
const governor = {
  ...DEFAULT_GOVERNOR_POLICY,
  maxCostPerTaskNanos: 1_000,
  breaker: { ...breaker, openMs: 1, maxOpenMs: 1 },
  budgets: {
    ...budgets,
    fabric: { total: { nanos: 10 ** 9 }, day: { nanos: 10 ** 8 } },
    boards: { '*': { week: { nanos: 60_000 } } },
    swarms: { '*': { total: { nanos: 40_000 } } },
  },
}
const fabric = await openFabric({
  journal: new FileJournal({ directory: process.argv[2], segmentBytes: 65_536 }),
  snapshotEvery: 400,
  governor,
  report: (error) => say('fault', error.code),
})
const send = (command) => fabric.submit(command, { actor: 'admin' })
const { entries: first } = await fabric.status()
const swarms = Array.from({ length: WORKERS + 1 }, (_, at) => `swarm-${at}`)
for (const swarm of swarms) await send(makeRegistration(swarm, { capacity: 10_000 }))
say('started', first)

async function report(task, epoch, name, nanos) {
  const words = [task, epoch, name, nanos]
  say('sending', ...words)
  const type = nanos % 2 === 0 || name.startsWith('help') ? 'report_usage' : 'heartbeat'
  await send({ type, task, epoch, usage: { id: name, costNanos: nanos } })
  say('spent', ...words)
}

async function help(task, epoch, round) {
  const helper = swarms[WORKERS]
  const { id: blocker } = await send({
    type: 'raise_blocker',
    task,
    epoch,
    kind: 'external',
    needs: 'a hand',
    requires: [],
  })
  await send({ type: 'assign_helpers', blocker, swarms: [helper] })
  const { helpers } = await send({ type: 'answer_help', blocker, swarm: helper, accept: true })
  await report(task, helpers[0].epoch, 'help-1', 20 + (round % 50))
  if (round % 3 > 0) await send({ type: 'resolve_blocker', blocker })
}

/** Some overspend, some are extended, some stay with their holder for ever. */
async function work(worker, round) {
  const id = `task-${first}-${worker}-${round}`
  const swarm = swarms[worker]
  const board = `board-${first}-${round % 5}`
  await send({ type: 'create_task', task: makeTask(id, { board, maxCostNanos: 200 + (round % 7) * 100 }) })
  const { epoch } = await send({ type: 'claim_task', task: id, swarm })
  for (let part = 0; part < round % 5; part += 1) await report(id, epoch, `part-${part}`, 1 + ((round * 37) % 199))
  if (round % 6 === 0) await help(id, epoch, round)
  if (round % 8 === 0) await send({ type: 'extend_budget', account: `task:${id}/total`, nanos: 300, reason: 'more' })
  if (round % 4 === 0) await send({ type: 'complete_task', task: id, epoch, evidence: [] })
  else if (round % 4 === 1) await send({ type: 'release_task', task: id, epoch })
  else if (round % 8 === 2) await send({ type: 'fail_task', task: id, epoch, reason: 'broken', retry: false })
  else return
  await report(id, epoch, 'late', 5)
}

async function workForEver(worker) {
  for (let round = 1; ; round += 1) {
    await work(worker, round + worker).catch((error) => {
      if (!EXPECTED.has(error.code)) say('fault', error.code, JSON.stringify(error.message))
    })
  }
}

await Promise.all(swarms.slice(0, WORKERS).map((_, worker) => workForEver(worker)))
