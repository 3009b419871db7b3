import type { CommandType, CoordinatorCommand, ImportBoard } from '../../src/coordinator/commands.js'
import type { FabricState } from '../../src/coordinator/state.js'
import { BLOCKER_KINDS } from '../../src/model/blocker.js'
import { ADMIN_ACTOR, swarmActor } from '../../src/model/entry.js'
import { NANOS_PER_DOLLAR as DOLLAR } from '../../src/model/money.js'
import { ORCHESTRATOR } from '../../src/model/swarm.js'
import { MILESTONE_PERCENTS, type TaskSpec } from '../../src/model/task.js'
import { makeRegistration, makeTask } from '../../src/testing/factories.js'
import { governorWord, usageOf } from './governor-words.js'
import type { Random } from './random.js'

const CAPABILITIES = ['code:ts', 'code:go', 'net:sip', 'net:ice', 'doc:md', 'test:load', 'ops:etcd']
const TIERS = ['haiku', 'sonnet', 'opus', 'tiny'] as const
const BOARDS = ['north', 'south']
/** Words that are an administrator's. */
const OF_PEOPLE: ReadonlySet<CommandType> = new Set<CommandType>([
  'grant_capabilities',
  'trip_breaker',
  'reset_breaker',
  'extend_budget',
  'apply_policy',
])

export interface Said {
  readonly command: CoordinatorCommand
  readonly actor: string
}

/** What the swarms of a simulation know and say; part of it is stale, doubled or wrong on purpose. */
export class Crowd {
  readonly swarms: readonly string[]
  /** Claims that were granted at some time; most are long over. */
  readonly grants: { readonly task: string; readonly swarm: string; readonly epoch: number }[] = []
  readonly #random: Random
  #created = 0

  constructor(random: Random, swarms: number) {
    this.#random = random
    this.swarms = Array.from({ length: swarms }, (_, position) => `s${position}`)
  }

  registration(swarm: string): CoordinatorCommand {
    const random = this.#random
    return makeRegistration(swarm, {
      capabilities: random.some(CAPABILITIES, 0.7),
      capacity: 1 + random.below(2),
      ...(random.chance(0.7) && { tier: random.pick(TIERS) }),
      ...(random.chance(0.3) && { reputation: random.pick([0, 0.2, 0.5, 0.9, 1]) }),
      ...(random.chance(0.3) && { costPerHourNanos: random.below(4) * DOLLAR }),
      ...(random.chance(0.25) && { budgetNanos: (1 + random.below(30)) * DOLLAR }),
    })
  }

  /** A random command; `state` is only looked at to name things that exist. */
  say(state: FabricState): Said {
    const swarm = this.#random.pick(this.swarms)
    const command = this.#command(state, swarm)
    return { command, actor: this.#actor(command, swarm) }
  }

  /** Mostly the one whose word it is. */
  #actor(command: CoordinatorCommand, anybody: string): string {
    const usual = this.#random.chance(0.9)
    if (command.type === 'answer_escalation') return this.#random.chance(0.6) ? ADMIN_ACTOR : swarmActor(anybody)
    if (OF_PEOPLE.has(command.type)) return usual ? ADMIN_ACTOR : swarmActor(anybody)
    const speaker = 'swarm' in command && command.type !== 'register_swarm' ? command.swarm : undefined
    return speaker === undefined || !usual ? ADMIN_ACTOR : swarmActor(speaker)
  }

  #command(state: FabricState, swarm: string): CoordinatorCommand {
    const random = this.#random
    const roll = random.below(100)
    if (roll < 10) return { type: 'create_task', task: this.#task(state) }
    if (roll < 28) return { type: 'offer_next', swarm, claim: random.chance(0.9), ...this.#lease() }
    if (roll < 33) return { type: 'claim_task', swarm, task: this.#anyTask(state), ...this.#lease() }
    if (roll < 56) return this.#holderWord()
    if (roll < 70) return this.#blockerWord(state, swarm)
    if (roll < 87) {
      const about = { grants: this.grants, capabilities: CAPABILITIES, task: this.#anyTask(state) }
      return governorWord(random, state, swarm, about)
    }
    return this.#operatorWord(state, swarm)
  }

  #lease(): { leaseMs?: number } {
    return this.#random.chance(0.3) ? { leaseMs: 1_000 + this.#random.below(3_600_000) } : {}
  }

  #holderWord(): CoordinatorCommand {
    const random = this.#random
    const recent = this.grants.slice(-40)
    const grant = recent.length === 0 ? { task: 't1', swarm: 's1', epoch: 1 } : random.pick(recent)
    const word = { task: grant.task, epoch: grant.epoch, ...(random.chance(0.5) && { swarm: grant.swarm }) }
    const roll = random.below(10)
    if (roll < 3) return { type: 'complete_task', ...word, evidence: [{ kind: 'note', text: 'done' }] }
    if (roll < 5) return { type: 'heartbeat', ...word, ...(random.chance(0.5) && { usage: usageOf(random) }) }
    if (roll < 6) return { type: 'report_milestone', ...word, percent: random.pick(MILESTONE_PERCENTS) }
    if (roll < 7) return { type: 'fail_task', ...word, reason: 'it broke', retry: random.chance(0.8) }
    if (roll < 8) return { type: 'release_task', ...word }
    const requires = random.some(CAPABILITIES, 0.2)
    const kind = random.pick(BLOCKER_KINDS)
    const waitsFor = kind === 'task' ? { waitsFor: `t${1 + random.below(this.#created + 1)}` } : {}
    return { type: 'raise_blocker', ...word, kind, needs: 'help', requires, ...waitsFor }
  }

  #blockerWord(state: FabricState, swarm: string): CoordinatorCommand {
    const random = this.#random
    const known = [...state.blockers.values()].slice(-40)
    const unresolved = known.filter((blocker) => blocker.state !== 'resolved')
    if (random.chance(unresolved.length < 4 ? 0.6 : 0.15)) return this.#raiseBlocker(state)
    const open = random.chance(0.9) && unresolved.length > 0 ? unresolved : known
    if (open.length === 0) return { type: 'send_message', to: ORCHESTRATOR, text: 'hello' }
    const blocker = random.pick(open)
    const helper = blocker.helpers.length === 0 ? undefined : random.pick(blocker.helpers)
    const roll = random.below(10)
    if (roll < 3) {
      const open = [...state.governor.breakers.values()].filter(({ state }) => state === 'open')
      const swarms = Array.from({ length: 1 + random.below(3) }, () =>
        open.length > 0 && random.chance(0.2) ? random.pick(open).swarm : random.pick(this.swarms),
      )
      return { type: 'assign_helpers', blocker: blocker.id, swarms }
    }
    if (roll < 7) {
      const answering = helper?.swarm ?? swarm
      return { type: 'answer_help', blocker: blocker.id, swarm: answering, accept: random.chance(0.7) }
    }
    const party = random.pick([helper, { swarm: blocker.swarm, epoch: blocker.epoch }, undefined])
    const by = party?.epoch === undefined ? {} : { swarm: party.swarm, epoch: party.epoch }
    return { type: 'resolve_blocker', blocker: blocker.id, ...by }
  }

  /** The newest holders are stuck more often than the old ones, whose claims have ended. */
  #raiseBlocker(state: FabricState): CoordinatorCommand {
    const random = this.#random
    const held = [...state.tasks.values()].flatMap(({ id, claim }) => (claim === undefined ? [] : [{ id, claim }]))
    if (held.length === 0) return { type: 'send_message', to: ORCHESTRATOR, text: 'hello' }
    const { id: task, claim } = random.pick(held.slice(-12))
    const requires = random.some(CAPABILITIES, 0.3)
    return { type: 'raise_blocker', task, epoch: claim.epoch, kind: 'help', needs: 'a hand', requires }
  }

  #operatorWord(state: FabricState, swarm: string): CoordinatorCommand {
    const random = this.#random
    const task = this.#anyTask(state)
    const roll = random.below(16)
    if (roll < 2) return { type: 'cancel_task', task, cascade: random.chance(0.2) }
    if (roll < 5) return { type: 'retry_task', task }
    if (roll < 6) return { type: 'release_task', task }
    if (roll < 7) return { type: 'complete_task', task, evidence: [] }
    if (roll < 8) return { type: 'retire_swarm', swarm }
    if (roll < 10) return this.registration(this.#holder(state) ?? swarm)
    if (roll < 12) return { type: 'send_message', to: swarm, text: 'look at this', task }
    if (roll < 14) return { type: 'acknowledge_inbox', swarm, upTo: random.below(4_000) }
    return this.#board(state)
  }

  /** Sometimes somebody who works at this moment. */
  #holder(state: FabricState): string | undefined {
    const holders = [...state.tasks.values()].flatMap(({ claim }) => claim?.swarm ?? [])
    return holders.length > 0 && this.#random.chance(0.5) ? this.#random.pick(holders) : undefined
  }

  #anyTask(state: FabricState): string {
    if (this.#random.chance(0.02)) return 'nobody'
    const ready = [...state.claimable()].flatMap(({ ranks }) => [...ranks.items()].slice(0, 3))
    if (ready.length > 0 && this.#random.chance(0.5)) return this.#random.pick(ready).task
    return `t${1 + this.#random.below(this.#created + 1)}`
  }

  #task(state: FabricState, id = `t${++this.#created}`): TaskSpec {
    const random = this.#random
    const known = [...state.tasks.keys()].slice(-30)
    const dependencies = random.some(known, 1.2 / (known.length + 1)).filter((other) => other !== id)
    return makeTask(id, {
      kind: random.chance(0.2) ? 'filler' : 'primary',
      dependencies: random.chance(0.15) ? [...dependencies, ...dependencies] : dependencies,
      requires: random.some(CAPABILITIES, 0.15),
      priority: random.pick([10, 50, 50, 90]),
      external: random.chance(0.05),
      ...(random.chance(0.8) && { estimateMinutes: 5 + random.below(200) }),
      ...(random.chance(0.3) && { tier: random.pick(TIERS) }),
      ...(random.chance(0.2) && { owner: random.pick(this.swarms) }),
      ...(random.chance(0.05) && { module: random.pick(this.swarms) }),
      ...(random.chance(0.2) && { maxCostNanos: random.pick([0, 1, 2, 8, 12]) * DOLLAR }),
    })
  }

  /** New tasks, changed ones, and states as a person may have written them. */
  #board(state: FabricState): ImportBoard {
    const random = this.#random
    const board = random.pick(BOARDS)
    const known = [...state.tasks.values()].filter((row) => row.board === board || row.external).slice(-8)
    const named = [
      ...known.map(({ id }) => id),
      ...Array.from({ length: random.below(4) }, () => `t${++this.#created}`),
    ]
    const tasks = named.map((id) => {
      const stated = random.chance(0.2) ? { statedState: random.pick(['completed', 'cancelled'] as const) } : {}
      return { spec: { ...this.#task(state, id), board }, ...stated }
    })
    const forward = random.chance(0.5) ? tasks.reverse() : tasks
    return { type: 'import_board', board, tasks: forward, dryRun: random.chance(0.1) }
  }
}
