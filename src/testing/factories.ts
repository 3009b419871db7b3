import { type Contract, DEFAULT_CONTRACT_LIMITS } from '../chassis/contract/contract.js'
import type { RegisterSwarm } from '../coordinator/commands.js'
import { DEFAULT_POLICY, type Policy } from '../coordinator/policy.js'
import type { SwarmRow } from '../model/swarm.js'
import type { TaskSpec } from '../model/task.js'

/** A small valid task; anything given replaces the default. */
export function makeTask(id: string, changes: Partial<TaskSpec> = {}): TaskSpec {
  return {
    id,
    title: `Task ${id}`,
    kind: 'primary',
    dependencies: [],
    requires: [],
    priority: 50,
    acceptance: [],
    milestones: [],
    keyTests: [],
    external: false,
    ...changes,
  }
}

/** The command that registers a swarm; by default one that may do anything that needs no capability. */
export function makeRegistration(swarm: string, changes: Partial<RegisterSwarm> = {}): RegisterSwarm {
  return { type: 'register_swarm', swarm, capabilities: [], capacity: 1, metadata: {}, ...changes }
}

/** A swarm as the fabric holds it. */
export function makeSwarm(id: string, changes: Partial<SwarmRow> = {}): SwarmRow {
  return { id, state: 'active', capabilities: [], capacity: 1, metadata: {}, registeredAt: 0, ...changes }
}

/** A contract of a module with every default in its place. */
export function makeContract(swarm: string, changes: Partial<Contract> = {}): Contract {
  return {
    swarm,
    version: '1.0.0',
    module: { path: 'tool.wasm', sha256: '0'.repeat(64) },
    profile: 'core',
    capabilities: [],
    limits: DEFAULT_CONTRACT_LIMITS,
    slo: {},
    hosts: [],
    ...changes,
  }
}

export function makePolicy(changes: Partial<Policy> = {}): Policy {
  return { ...DEFAULT_POLICY, ...changes }
}

/** Tasks in which each depends on the one before it. */
export function makeChain(prefix: string, length: number, changes: Partial<TaskSpec> = {}): TaskSpec[] {
  return Array.from({ length }, (_, position) => {
    const dependencies = position === 0 ? [] : [`${prefix}${position}`]
    return makeTask(`${prefix}${position + 1}`, { dependencies, ...changes })
  })
}

/** A board with two tasks that can start, one that joins them, and a filler. */
export function makeBoard(board = 'sample'): TaskSpec[] {
  return [
    makeTask('A', { board, estimateMinutes: 60 }),
    makeTask('B', { board, estimateMinutes: 30 }),
    makeTask('C', { board, dependencies: ['A', 'B'], estimateMinutes: 120 }),
    makeTask('F1', { board, kind: 'filler', estimateMinutes: 15 }),
  ]
}
