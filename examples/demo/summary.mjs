import { latencyText } from './clock.mjs'
import { dollars } from './money.mjs'
import { SCRIPT } from './script.mjs'

/** What happened, counted from the log, the notebooks and the event stream, as lines. */
export function summaryLines(happened, durationMs) {
  const { events, status, winner, loser, helped, taken, spent, asked, crash } = happened
  const count = (kind) => events.filter(({ type }) => type.includes(`.${kind}.`)).length
  const states = Object.entries(status.tasks).filter(([, number]) => number > 0)
  const { claim, push, blocker } = latencies(happened)
  const rows = [
    ['tasks', `${states.map(([state, number]) => `${number} ${state}`).join(', ')}; each of them once`],
    ['race', `${winner} got ${SCRIPT.race.task}, ${loser} was told ALREADY_CLAIMED`],
    [
      'help',
      `the governor asked ${helped.by}, which helped ${helped.holder} with ${helped.task} under epoch ${helped.epoch}`,
    ],
    [
      'human',
      `nobody could help ${asked.holder} with ${asked.task}; ${asked.question} was answered, and ${asked.holder} finished it`,
    ],
    [
      'budget',
      `${spent.swarm} spent its budget on ${spent.task} and was latched; its limit is ${dollars(spent.limitNanos)} since its reset`,
    ],
    [
      'take-over',
      `${taken.to} took ${taken.task} from the dead ${taken.from}: epoch ${taken.oldEpoch}, then ${taken.newEpoch}; ` +
        `${seconds(taken.again.receivedAt - taken.killedAt)} after the kill`,
    ],
    ['stale words', `1 late "done" under epoch ${taken.oldEpoch}, refused with STALE_CLAIM`],
    [
      'crash',
      `killed, back after ${seconds(crash.awayMs)}; of ${crash.acknowledged} acknowledged changes and ` +
        `${crash.pushed} pushed entries none is missing`,
    ],
    ...costRows(happened.costs, count('usage_reported')),
    ['claim', `${latencyText(claim)} (request to answer)`],
    ['push', `${latencyText(push)} (request to receipt of its entry in another process)`],
    ['blocker', `${latencyText(blocker)} (raised until the orchestrator has it)`],
    ['', 'latencies are of this machine under this load, without waits for work and without the outage'],
    [
      'log',
      `${status.entries} entries, ${(status.journal.bytes / 1024).toFixed(0)} KiB: ${count('task_claimed')} claims, ` +
        `${count('milestone_reported')} milestones, ${count('task_completed')} completions`,
    ],
    ['duration', seconds(durationMs)],
  ]
  return rows.map(([name, text]) => `${name.padEnd(13)}${text}`)
}

/** Money of `ifab cost report --by model`, which the demo has compared with the entries of the log. */
function costRows({ rows, total }, reports) {
  const rate = ((total.wastedNanos / total.settled.nanos) * 100).toFixed(1)
  const models = rows.map(({ name, settled }) => `${dollars(settled.nanos)} ${name}`)
  return [
    ['costs', `${dollars(total.settled.nanos)} settled in ${reports} reports, ${dollars(total.heldNanos)} held`],
    ['', `${dollars(total.wastedNanos)} wasted (${rate}%) on claims that came to nothing`],
    ['', models.join(', ')],
  ]
}

/** Milliseconds. A push includes the commit: the receiver cannot tell the two apart. */
function latencies({ notes, entries, heardOf, crash: { outage } }) {
  const untouched = (note, end) => end < outage.from || note.sentAt > outage.until
  const claims = notes.filter(({ change, waited }) => change === 'claim' && !waited)
  const pushes = [...claims, ...notes.filter(({ change }) => change === 'accept' || change === 'message')]
  const receipt = ({ epoch, index = epoch }) => entries[index].receivedAt
  const blocks = notes.filter(({ change }) => change === 'block')
  const measured = (some, end) =>
    some.filter((note) => untouched(note, end(note))).map((note) => end(note) - note.sentAt)
  return {
    claim: measured(claims, ({ answeredAt }) => answeredAt),
    push: measured(pushes, receipt),
    blocker: measured(blocks, ({ blocker }) => heardOf.get(blocker)),
  }
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`
}
