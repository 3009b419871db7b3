import { NEW_REPUTATION } from '../chassis/service-level/reputation.js'
import { agingDeadline, type ServiceLevelRow } from '../chassis/service-level/service-level.js'
import { type ChassisRow, ChassisState, isChassisRow } from '../chassis/state.js'
import { breakerDeadline } from '../governor/breaker/breaker.js'
import { holdOf, isExhausted } from '../governor/budget/reserve.js'
import { type GovernorRow, GovernorState, type PolicyRow } from '../governor/state.js'
import type { BlockerRow } from '../model/blocker.js'
import type { BreakerRow, Probe } from '../model/breaker.js'
import { actorSwarm, type Entry } from '../model/entry.js'
import { assertInvariant } from '../model/errors.js'
import type { EscalationRow } from '../model/escalation.js'
import { ExpiringRows } from '../model/expiring-rows.js'
import { IdIndex } from '../model/id-index.js'
import { LIMITS } from '../model/limits.js'
import type { Message } from '../model/message.js'
import { actorOf, type TokenRow } from '../model/principal.js'
import type { SwarmRow } from '../model/swarm.js'
import { isFinished, isStuck, TASK_STATES, type TaskRow, type TaskState } from '../model/task.js'
import { ClaimableTasks } from './claimable-tasks.js'
import {
  blockerDeadline,
  type Deadline,
  type DeadlineKind,
  deadlineKey,
  deadlinesBefore,
  type TimingPolicy,
  taskDeadline,
} from './deadlines.js'
import { KeyedHeap } from './heap.js'
import { HeldTasks } from './held-tasks.js'
import { endClaimHold, endHelpHold } from './holds.js'
import { ModuleTasks } from './module-tasks.js'
import { DEFAULT_POLICY } from './policy.js'
import type { Bucket } from './ready-queue.js'
import type { ArchivedTask, Inbox, StateRow } from './state-row.js'

export function helpKey(blocker: string, helper: string): string {
  return `${blocker}/${helper}`
}

/**
 * The state that the log folds to. Rows are immutable and replaced through `put...`, the one place where the indexes
 * beside them are kept; so a snapshot copies references and is consistent while the fold goes on.
 *
 * Some things are volatile on purpose and never in the log or a snapshot: news, lease renewals, read cursors that are
 * not coalesced yet, and the start time that gives every live lease a full term after a restart.
 */
export class FabricState {
  readonly tasks = new Map<string, TaskRow>()
  readonly swarms = new Map<string, SwarmRow>()
  readonly blockers = new Map<string, BlockerRow>()
  readonly inboxes = new Map<string, Inbox>()
  readonly archived = new Map<string, ArchivedTask>()
  /** Tokens of callers, by the actor that each stands for. */
  readonly tokens = new ExpiringRows<TokenRow>({
    ownerOf: ({ role, name }) => actorOf(role, name),
    most: LIMITS.tokens,
  })
  readonly chassis = new ChassisState()
  readonly governor = new GovernorState({ swarm: (id) => this.swarms.get(id), task: (id) => this.tasks.get(id) })

  readonly ready = new ClaimableTasks({
    row: (id) => this.tasks.get(id),
    dependentsOf: (id) => this.dependents.get(id),
    holdOf: (row) => holdOf(this.governor.books, this.governor.policy, row),
  })
  /** Task -> tasks that name it as a dependency. */
  readonly dependents = new IdIndex()
  readonly held = new HeldTasks()
  /** Swarm -> unresolved blockers it was asked to help with. */
  readonly helping = new IdIndex()
  /** Task -> unresolved blockers that wait for its completion. */
  readonly waitedFor = new IdIndex()
  readonly moduleTasks = new ModuleTasks()
  /** Task -> its blockers, resolved ones too. */
  readonly blockersOf = new IdIndex()
  readonly counts: Record<TaskState, number>
  readonly deadlines = new KeyedHeap<Deadline>(deadlineKey, deadlinesBefore)
  stuck = 0
  activeSwarms = 0
  openBlockers = 0
  /**
   * What happened since the last commit, for waking those who wait: what became claimable, whose inboxes grew, whose
   * profile or breaker changed, and whether a budget has room again (an id stands for it).
   */
  readonly news = {
    claimable: new Set<string>(),
    mail: new Set<string>(),
    profiles: new Set<string>(),
    room: new Set<string>(),
  }
  readonly renewals = new Map<string, number>()
  /** `<blocker>/<helper>` -> when the helper was last heard. */
  readonly helpRenewals = new Map<string, number>()
  readonly reads = new Map<string, number>()
  startedAt = 0
  readonly timing: TimingPolicy

  constructor(timing: TimingPolicy = DEFAULT_POLICY) {
    this.timing = timing
    this.counts = Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as Record<TaskState, number>
  }

  putTask(row: TaskRow): void {
    const before = this.tasks.get(row.id)
    this.tasks.set(row.id, row)
    if (before !== undefined) this.#unindexTask(before, row)
    endClaimHold(this, before, row)
    if (before?.claim !== undefined && before.claim.epoch !== row.claim?.epoch)
      this.chassis.endClaim(before.claim.epoch)
    this.counts[row.state] += 1
    if (isStuck(row)) this.stuck += 1
    if (before?.dependencies !== row.dependencies) {
      for (const dependency of row.dependencies) this.#addDependent(dependency, row.id)
    }
    this.held.add(row)
    this.ready.touchPaths(before, row)
    this.#updateReady(row)
    this.moduleTasks.add(row)
    this.#updateTaskDeadline(row)
    const holder = row.claim?.swarm ?? ''
    if (this.governor.breakers.get(holder)?.state === 'half_open') this.refreshBreakerDeadline(holder)
  }

  /** Takes a finished task out of memory; `archived` says where it is now. */
  archiveTask(archived: ArchivedTask): void {
    const row = this.tasks.get(archived.id)
    assertInvariant(row === undefined || isFinished(row), `task ${archived.id} is archived before it is finished`)
    if (row !== undefined) {
      this.#unindexTask(row)
      for (const dependency of row.dependencies) this.#removeDependent(dependency, row.id)
      this.ready.forgetPath(row.id)
      this.deadlines.remove(deadlineKey({ kind: 'task', id: row.id }))
      for (const blocker of this.blockersOf.get(row.id)) this.blockers.delete(blocker)
      this.blockersOf.delete(row.id)
      this.tasks.delete(row.id)
      this.governor.books.forgetTask(row.id)
    }
    this.archived.set(archived.id, archived)
  }

  putSwarm(row: SwarmRow): void {
    if (this.swarms.get(row.id)?.state === 'active') this.activeSwarms -= 1
    if (row.state === 'active') this.activeSwarms += 1
    const before = this.swarms.get(row.id)
    this.swarms.set(row.id, row)
    if (before !== undefined && before.budgetNanos !== row.budgetNanos) this.governor.rebindSwarm(row.id)
    this.news.profiles.add(row.id)
  }

  /** A reputation that changes is a change of the swarm's profile: it is chosen by it. */
  putServiceLevel(row: ServiceLevelRow): void {
    this.#putChassisRow({ table: 'service_level', row })
    const swarm = this.swarms.get(row.swarm)
    if (swarm === undefined || (swarm.measuredReputation ?? NEW_REPUTATION) === row.reputation) return
    const { measuredReputation: _, ...profile } = swarm
    const measured = row.reputation === NEW_REPUTATION ? {} : { measuredReputation: row.reputation }
    this.putSwarm({ ...profile, ...measured })
  }

  putBreaker(row: BreakerRow): void {
    this.governor.putBreaker(row)
    this.news.profiles.add(row.swarm)
    this.refreshBreakerDeadline(row.swarm)
  }

  putEscalation(row: EscalationRow): void {
    this.governor.putEscalation(row)
    this.refreshEscalationDeadline(row.id)
  }

  /** Changes the policy of the governor, and with it which tasks have a budget left. */
  applyPolicy(row: PolicyRow): void {
    this.governor.applyPolicy(row)
    this.news.room.add('policy')
    for (const task of this.tasks.values()) this.#updateReady(task)
    for (const blocker of this.blockers.values()) this.refreshBlockerDeadline(blocker.id)
  }

  /** After its budget has changed a task may be claimable, or not any more. */
  refreshReady(task: string): void {
    const row = this.tasks.get(task)
    if (row !== undefined) this.#updateReady(row)
  }

  /** `cause` says why it is resolved, where that happens now. */
  putBlocker(row: BlockerRow, cause?: 'resolved' | 'task_completed' | 'claim_ended'): void {
    const before = this.blockers.get(row.id)
    if (before !== undefined && before.state !== 'resolved') this.openBlockers -= 1
    this.blockers.set(row.id, row)
    this.blockersOf.add(row.task, row.id)
    for (const helper of before?.helpers ?? []) this.helping.remove(helper.swarm, row.id)
    if (row.waitsFor !== undefined) this.waitedFor.remove(row.waitsFor, row.id)
    this.refreshBlockerDeadline(row.id)
    if (row.state === 'resolved') {
      for (const helper of row.helpers) this.helpRenewals.delete(helpKey(row.id, helper.swarm))
      // A row of a snapshot is no news: others may come after it that still spend from the same hold.
      if (before !== undefined && cause !== 'claim_ended') endHelpHold(this, row)
      if (row.waitsFor !== undefined) this.refreshDeadline(row.waitsFor)
      return
    }
    this.openBlockers += 1
    if (row.waitsFor !== undefined) {
      this.waitedFor.add(row.waitsFor, row.id)
      this.refreshDeadline(row.waitsFor)
    }
    for (const helper of row.helpers) if (helper.state !== 'declined') this.helping.add(helper.swarm, row.id)
  }

  putInbox(row: Inbox): void {
    this.inboxes.set(row.reader, row)
  }

  /** Puts a message into an inbox, unless the reader caused it: nobody is woken by their own action. */
  deliver(reader: string, entry: Entry, message: Omit<Message, 'index' | 'from' | 'at'>): void {
    if (actorSwarm(entry.actor) === reader) return
    const inbox = this.inbox(reader)
    const full = { index: entry.index, from: entry.actor, at: entry.at, ...message }
    const kept = inbox.messages.length < LIMITS.inboxMessages ? inbox.messages : inbox.messages.slice(1)
    const dropped = inbox.dropped + inbox.messages.length - kept.length
    this.putInbox({ ...inbox, messages: [...kept, full], dropped })
    this.news.mail.add(reader)
  }

  inbox(reader: string): Inbox {
    return this.inboxes.get(reader) ?? { reader, messages: [], acknowledged: -1, dropped: 0 }
  }

  /** Index of the last message a reader dealt with, including what the log does not know yet. */
  readUpTo(reader: string): number {
    return Math.max(this.inbox(reader).acknowledged, this.reads.get(reader) ?? -1)
  }

  isCompleted(task: string): boolean {
    return (this.tasks.get(task) ?? this.archived.get(task))?.state === 'completed'
  }

  knowsTask(task: string): boolean {
    return this.tasks.has(task) || this.archived.has(task)
  }

  /** Longest remaining estimate from the start of this task to the end of the graph, minutes. */
  criticalPathMinutes(task: string): number {
    return this.ready.criticalPathMinutes(task)
  }

  /** Whether another task or an open blocker waits for this one. */
  isAwaited(task: string): boolean {
    return this.dependents.get(task).size > 0 || this.waitedFor.get(task).size > 0
  }

  /** Claimable tasks in groups, each in the order of offering; of one owner only, where it is given. */
  claimable(owner?: string): IterableIterator<Bucket> {
    return this.ready.buckets(owner)
  }

  /** When the holder was last heard, milliseconds since the epoch. After a restart everyone counts as just heard. */
  lastHeard(task: TaskRow): number {
    return Math.max(task.claim?.claimedAt ?? 0, this.renewals.get(task.id) ?? 0, this.startedAt)
  }

  leaseEndsAt(task: TaskRow): number | undefined {
    return task.claim === undefined ? undefined : this.lastHeard(task) + task.claim.leaseMs
  }

  /** Puts a task's next deadline where the timer finds it, after a renewal or after a deadline has passed. */
  refreshDeadline(task: string): void {
    const row = this.tasks.get(task)
    if (row !== undefined) this.#updateTaskDeadline(row)
  }

  refreshBlockerDeadline(id: string): void {
    const row = this.blockers.get(id)
    const heard = (helper: string) => Math.max(this.helpRenewals.get(helpKey(id, helper)) ?? 0, this.startedAt)
    this.#setDeadline('help', id, row && blockerDeadline(row, heard, this.governor.policy.help))
  }

  refreshBreakerDeadline(swarm: string): void {
    const row = this.governor.breakers.get(swarm)
    this.#setDeadline('breaker', swarm, row && breakerDeadline(row, (probe) => this.#probeDeadline(swarm, probe)))
  }

  /** A claim on probation that is stuck waits for others: it has all of its time again when it is free. */
  #probeDeadline(swarm: string, { id, deadline }: Probe): number {
    for (const task of this.held.claims.get(swarm)) {
      const row = this.tasks.get(task)
      if (row?.claim?.epoch !== id) continue
      if (isStuck(row)) return Number.POSITIVE_INFINITY
      const { freedAt } = row.claim
      return freedAt === undefined ? deadline : Math.max(deadline, freedAt + this.governor.policy.breaker.probeMs)
    }
    return deadline
  }

  refreshEscalationDeadline(id: string): void {
    this.#setDeadline('escalation', id, this.governor.escalations.get(id)?.expiresAt)
  }

  refreshReputationDeadline(swarm: string): void {
    const row = this.chassis.serviceLevels.get(swarm)
    this.#setDeadline('reputation', swarm, row && agingDeadline(row))
  }

  forgetNews(): void {
    for (const names of Object.values(this.news)) names.clear()
  }

  *rows(): IterableIterator<StateRow> {
    yield* this.governor.rows()
    for (const row of this.swarms.values()) yield { table: 'swarm', row }
    for (const row of this.tasks.values()) yield { table: 'task', row }
    for (const row of this.blockers.values()) yield { table: 'blocker', row }
    for (const row of this.inboxes.values()) yield { table: 'inbox', row }
    for (const row of this.archived.values()) yield { table: 'archived', row }
    for (const row of this.tokens.values()) yield { table: 'token', row }
    yield* this.chassis.rows()
  }

  putRow(stored: StateRow): void {
    if (isChassisRow(stored)) {
      this.#putChassisRow(stored)
      return
    }
    const { table, row } = stored
    if (table === 'task') this.putTask(row)
    else if (table === 'swarm') this.putSwarm(row)
    else if (table === 'blocker') this.putBlocker(row)
    else if (table === 'inbox') this.putInbox(row)
    else if (table === 'archived') this.archived.set(row.id, row)
    else if (table === 'token') this.tokens.put(row)
    else this.#putGovernorRow(stored as GovernorRow)
  }

  #putChassisRow(stored: ChassisRow): void {
    this.chassis.putRow(stored)
    if (stored.table === 'service_level') this.refreshReputationDeadline(stored.row.swarm)
  }

  #putGovernorRow(stored: GovernorRow): void {
    this.governor.putRow(stored)
    if (stored.table === 'breaker') this.refreshBreakerDeadline(stored.row.swarm)
    else if (stored.table === 'escalation') this.refreshEscalationDeadline(stored.row.id)
  }

  #unindexTask(before: TaskRow, after?: TaskRow): void {
    this.counts[before.state] -= 1
    if (isStuck(before)) this.stuck -= 1
    if (after !== undefined && before.dependencies !== after.dependencies) {
      for (const dependency of before.dependencies) this.#removeDependent(dependency, before.id)
    }
    this.held.remove(before, after)
    this.moduleTasks.remove(before)
    if (before.claim?.epoch !== after?.claim?.epoch) this.renewals.delete(before.id)
    if (before.owner !== after?.owner) this.ready.remove(before)
  }

  #addDependent(dependency: string, task: string): void {
    this.dependents.add(dependency, task)
    this.refreshDeadline(dependency)
  }

  #removeDependent(dependency: string, task: string): void {
    this.dependents.remove(dependency, task)
    this.refreshDeadline(dependency)
  }

  #updateReady(row: TaskRow): void {
    const waits = row.state !== 'available' || row.external || row.notBefore !== undefined
    // The fabric runs the module itself, so there is nothing to offer to anybody.
    if (waits || row.module !== undefined || isExhausted(this.governor.books, this.governor.policy, row)) {
      this.ready.remove(row)
      return
    }
    if (!this.ready.has(row.id)) this.news.claimable.add(row.id)
    this.ready.put(row)
  }

  #updateTaskDeadline(row: TaskRow): void {
    const at = taskDeadline(row, {
      heard: this.lastHeard(row),
      awaited: this.isAwaited(row.id),
      timing: this.timing,
    })
    this.#setDeadline('task', row.id, at)
  }

  #setDeadline(kind: DeadlineKind, id: string, at: number | undefined): void {
    if (at === undefined) this.deadlines.remove(deadlineKey({ kind, id }))
    else this.deadlines.put({ kind, id, at })
  }
}
