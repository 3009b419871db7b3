import { measureFlushes } from '../flush.mjs'
import { BATCH, CALLERS, findContestants, PER_SECOND } from '../journal/contestants.mjs'
import { rates } from '../rounds.mjs'

const LOADS = [
  { load: 'many', what: `claims, ${CALLERS} callers`, goals: { nats: { atLeast: 25_000 }, etcd: { atLeast: 12_000 } } },
  { load: 'alone', what: 'claims, one caller' },
  { load: 'open', what: `claims at ${PER_SECOND}/s, open loop, p99`, goals: { nats: { below: 10 } } },
  { load: 'completed', what: `taken and completed, ${CALLERS} callers` },
  { load: 'aloneCompleted', what: 'taken and completed, one caller' },
  { load: 'batched', what: `taken and completed in batches of ${BATCH}, ${CALLERS} callers` },
]

const SURVIVES = { power: 'a power cut', process: 'the death of any process, but NOT A POWER CUT' }

/**
 * Durable claims on each journal, and on queues of others that take one job for one claim. Rounds go in turn, so that
 * each meets the same disk and the same other work.
 */
export async function journal(setting) {
  const { children, rounds, progress } = setting
  const contestants = findContestants(setting)
  const found = new Map(contestants.map(({ id }) => [id, []]))
  const flushes = []
  for (let round = 0; round < rounds; round += 1) {
    for (const { id, name, round: measure } of contestants) {
      progress(`journal, ${name}, round ${round + 1} of ${rounds}`)
      const directory = children.directory()
      flushes.push(measureFlushes(directory))
      found.get(id).push(await measure(directory))
      children.remove(directory)
    }
  }
  const disk = {
    name: 'fdatasync of 4 KiB on the same disk, before each round of each',
    unit: '/s',
    values: rates(flushes),
    latency: flushes,
  }
  const named = contestants.map(({ id, name }) => ({ id, name, results: found.get(id), seen: false }))
  return [disk, ...LOADS.flatMap((load) => named.flatMap((each) => figure(load, each) ?? []))]
}

/** One load of one of them; undefined when it has no such load. The first one tells how it was set up. */
function figure({ load, what, goals = {} }, each) {
  const { id, name, results } = each
  const [{ settings, durability }] = results
  const measured = results.map((result) => result[load])
  if (measured[0] === undefined) return undefined
  const note = durability === undefined ? settings : `${settings}; an answered claim survives ${SURVIVES[durability]}`
  const isFirst = !each.seen
  each.seen = true
  const isOpen = load === 'open'
  return {
    name: `${what}: ${name}`,
    unit: isOpen ? 'ms' : '/s',
    values: isOpen ? measured.map(({ p99 }) => p99) : rates(measured),
    ...(measured[0].p99 !== undefined && { latency: measured }),
    ...(goals[id] && { goal: goals[id] }),
    ...(isFirst && { note }),
  }
}
