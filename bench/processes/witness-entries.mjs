/** The entries of a fabric with a thousand swarms, through the codec that the fabric writes with; without an end. */
import { encodeEntry } from '../../dist/fabric/entry-codec.js'
import { boardTask } from '../workload.mjs'

export const SWARMS = 1_000
export const ENTRIES_PER_TASK = 10
const ENTRIES_PER_MS = 40

/** All swarms work at the same time, so that entries of one task and of one swarm lie apart as they do in a real log. */
export function* fabricEntries() {
  const startedAt = Date.now()
  let index = 0
  const encode = (draft, actor) => {
    const at = startedAt + Math.floor(index / ENTRIES_PER_MS)
    const entry = encodeEntry(draft, { index, at, actor, fabric: 'fabric' })
    index += 1
    return entry
  }
  yield encode({ type: 'fabric_created', subject: 'fabric', data: { name: 'fabric' } }, 'fabric')
  for (let swarm = 0; swarm < SWARMS; swarm += 1) yield encode(registration(`swarm-${swarm}`), 'admin')
  for (let task = 0; ; task += SWARMS) {
    const lives = Array.from({ length: SWARMS }, (_, swarm) => lifeOf(task + swarm, `swarm-${swarm}`))
    for (const step of STEPS) {
      for (const life of lives) {
        const { type, data } = step(life)
        const actor = type === 'task_created' ? 'admin' : `swarm:${life.swarm}`
        const entry = encode({ type, subject: life.spec.id, data }, actor)
        if (type === 'task_claimed') life.epoch = entry.index
        yield entry
      }
    }
  }
}

function registration(swarm) {
  const data = { capabilities: ['code:typescript', 'ops:ci'], tier: 'opus', capacity: 1, metadata: {} }
  return { type: 'swarm_registered', subject: swarm, data }
}

function lifeOf(task, swarm) {
  return { spec: { ...boardTask(task), dependencies: [] }, swarm, epoch: 0 }
}

/** The entries of each task: created, claimed, given back halfway, claimed again, completed. */
const STEPS = [
  ({ spec }) => ({ type: 'task_created', data: spec }),
  claimed(1),
  milestone(25),
  milestone(50),
  ({ swarm, epoch }) => ({ type: 'task_released', data: { swarm, epoch, cause: 'holder' } }),
  claimed(2),
  milestone(25),
  milestone(50),
  milestone(100),
  ({ swarm, epoch }) => ({
    type: 'task_completed',
    data: { swarm, epoch, evidence: [{ kind: 'command', command: 'npm test', exitCode: 0 }] },
  }),
]

function claimed(attempt) {
  return ({ swarm }) => ({ type: 'task_claimed', data: { swarm, leaseMs: 1_800_000, attempt } })
}

function milestone(percent) {
  return ({ swarm, epoch }) => ({
    type: 'milestone_reported',
    data: { swarm, epoch, percent, note: `${percent}% of it`, testsPassed: percent },
  })
}
