import { createHash } from 'node:crypto'
import type { CallOptions } from '../client/call.js'
import type { FabricOperations } from '../client/client.js'
import { reasonOf } from '../client/work/end.js'
import { canonicalJson } from '../model/canonical.js'
import { type FabricError, isFabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { Intent, KnownTasks } from './intents.js'
import { type ClaimMemory, digestOf, type Outcome } from './memory.js'
import type { StatusProblem } from './status/status.js'

export interface Application {
  readonly fabric: FabricOperations
  readonly swarm: string
  /** Of the status file: the same word of another file is another word. */
  readonly blob: string
  readonly leaseMs: number
  readonly known: KnownTasks
  readonly claims: readonly ClaimMemory[]
}

/** What the fabric made of the words. */
export interface Applied {
  readonly claims: readonly ClaimMemory[]
  readonly outcomes: readonly Outcome[]
  readonly problems: readonly StatusProblem[]
}

/**
 * Tells the fabric one word after the other, as the swarm. A refusal becomes an outcome or a problem; what may succeed
 * later is thrown, and the whole is tried again: every word is idempotent, or has a key that follows from its content.
 */
export async function applyIntents(application: Application, intents: readonly Intent[]): Promise<Applied> {
  const words = new Words(application)
  for (const intent of intents) await words.tell(intent)
  return words.applied()
}

class Words {
  readonly #application: Application
  readonly #claims: Map<string, ClaimMemory>
  readonly #outcomes = new Map<string, Outcome>()
  readonly #problems: StatusProblem[] = []

  constructor(application: Application) {
    this.#application = application
    this.#claims = new Map(application.claims.map((claim) => [claim.task, claim]))
  }

  applied(): Applied {
    return {
      claims: [...this.#claims.values()].slice(0, LIMITS.answerTasks),
      outcomes: [...this.#outcomes.values()],
      problems: this.#problems,
    }
  }

  async tell(intent: Intent): Promise<void> {
    try {
      await this.#say(intent)
    } catch (error) {
      if (!isFabricError(error) || error.retryable || isFatal(error)) throw error
      this.#refused(intent, error)
    }
  }

  #say(intent: Intent): Promise<unknown> {
    if (intent.kind === 'claim') return this.#claim(intent.task)
    if (intent.kind === 'complete') return this.#complete(intent)
    const claim = this.#claims.get(intent.task)
    // The claim was refused, and that is its answer.
    if (claim === undefined) return this.#withoutClaim(intent)
    switch (intent.kind) {
      case 'beat':
        return this.#beat(claim)
      case 'milestone':
        return this.#milestone(intent, claim)
      case 'block':
        return this.#block(intent, claim)
      case 'unblock':
        return this.#unblock(intent, claim)
      case 'fail':
        return this.#fail(intent, claim)
      case 'release':
        return this.#release(intent, claim)
    }
  }

  async #claim(task: string): Promise<void> {
    const { fabric, swarm, leaseMs } = this.#application
    const { epoch, leaseEndsAt } = await fabric.task.claim({ task, as: swarm, leaseMs })
    this.#claims.set(task, { task, epoch, leaseEndsAt, blockers: [] })
    this.#note({ task, outcome: 'granted', epoch })
  }

  async #beat(claim: ClaimMemory): Promise<void> {
    const { fabric, swarm } = this.#application
    const { stop: _, ...held } = claim
    const { task, epoch } = held
    const { leaseEndsAt, stop } = await fabric.task.heartbeat({ task, epoch, as: swarm })
    this.#claims.set(task, { ...held, leaseEndsAt, ...(stop && { stop: reasonOf(stop.reason) }) })
    this.#note({ task, outcome: 'granted', epoch })
  }

  async #milestone({ task, report }: Extract<Intent, { kind: 'milestone' }>, claim: ClaimMemory): Promise<void> {
    const input = { ...this.#word(claim), ...report }
    await this.#application.fabric.task.milestone(input, this.#keyed('milestone', input))
    this.#claims.set(task, { ...claim, told: { percent: report.percent, digest: digestOf(report) } })
  }

  async #block({ task, blocker }: Extract<Intent, { kind: 'block' }>, claim: ClaimMemory): Promise<void> {
    const input = { ...this.#word(claim), ...blocker }
    const { id } = await this.#application.fabric.task.block(input, this.#keyed('block', input))
    this.#claims.set(task, { ...claim, blockers: [...claim.blockers, { id, digest: digestOf(blocker.needs) }] })
  }

  async #unblock({ task, blocker }: Extract<Intent, { kind: 'unblock' }>, claim: ClaimMemory): Promise<void> {
    const { fabric, swarm } = this.#application
    const input = { blocker, as: swarm, epoch: claim.epoch, resolution: 'its status names it no longer' }
    this.#claims.set(task, { ...claim, blockers: claim.blockers.filter(({ id }) => id !== blocker) })
    // It may have been resolved by somebody else.
    await fabric.blocker.resolve(input, this.#keyed('resolve', input)).catch((error) => {
      if (!isFabricError(error, 'WRONG_STATE') && !isFabricError(error, 'NOT_FOUND')) throw error
    })
  }

  async #complete({ task, line, evidence, summary }: Extract<Intent, { kind: 'complete' }>): Promise<void> {
    const { fabric, known, swarm } = this.#application
    const row = known.get(task)
    const claim = this.#claims.get(task)
    if (row?.state === 'completed') {
      this.#claims.delete(task)
      const isOwn = row.completedBy === swarm
      const reason = `completed by ${row.completedBy ?? 'a person'} already`
      this.#note(isOwn ? { task, outcome: 'completed' } : { task, outcome: 'refused', reason })
      return
    }
    if (claim === undefined) {
      if (!this.#outcomes.has(task)) this.#problem(line, `${task} is not held, so it cannot be completed.`)
      return
    }
    const input = { ...this.#word(claim), evidence, ...(summary !== undefined && { summary }) }
    await fabric.task.complete(input, this.#keyed('complete', input))
    this.#claims.delete(task)
    this.#note({ task, outcome: 'completed', epoch: claim.epoch })
  }

  async #fail({ task, reason }: Extract<Intent, { kind: 'fail' }>, claim: ClaimMemory): Promise<void> {
    const input = { ...this.#word(claim), reason }
    await this.#application.fabric.task.fail(input, this.#keyed('fail', input))
    this.#claims.delete(task)
    this.#note({ task, outcome: 'failed', epoch: claim.epoch })
  }

  async #release({ task, note }: Extract<Intent, { kind: 'release' }>, claim: ClaimMemory): Promise<void> {
    const input = { ...this.#word(claim), note }
    await this.#application.fabric.task.release(input, this.#keyed('release', input))
    this.#claims.delete(task)
    this.#note({ task, outcome: 'released', epoch: claim.epoch })
  }

  async #withoutClaim({ kind, task, line }: Intent): Promise<void> {
    if (kind !== 'fail' && kind !== 'release') return
    this.#problem(line, `${task} is not held through git, so it cannot be ${kind === 'fail' ? 'failed' : 'released'}.`)
  }

  #word({ task, epoch }: ClaimMemory) {
    return { task, as: this.#application.swarm, epoch }
  }

  /** The same word of the same file gets the same key, whoever says it, before and after a restart. */
  #keyed(verb: string, input: object): CallOptions {
    const { swarm, blob } = this.#application
    const digest = createHash('sha256')
      .update(canonicalJson([swarm, blob, verb, input]))
      .digest('hex')
    return { idempotencyKey: `git-bridge-${digest}` }
  }

  #refused({ kind, task, line }: Intent, error: FabricError): void {
    const isLost = error.code === 'STALE_CLAIM'
    const reason = refusalText(error)
    if (isLost) this.#claims.delete(task)
    if (isLost || kind === 'claim') this.#note({ task, outcome: isLost ? 'lost' : 'refused', reason })
    this.#problem(line, `${error.code}: ${reasonOf(error.message)}`)
  }

  #note(outcome: Outcome): void {
    this.#outcomes.set(outcome.task, outcome)
  }

  #problem(line: number, problem: string): void {
    this.#problems.push({ line, problem: reasonOf(problem) })
  }
}

/** The bridge itself may not speak: its agents have nothing to do with that. */
function isFatal(error: FabricError): boolean {
  return error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN' || error.code === 'INTERNAL'
}

/** `held by session-2-webrtc`, in the words of an answer. */
function refusalText({ code, message, details }: FabricError): string {
  const { holder, dependencies, state } = details as { holder?: unknown; dependencies?: unknown; state?: unknown }
  if (typeof holder === 'string') return `held by ${holder}`
  if (Array.isArray(dependencies)) return `waits for ${dependencies.join(', ')}`
  if (code === 'STALE_CLAIM') return `it is ${state} now`
  return code === 'NOT_FOUND' ? 'there is no such task' : reasonOf(message)
}
