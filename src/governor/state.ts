import type { BreakerRow } from '../model/breaker.js'
import type { AccountRow, HoldRow } from '../model/budget.js'
import { APPROVE, type EscalationRow } from '../model/escalation.js'
import { IdIndex } from '../model/id-index.js'
import { LIMITS } from '../model/limits.js'
import type { SwarmRow } from '../model/swarm.js'
import type { TaskSpec } from '../model/task.js'
import { newBreaker } from './breaker/breaker.js'
import { Books } from './budget/books.js'
import type { LimitSource } from './budget/limits.js'
import { accountsOfHold } from './budget/reserve.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from './policy/policy.js'

/** The policy in force. Without a digest it is the built-in one of a fabric that was never told another. */
export interface PolicyRow {
  readonly policy: GovernorPolicy
  readonly digest?: string
}

/** A row of any table of the governor, as a snapshot holds it. */
export type GovernorRow =
  | { readonly table: 'policy'; readonly row: PolicyRow }
  | { readonly table: 'account'; readonly row: AccountRow }
  | { readonly table: 'hold'; readonly row: HoldRow }
  | { readonly table: 'breaker'; readonly row: BreakerRow }
  | { readonly table: 'escalation'; readonly row: EscalationRow }

interface Lookups {
  swarm(id: string): SwarmRow | undefined
  task(id: string): TaskSpec | undefined
}

/** What the governor knows: the policy, the books, the breakers, and the questions for people. */
export class GovernorState implements LimitSource {
  readonly books = new Books()
  readonly breakers = new Map<string, BreakerRow>()
  /** Questions that wait for an answer, and approvals that were given and are not taken yet. */
  readonly escalations = new Map<string, EscalationRow>()
  /** Asker -> how many of them it asked. */
  readonly askedBy = new Map<string, number>()
  /** Account -> open questions about it. */
  readonly budgetQuestions = new IdIndex()
  /** Ended ones, oldest first. */
  readonly endedEscalations = new Map<string, EscalationRow>()
  readonly #lookups: Lookups
  #policy: PolicyRow = { policy: DEFAULT_GOVERNOR_POLICY }

  constructor(lookups: Lookups) {
    this.#lookups = lookups
  }

  get policy(): GovernorPolicy {
    return this.#policy.policy
  }

  /** SHA-256, hex, of the policy in force. */
  get digest(): string | undefined {
    return this.#policy.digest
  }

  swarm(id: string): SwarmRow | undefined {
    return this.#lookups.swarm(id)
  }

  task(id: string): TaskSpec | undefined {
    return this.#lookups.task(id)
  }

  /** Changes the policy. What is held now is held under its limits from now on. */
  applyPolicy(row: PolicyRow): void {
    this.#policy = row
    this.books.rebind((hold) => accountsOfHold(this, hold))
  }

  /** After a change of its profile: its holds are held under its own limit, where it has one. */
  rebindSwarm(swarm: string): void {
    this.books.rebind(
      (hold) => accountsOfHold(this, hold),
      (hold) => hold.swarm === swarm,
    )
  }

  breaker(swarm: string): BreakerRow {
    return this.breakers.get(swarm) ?? newBreaker(swarm)
  }

  putBreaker(row: BreakerRow): void {
    this.breakers.set(row.swarm, row)
  }

  escalation(id: string): EscalationRow | undefined {
    return this.escalations.get(id) ?? this.endedEscalations.get(id)
  }

  /** An answered approval stays among the open ones until it is taken or its time is over. */
  putEscalation(row: EscalationRow): void {
    if (isPending(row)) {
      this.#putPending(row)
      return
    }
    if (this.escalations.delete(row.id)) this.#countAsked(row.asker, -1)
    if (row.account !== undefined) this.budgetQuestions.remove(row.account, row.id)
    this.endedEscalations.set(row.id, row)
    if (this.endedEscalations.size <= LIMITS.endedEscalations) return
    for (const oldest of this.endedEscalations.keys()) {
      this.endedEscalations.delete(oldest)
      return
    }
  }

  #putPending(row: EscalationRow): void {
    if (!this.escalations.has(row.id)) this.#countAsked(row.asker, 1)
    this.escalations.set(row.id, row)
    if (row.account !== undefined) this.budgetQuestions.add(row.account, row.id)
  }

  #countAsked(asker: string, change: number): void {
    const asked = (this.askedBy.get(asker) ?? 0) + change
    if (asked === 0) this.askedBy.delete(asker)
    else this.askedBy.set(asker, asked)
  }

  /** For the status of a fabric. */
  get summary(): { readonly openEscalations: number; readonly openBreakers: number; readonly spentNanos: number } {
    const questions = [...this.escalations.values()].filter(({ state }) => state === 'open')
    const breakers = [...this.breakers.values()].filter(({ state }) => state !== 'closed')
    const spentNanos = this.books.account('fabric/total').settled.nanos
    return { openEscalations: questions.length, openBreakers: breakers.length, spentNanos }
  }

  *rows(): IterableIterator<GovernorRow> {
    if (this.#policy.digest !== undefined) yield { table: 'policy', row: this.#policy }
    for (const row of this.books.accounts.values()) yield { table: 'account', row }
    for (const row of this.books.ended.values()) yield { table: 'hold', row }
    for (const row of this.books.holds.values()) yield { table: 'hold', row }
    for (const row of this.breakers.values()) yield { table: 'breaker', row }
    for (const row of this.endedEscalations.values()) yield { table: 'escalation', row }
    for (const row of this.escalations.values()) yield { table: 'escalation', row }
  }

  putRow({ table, row }: GovernorRow): void {
    if (table === 'policy') this.#policy = row
    else if (table === 'account') this.books.restoreAccount(row)
    else if (table === 'hold') (row.released === undefined ? this.books.holds : this.books.ended).set(row.id, row)
    else if (table === 'breaker') this.breakers.set(row.swarm, row)
    else if (isPending(row)) this.#putPending(row)
    else this.endedEscalations.set(row.id, row)
  }
}

/** Whether something is still to happen to it. */
function isPending({ kind, state, option }: EscalationRow): boolean {
  return state === 'open' || (kind === 'approval' && state === 'answered' && option === APPROVE)
}
