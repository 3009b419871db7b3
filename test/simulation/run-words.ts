import type { ServiceLevels } from '../../src/chassis/contract/contract.js'
import { RUN_ENDS } from '../../src/chassis/sandbox/run.js'
import { ADMIN_ACTOR, FABRIC_ACTOR } from '../../src/model/entry.js'
import { makeRun } from '../coordinator/make-run.js'
import type { Said } from './commands.js'
import type { Random } from './random.js'

/** Swarms whose modules run: few, so that each has many runs. */
const SWARMS = ['s0', 's1', 's2', 'nobody']
const LEVELS: readonly ServiceLevels[] = [
  {},
  { successRate: 0.9 },
  { successRate: 0.6, p99LatencyMs: 400 },
  { successRate: 0.99, p99LatencyMs: 50, availability: 0.8 },
]

/** Runs of one module, in good times and in bad ones. */
export function runWords(random: Random): Said[] {
  if (random.chance(0.5)) return []
  const swarm = random.pick(SWARMS)
  const failing = random.pick([0, 0, 0.1, 0.5, 1])
  const levels = random.pick(LEVELS)
  return Array.from({ length: 1 + random.below(8) }, () => {
    const end = random.chance(failing) ? random.pick(RUN_ENDS) : 'completed'
    const wallMs = random.chance(0.2) ? random.below(5_000) : random.below(60) + 0.25
    return { command: makeRun(swarm, { end, wallMs, levels }), actor: random.chance(0.98) ? FABRIC_ACTOR : ADMIN_ACTOR }
  })
}
