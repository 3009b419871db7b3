import { nextMessage } from '../children.mjs'
import { Latencies } from '../latency.mjs'
import { GOVERNED, UNGOVERNED } from '../policies.mjs'
import { cpuOf, rates, ratios } from '../rounds.mjs'

const CALLERS = 256
const SWARMS = 10_000
const PER_SECOND = 100

/** What budgets, breakers and matching cost, and how fast help is asked for. */
export async function governor(setting) {
  return [...(await claims(setting)), ...(await matching(setting)), ...(await help(setting))]
}

/** Claims that hold budgets in six accounts and claims that hold nothing, in turn. */
async function claims({ children, rounds, scale, progress }) {
  const round = async (policy) => {
    const directory = children.directory()
    const task = { mode: 'claim', callers: CALLERS, claims: 50_000 * scale, warmup: 20_000 * scale, governor: policy }
    const result = await children.result('engine', { directory, snapshotEvery: Number.POSITIVE_INFINITY, ...task })
    children.remove(directory)
    return result
  }
  const plain = []
  const governed = []
  for (let number = 0; number < rounds; number += 1) {
    progress(`governor, claims, round ${number + 1} of ${rounds}`)
    // The first of a pair has the machine as the one before left it: each is first every other time.
    const order = number % 2 === 0 ? [UNGOVERNED, GOVERNED] : [GOVERNED, UNGOVERNED]
    for (const policy of order) (policy === GOVERNED ? governed : plain).push(await round(policy))
  }
  return [
    { name: `ungoverned claims, ${CALLERS} callers`, unit: '/s', values: rates(plain), latency: plain },
    {
      name: 'governed claims',
      unit: '/s',
      values: rates(governed),
      latency: governed,
      note: 'each holds its worst case in six accounts: task, board, swarm (total, day) and fabric (total, day)',
    },
    {
      name: 'governed claims against ungoverned ones',
      unit: 'x',
      values: ratios(governed, plain),
      goal: { atLeast: 0.7 },
      note: `each round against the other of its pair; processor time of a claim ${cpuOf(governed)} µs against ${cpuOf(plain)} µs`,
    },
  ]
}

/** Finding the best of 10,000 swarms for one task, in crowds of different kinds. */
async function matching({ children, rounds, scale, progress }) {
  const crowds = {
    'of 50 different profiles': 'profiles',
    'all different, all with one capability that is needed': 'different',
    'all alike, all busy but one': 'busy',
  }
  const figures = []
  for (const [name, crowd] of Object.entries(crowds)) {
    const results = []
    for (let round = 0; round < Math.min(rounds, 3); round += 1) {
      progress(`governor, matching ${name}, round ${round + 1}`)
      results.push(await children.result('governor-match', { crowd, swarms: SWARMS, matches: 2_000 * scale }))
    }
    figures.push({
      name: `one task against ${SWARMS.toLocaleString('en-US')} swarms, ${name}, p99`,
      unit: 'ms',
      values: results.map(({ p99 }) => p99),
      latency: results,
      goal: { below: 2 },
    })
  }
  return figures
}

/** From a raised blocker to the request in the inbox of the one swarm of a thousand that can help. */
async function help({ children, rounds, scale, progress }) {
  const count = 300 * scale
  const directory = children.directory()
  const claimed = count * (rounds + 1)
  const helper = { swarm: 'helper', capability: 'help:needed' }
  const server = children.start('server', {
    directory,
    tasks: claimed,
    swarms: 1_000,
    claimed,
    governor: GOVERNED,
    helper,
  })
  const { url, token, claims: held } = await nextMessage(server)
  const receiver = children.start('receiver', { url, token, inbox: helper.swarm, byBlocker: true })
  await nextMessage(receiver)
  const caller = children.start('caller', { url, token, load: 'closed', count: 0, first: 0, callers: 0 })
  await nextMessage(caller)
  const blocker = { kind: 'help', requires: [helper.capability] }
  const results = []
  for (let round = 0; round <= rounds; round += 1) {
    progress(`governor, help, round ${round} of ${rounds}`)
    const stuck = held.slice(round * count, (round + 1) * count)
    caller.send({ url, token, load: 'blockers', perSecond: PER_SECOND, claims: stuck, blocker })
    const { calls } = await nextMessage(caller)
    const answer = nextMessage(receiver)
    receiver.send({ indexes: calls.map(({ id }) => id) })
    const receipts = await answer
    const latencies = new Latencies()
    for (const [position, { at }] of calls.entries()) latencies.record(receipts[position] - at)
    // The first round warms everything up.
    if (round > 0) results.push(latencies.summary())
  }
  for (const child of [caller, receiver, server]) await children.end(child)
  children.remove(directory)
  return [
    {
      name: 'blocker raised until the helper has the request, 1,000 swarms, p99',
      unit: 'ms',
      values: results.map(({ p99 }) => p99),
      latency: results,
      goal: { below: 50 },
      note: `${PER_SECOND} blockers/s, open loop, over HTTP and a long poll, from the time each was due to be raised`,
    },
  ]
}
