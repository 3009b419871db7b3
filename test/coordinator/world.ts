import type { CommandOf, CommandType, CoordinatorCommand, Replies } from '../../src/coordinator/commands.js'
import { decide } from '../../src/coordinator/decide.js'
import type { CoordinatorEntry } from '../../src/coordinator/entries.js'
import { applyVolatile, evolve } from '../../src/coordinator/evolve.js'
import { DEFAULT_POLICY, type Policy } from '../../src/coordinator/policy.js'
import { unreadMessages } from '../../src/coordinator/read-inbox.js'
import { FabricState } from '../../src/coordinator/state.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../src/governor/policy/policy.js'
import { ADMIN_ACTOR, FABRIC_ACTOR, swarmActor } from '../../src/model/entry.js'
import { FabricError } from '../../src/model/errors.js'
import type { Message } from '../../src/model/message.js'
import type { TaskRow, TaskSpec } from '../../src/model/task.js'
import { DAY_MS } from '../../src/model/time.js'
import { makeRegistration, makeTask } from '../../src/testing/factories.js'

/** The orchestrator finds help, and helpers take their time. */
const MANUAL_HELP = { help: { automatic: false, answerMs: DAY_MS, leaseMs: DAY_MS } }

/** The coordinator alone: decides and folds at once, without an engine, a journal or a promise. */
export class World {
  readonly policy: Policy
  readonly log: CoordinatorEntry[] = []
  state: FabricState
  now = Date.UTC(2026, 0, 1)

  readonly #governor: GovernorPolicy

  /** Unless it is asked to, the governor finds no help by itself: then the orchestrator does. */
  constructor(policy: Partial<Policy> = {}, governor: Partial<GovernorPolicy> = MANUAL_HELP) {
    this.policy = { ...DEFAULT_POLICY, ...policy }
    this.#governor = { ...DEFAULT_GOVERNOR_POLICY, ...governor }
    this.state = this.#newState()
  }

  #newState(): FabricState {
    const state = new FabricState(this.policy)
    state.applyPolicy({ policy: this.#governor })
    state.forgetNews()
    return state
  }

  send<Type extends CommandType>(command: CommandOf<Type>, actor = actorOf(command)): Replies[Type] {
    const context = { now: this.now, actor, nextIndex: this.log.length, policy: this.policy }
    const { entries, volatile = [], reply } = decide(this.state, command, context)
    for (const draft of entries) {
      const entry = { ...draft, index: this.log.length, at: this.now, actor } as CoordinatorEntry
      this.log.push(entry)
      evolve(this.state, entry)
    }
    applyVolatile(this.state, volatile)
    return reply(this.state) as Replies[Type]
  }

  /** Code, message and details of the refusal; fails when the command is accepted. */
  refused(command: CoordinatorCommand, actor = actorOf(command)): FabricError {
    const before = this.log.length
    try {
      this.send(command, actor)
    } catch (error) {
      if (error instanceof FabricError && this.log.length === before) return error
      throw error
    }
    throw new Error(`${command.type} was accepted`)
  }

  /** Entries that a command writes, by name. */
  written(run: () => unknown): string[] {
    const from = this.log.length
    run()
    return this.log.slice(from).map(({ type, subject }) => `${type} ${subject}`)
  }

  /** Lets time pass; what becomes due happens at its own time. */
  pass(ms: number): void {
    const end = this.now + ms
    for (let next = this.state.deadlines.first(); next !== undefined && next.at <= end; ) {
      this.now = Math.max(this.now, next.at)
      this.send({ type: 'tick' }, FABRIC_ACTOR)
      const after = this.state.deadlines.first()
      if (after !== undefined && after === next) throw new Error(`the deadline ${next.kind}/${next.id} stays due`)
      next = after
    }
    this.now = end
  }

  /** Forgets what is volatile and folds the log anew, as a restart does. */
  restart(): void {
    this.state = this.#newState()
    for (const entry of this.log) evolve(this.state, structuredClone(entry))
    this.state.startedAt = this.now
  }

  create(...tasks: (string | TaskSpec)[]): void {
    for (const task of tasks) this.send({ type: 'create_task', task: typeof task === 'string' ? makeTask(task) : task })
  }

  register(swarm: string, changes: Partial<CommandOf<'register_swarm'>> = {}): void {
    this.send(makeRegistration(swarm, changes))
  }

  claim(task: string, swarm: string): number {
    return this.send({ type: 'claim_task', task, swarm }).epoch
  }

  complete(task: string, swarm: string): readonly string[] {
    return this.send({ type: 'complete_task', task, epoch: this.claim(task, swarm), evidence: [] }).unblocked
  }

  next(swarm: string, claim = false): string {
    const { kind, task } = this.send({ type: 'offer_next', swarm, claim })
    return task === undefined ? kind : `${kind} ${task.id}`
  }

  block(task: string, epoch: number, changes: Partial<CommandOf<'raise_blocker'>> = {}): string {
    const needs = 'a hand'
    return this.send({ type: 'raise_blocker', task, epoch, kind: 'help', needs, requires: [], ...changes }).id
  }

  task(id: string): TaskRow {
    const row = this.state.tasks.get(id)
    if (row === undefined) throw new Error(`no task ${id}`)
    return row
  }

  mail(reader: string): readonly Message[] {
    return unreadMessages(this.state, reader)
  }
}

/** Whoever names the swarm that speaks is taken for it; all others are the administrator. */
function actorOf(command: CoordinatorCommand): string {
  const speaks = 'swarm' in command && command.type !== 'register_swarm' && command.type !== 'retire_swarm'
  return speaks && command.swarm !== undefined ? swarmActor(command.swarm) : ADMIN_ACTOR
}
