import { join } from 'node:path'
import { nextMessage } from '../children.mjs'
import { cpuOf, rates, ratios } from '../rounds.mjs'

const CALLERS = 256
const FLOODS = [256, 2_560]
const CONNECTIONS = 32

/** What a log that can be proved costs, what proofs, queries and a full verification take, and what a flood does. */
export async function witness(setting) {
  return [
    ...(await claims(setting)),
    ...(await appends(setting)),
    ...(await longLog(setting)),
    ...(await refusedCommands(setting)),
    ...(await strangers(setting)),
  ]
}

/** The engine with a witness and without, in turn. */
async function claims({ children, rounds, scale, progress }) {
  const round = async (witnessed) => {
    const directory = children.directory()
    const task = { witness: witnessed, callers: CALLERS, claims: 50_000 * scale, warmup: 20_000 * scale }
    const result = await children.result('witness-claims', { directory, ...task })
    children.remove(directory)
    return result
  }
  const plain = []
  const witnessed = []
  for (let number = 0; number < rounds; number += 1) {
    progress(`witness, claims, round ${number + 1} of ${rounds}`)
    plain.push(await round(false))
    witnessed.push(await round(true))
  }
  return [
    { name: `durable claims without a witness, ${CALLERS} callers`, unit: '/s', values: rates(plain), latency: plain },
    { name: 'the same with a witness', unit: '/s', values: rates(witnessed), latency: witnessed },
    {
      name: 'claims with a witness against those without',
      unit: 'x',
      values: ratios(witnessed, plain),
      goal: { atLeast: 0.8 },
      note: `each round against the one before it without; processor time of a claim ${cpuOf(witnessed)} µs against ${cpuOf(plain)} µs`,
    },
  ]
}

async function appends({ children, rounds, scale, progress }) {
  const entries = 100_000 * scale
  const results = []
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    progress(`witness, appends, round ${round + 1}`)
    results.push(await children.result('witness-append', { entries }))
  }
  const figure = (name, part, more) => ({ name, unit: '/s', values: results.map((result) => result[part]), ...more })
  const goal = { atLeast: 40_000 }
  return [
    figure('hashed into the tree in memory, entries of 230 bytes', 'small', { goal }),
    figure('hashed into the tree in memory, entries of 400 bytes', 'large', { goal }),
    figure('taken into the index in memory', 'index'),
    figure('both, as the engine feeds them', 'witness', {
      goal,
      note: `entries of tasks and milestones, ${Math.round(results[0].meanBytes)} bytes on average`,
    }),
  ]
}

async function longLog({ children, rounds, scale, progress }) {
  const entries = 1_000_000 * scale
  const directory = children.directory()
  const marks = join(children.directory(), 'marks.json')
  progress('witness, writing the long log')
  const made = await children.result('witness-log', { directory, entries })
  const reads = []
  const verified = []
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    progress(`witness, long log, round ${round + 1}`)
    const counts = { proofs: 10_000 * scale, queries: 200 * scale }
    reads.push(await children.result('witness-read', { directory, ...counts }))
    verified.push(await children.result('witness-verify', { directory, marks }))
  }
  children.remove(directory)
  const size = entries.toLocaleString('en-US')
  const goal = (bound) => (scale === 1 ? { goal: bound } : {})
  const figure = (name, part, below, note) => {
    const latency = reads.map((read) => read[part])
    return { name, unit: 'ms', values: latency.map(({ p99 }) => p99), latency, ...goal({ below }), note }
  }
  return [
    {
      name: `a log of ${size} entries written with its witness`,
      unit: '/s',
      values: [made.perSecond],
      note: `1,000 entries in a batch; ${Math.round(made.bytes / 2 ** 20)} MiB, all of it in the page cache from here on`,
    },
    { name: 'its witness opened', unit: 's', values: reads.map(({ openSeconds }) => openSeconds) },
    figure('inclusion proof of any of its entries, p99', 'proof', 1, 'one at a time, with the checkpoint in the file'),
    figure('query by task, p99', 'task', 50, '10 entries each'),
    figure('query by swarm, p99', 'swarm', 50, 'a page of 100 entries, from any place in the first quarter of the log'),
    {
      name: 'all of it verified, as `ifab witness verify` does',
      unit: '/s',
      values: rates(verified),
      ...goal({ atLeast: 100_000 }),
      note: `a fresh process each time, which has ${Math.round(verified[0].rss / 2 ** 20)} MiB (RSS) at the end`,
    },
  ]
}

/** Claims beside commands that are refused, all in the process of the fabric. */
async function refusedCommands({ children, rounds, scale, progress }) {
  const results = []
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    progress(`witness, refused commands, round ${round + 1}`)
    const directory = children.directory()
    const task = { callers: CALLERS, claims: 25_000 * scale, warmup: 20_000 * scale, floods: FLOODS }
    results.push(await children.result('witness-flood', { directory, ...task }))
    children.remove(directory)
  }
  const flooded = FLOODS.map((callers, position) => {
    const beside = results.map((result) => result.flooded[position])
    return {
      name: `the same beside ${callers.toLocaleString('en-US')} callers of one swarm that get STALE_CLAIM, against alone`,
      unit: 'x',
      values: results.map(({ alone }, round) => beside[round].perSecond / alone),
      goal: { atLeast: 0.5 },
      note: floodNote(beside),
    }
  })
  return [
    {
      name: `claims with a witness alone, ${CALLERS} callers`,
      unit: '/s',
      values: results.map(({ alone }) => alone),
      note: 'before and after both floods in the same process',
    },
    ...flooded,
  ]
}

/**
 * Claims over HTTP beside callers without a token. Server, callers and strangers are processes of their own, so that on
 * few cores strangers cost processor time already where they run: a process that does nothing else is measured as well.
 */
async function strangers({ children, rounds, scale, progress }) {
  const count = 5_000 * scale
  const warmup = 3_000
  const directory = children.directory()
  const server = children.start('witness-server', {
    directory,
    tasks: warmup + 3 * rounds * count,
    swarms: CONNECTIONS,
  })
  const { url, token } = await nextMessage(server)
  const caller = await startIdle(children, 'caller', { url, token, load: 'closed', count: 0, first: 0, callers: 0 })
  const stranger = await startIdle(children, 'witness-stranger', { url, connections: 0 })
  const spinner = await startIdle(children, 'witness-spinner', {})
  let first = 0
  const claim = (number) => {
    first += number
    return ask(caller, { url, token, load: 'closed', count: number, first: first - number, callers: CONNECTIONS })
  }
  await claim(warmup)
  const results = { alone: [], spinner: [], strangers: [] }
  for (let round = 0; round < rounds; round += 1) {
    progress(`witness, strangers, round ${round + 1} of ${rounds}`)
    results.alone.push(await claim(count))
    await ask(spinner, { spin: true })
    results.spinner.push(await claim(count))
    await ask(spinner, { spin: false })
    const written = await ask(server, {})
    await ask(stranger, { url, connections: CONNECTIONS })
    const accepted = await claim(count)
    const { refused, perSecond } = await ask(stranger, { connections: 0 })
    const entries = (await ask(server, {})) - written
    results.strangers.push({ ...accepted, refused, refusedPerSecond: perSecond, entries })
  }
  for (const child of [spinner, stranger, caller, server]) await children.end(child)
  children.remove(directory)
  return strangerFigures(results)
}

function strangerFigures({ alone, spinner, strangers: beside }) {
  const toAlone = (results) => ratios(results, alone)
  return [
    {
      name: `claims over HTTP with a witness alone, ${CONNECTIONS} connections`,
      unit: '/s',
      values: rates(alone),
      latency: alone,
    },
    {
      name: 'the same beside a process that only takes processor time, against alone',
      unit: 'x',
      values: toAlone(spinner),
      latency: spinner,
    },
    {
      name: `the same beside ${CONNECTIONS} connections without a token, against alone`,
      unit: 'x',
      values: toAlone(beside),
      latency: beside,
      goal: { atLeast: 0.5 },
      note: `${floodNote(beside)}; server, callers and strangers share the cores`,
    },
  ]
}

async function startIdle(children, name, task) {
  const child = children.start(name, task)
  await nextMessage(child)
  return child
}

function floodNote(results) {
  const sum = (part) => results.reduce((total, result) => total + result[part], 0)
  const perSecond = Math.round(sum('refusedPerSecond') / results.length)
  const written = `${sum('entries')} request_refused entries by then for ${sum('refused').toLocaleString('en-US')} refusals`
  return `${perSecond.toLocaleString('en-US')} refusals/s beside them; ${written}`
}

function ask(child, message) {
  const answer = nextMessage(child)
  child.send(message)
  return answer
}
