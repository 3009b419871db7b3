/** How long it takes to find the best swarm for a task, with the index that the fabric keeps of waiting swarms. */
import { memberOf, wantedOf } from '../../dist/governor/match.js'
import { SwarmIndex } from '../../dist/governor/matching/swarm-index.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../dist/governor/policy/policy.js'
import { Latencies } from '../latency.mjs'
import { dismissed, receiveTask } from './task.mjs'

const NEEDED = ['code:typescript', 'test:integration', 'db:postgres']

const CROWDS = {
  profiles: (number) => ({ capabilities: [...some(number % 50, 3), 'code:typescript'] }),
  different: (number) => ({ capabilities: ['code:typescript', `own:skill-${number}`, ...some(number, 2)] }),
  busy: () => ({ capabilities: NEEDED }),
}

const { crowd, swarms, matches } = await receiveTask()
const policy = DEFAULT_GOVERNOR_POLICY
const index = new SwarmIndex()
for (let number = 0; number < swarms; number += 1) {
  const costs = {
    costPerHourNanos: 500_000_000 + ((number * 7_919) % 1_000) * 1_000_000,
    reputation: 1 - (number % 7) / 20,
  }
  const row = { id: `swarm-${number}`, state: 'active', capacity: 1, metadata: {}, registeredAt: 0 }
  index.put(memberOf({ ...row, ...CROWDS[crowd](number), ...costs }, policy))
}
const busy = new Set(crowd === 'busy' ? Array.from({ length: swarms - 1 }, (_, number) => `swarm-${number}`) : [])
const bounds = { minMatch: policy.minCapabilityMatch, tiers: policy.tiers }
const latencies = new Latencies()
let found = 0
for (let round = 0; round < matches; round += 1) {
  const requires = crowd === 'different' ? ['code:typescript'] : NEEDED
  const before = performance.now()
  const best = index.best(wantedOf({ requires }, policy), bounds, (swarm) => busy.has(swarm))
  latencies.record(performance.now() - before)
  if (best !== undefined) found += 1
}
process.send({ found, ...latencies.summary() })
await dismissed()

function some(seed, count) {
  const names = ['test:integration', 'db:postgres', 'ops:ci', 'net:sip', 'docs:writing', 'cli:ux', 'data:storage']
  return Array.from({ length: count }, (_, position) => names[(seed * 3 + position * 2) % names.length])
}
