import { askFor, nextMessage } from '../children.mjs'
import { Latencies } from '../latency.mjs'

const PER_SECOND = 100

/** From the commit of an entry to its receipt. Server, sender and receiver are three processes. */
export async function push({ children, rounds, scale, progress }) {
  const count = 300 * scale
  const directory = children.directory()
  const claimed = count * (rounds + 1)
  const server = children.start('server', { directory, tasks: claimed, swarms: 2, claimed })
  const { url, token, claims } = await nextMessage(server)
  const setting = { children, server, url, token }
  const stream = await startReceiver(setting, {})
  const reader = await startReceiver(setting, { inbox: 'swarm-1' })
  const orchestrator = await startReceiver(setting, { inbox: 'orchestrator' })
  const caller = children.start('caller', { url, token, load: 'closed', count: 0, first: 0, callers: 0 })
  await nextMessage(caller)
  const results = { events: [], inbox: [], blocker: [] }
  for (let round = 0; round <= rounds; round += 1) {
    progress(`push, round ${round} of ${rounds}`)
    caller.send({ url, token, load: 'messages', perSecond: PER_SECOND, count, to: 'swarm-1' })
    const sent = (await nextMessage(caller)).calls.map(({ index }) => ({ index }))
    const { commits } = await askFor(server, {})
    const events = await sinceCommit(stream, sent, commits)
    const inbox = await sinceCommit(reader, sent, commits)
    const stuck = claims.slice(round * count, (round + 1) * count)
    caller.send({ url, token, load: 'blockers', perSecond: PER_SECOND, claims: stuck })
    const raised = (await nextMessage(caller)).calls.map(({ id, at }) => ({ index: Number(id.split('-')[1]), at }))
    const blocker = await sinceCommit(orchestrator, raised, undefined)
    // The first round warms everything up.
    if (round === 0) continue
    results.events.push(events)
    results.inbox.push(inbox)
    results.blocker.push(blocker)
  }
  for (const child of [caller, stream, reader, orchestrator, server]) await children.end(child)
  children.remove(directory)
  const figure = (name, latency, note) => {
    return { name, unit: 'ms', values: latency.map(({ p99 }) => p99), latency, goal: { below: 10 }, note }
  }
  return [
    figure('commit to receipt on the event stream, p99', results.events, `${PER_SECOND} messages/s, open loop`),
    figure('commit to receipt in an inbox by long polls, p99', results.inbox, 'the same messages'),
    figure(
      'blocker raised until the orchestrator has it, p99',
      results.blocker,
      `${PER_SECOND} blockers/s, open loop, from the time each was due to be raised; it includes request and commit`,
    ),
  ]
}

async function startReceiver({ children, url, token }, task) {
  const receiver = children.start('receiver', { url, token, ...task })
  await nextMessage(receiver)
  return receiver
}

/** Latencies of entries at a receiver: since their commits, or since the time that each carries with it. */
async function sinceCommit(receiver, entries, commits) {
  const receipts = await askFor(receiver, { indexes: entries.map(({ index }) => index) })
  const latencies = new Latencies()
  entries.forEach(({ index, at = commits[index] }, position) => {
    latencies.record(receipts[position] - at)
  })
  return latencies.summary()
}
