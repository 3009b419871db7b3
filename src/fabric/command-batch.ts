import { createHash } from 'node:crypto'
import type { CommandType, CoordinatorCommand } from '../coordinator/commands.js'
import { decide } from '../coordinator/decide.js'
import { applyVolatile } from '../coordinator/evolve.js'
import type { Policy } from '../coordinator/policy.js'
import type { Decision, VolatileChange } from '../coordinator/transition.js'
import { actorSwarm, type EntryDraft, FABRIC_ACTOR } from '../model/entry.js'
import { asFabricError, assertInvariant, FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { EngineDraft, FabricEntry } from './entries.js'
import { type EncodedEntry, encodeEntry } from './entry-codec.js'
import type { Origin } from './fabric.js'
import type { Fold } from './fold.js'
import { receiptKey } from './receipts.js'
import { type CountedRefusals, isRecorded, type Refusal, type Refusals, refusalDraft } from './refusals.js'

/** A command, or a note of the engine's own, that waits for its batch. */
export interface Pending {
  readonly work: CoordinatorCommand | EngineNote
  readonly origin: Origin
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: FabricError) => void
}

/** Entries of the engine's own that are decided in their turn, against the fold as it is then. */
export interface EngineNote {
  readonly type: 'note'
  /** May refuse by throwing a coded error. Answers with the index of the first entry, also when there is none. */
  readonly decide: (fold: Fold) => readonly EngineDraft[]
}

type Settled =
  | { readonly kind: 'refusal'; readonly error: FabricError }
  /** The command was answered before; the answer is in the log. */
  | { readonly kind: 'repeat'; readonly receiptIndex: number }

type Outcome = Settled | { readonly kind: 'reply'; readonly reply: unknown }

type Prepared =
  | Settled
  | {
      readonly kind: 'decision'
      readonly decision: Pick<Decision<unknown>, 'volatile' | 'refused' | 'reply'>
      readonly entries: readonly EncodedEntry[]
      readonly digest: string
    }

export interface BatchOptions {
  readonly fold: Fold
  readonly policy: Policy
  readonly now: number
  readonly fabric: string
  readonly writerId: string
  readonly batchId: string
  readonly refusals: Refusals
  /** Digest of the governor's built-in policy. */
  readonly defaultDigest: string
}

/**
 * Commands decided together, each against the state as the ones before it left it, and the entries they led to. Nobody
 * hears an outcome, not even a refusal, before the whole batch is durable: a refusal may rest on a claim of the same
 * batch.
 */
export class CommandBatch {
  readonly entries: EncodedEntry[] = []
  /** Entries in the log before this batch. */
  readonly size: number
  readonly #options: BatchOptions
  readonly #decided: { readonly pending: Pending; readonly outcome: Outcome }[] = []
  readonly #refused: CountedRefusals[] = []
  #bytes = 0

  constructor(options: BatchOptions) {
    this.#options = options
    this.size = options.fold.head.size
  }

  get writerId(): string {
    return this.#options.writerId
  }

  get batchId(): string {
    return this.#options.batchId
  }

  /** Decides commands from the front of the queue until the batch is full; returns how many. */
  decide(queue: readonly Pending[]): number {
    for (const pending of queue) {
      if (this.#decided.length >= LIMITS.batchCommands || this.#bytes >= LIMITS.batchBytes) break
      this.#decided.push({ pending, outcome: this.#outcomeOf(pending) })
    }
    return this.#decided.length
  }

  /** Forgets its commands, which were neither written nor answered; returns how many it had decided. */
  withdraw(): number {
    return this.#decided.splice(0).length
  }

  /** Entries of the engine's own, without a command. */
  write(drafts: readonly EngineDraft[], actor: string): void {
    this.#fold(this.#encode(drafts, { actor }))
  }

  /** Answers everyone; `receipt` reads an earlier answer from the log. */
  answer(receipt: (index: number) => Promise<unknown>): void {
    for (const { pending, outcome } of this.#decided) {
      if (outcome.kind === 'reply') pending.resolve(outcome.reply)
      else if (outcome.kind === 'refusal') pending.reject(outcome.error)
      else receipt(outcome.receiptIndex).then(pending.resolve, pending.reject)
    }
  }

  /** Nothing of it was written. */
  reject(error: FabricError): void {
    const { refusals, now } = this.#options
    for (const counted of this.#refused.splice(0)) refusals.giveBack(counted, now)
    for (const { pending } of this.#decided) pending.reject(error)
  }

  #outcomeOf({ work, origin }: Pending): Outcome {
    const prepared = work.type === 'note' ? this.#prepareNote(work, origin) : this.#prepare(work, origin)
    if (prepared.kind === 'refusal') this.#record(prepared.error, work, origin)
    if (prepared.kind !== 'decision') return prepared
    this.#fold(prepared.entries, prepared.decision.volatile)
    if (prepared.decision.refused !== undefined) this.#record(prepared.decision.refused, work, origin)
    const reply = prepared.decision.reply(this.#options.fold.state)
    const { idempotencyKey } = origin
    // What changed nothing can be asked again without harm, and an idle poll must not write.
    if (idempotencyKey !== undefined && prepared.entries.length > 0)
      this.#writeReceipt(idempotencyKey, prepared.digest, reply, origin)
    return { kind: 'reply', reply }
  }

  /** Changes nothing, so whatever goes wrong here concerns this command alone, even a fault of ours. */
  #prepare(command: CoordinatorCommand, origin: Origin): Prepared {
    const { fold, policy, now } = this.#options
    try {
      const key = origin.idempotencyKey
      const digest = key === undefined ? '' : digestOf(command)
      const known = key === undefined ? undefined : fold.receipts.get(receiptKey(origin.actor, key))
      if (known !== undefined) {
        requireSameCommand(known.digest, digest)
        return { kind: 'repeat', receiptIndex: known.index }
      }
      const { defaultDigest } = this.#options
      const { actor: speaker } = origin
      const context = { now, actor: speaker, nextIndex: fold.head.size, policy, defaultDigest }
      const decision = decide(fold.state, command, context)
      return {
        kind: 'decision',
        decision,
        entries: this.#encode(decision.entries, speakerOf(origin, decision)),
        digest,
      }
    } catch (error) {
      return { kind: 'refusal', error: asFabricError(error) }
    }
  }

  #prepareNote({ decide }: EngineNote, origin: Origin): Prepared {
    const { fold } = this.#options
    const first = fold.head.size
    try {
      const entries = this.#encode(decide(fold), origin)
      return { kind: 'decision', decision: { reply: () => first }, entries, digest: '' }
    } catch (error) {
      return { kind: 'refusal', error: asFabricError(error) }
    }
  }

  /** Writes a refusal down when it matters for security and is the first of its kind lately. */
  #record({ code }: FabricError, work: Pending['work'], origin: Origin): void {
    if (!isRecorded(code) || work.type === 'note') return
    const about = taskOf(work, this.#options.fold)
    const task = about === undefined ? {} : { task: about }
    const swarm = 'swarm' in work && work.swarm !== undefined ? { swarm: work.swarm } : {}
    const { refusals, now } = this.#options
    const refusal = { code, operation: work.type, actor: origin.actor, ...task, ...swarm }
    const counted = refusals.note(refusal, now)
    if (counted !== undefined) {
      this.#refused.push(counted)
      this.#fold(this.#encode([refusalDraft(counted.data)], origin))
    }
    this.#stopRunaway(refusal)
  }

  /** A swarm that sends the same refused call over and over is in a loop that it does not leave by itself. */
  #stopRunaway(refusal: Refusal): void {
    const { fold, refusals, now } = this.#options
    const swarm = actorSwarm(refusal.actor)
    if (swarm === undefined || !fold.state.swarms.has(swarm)) return
    const { runawayRefusals } = fold.state.governor.policy.breaker
    if (!refusals.isRunaway(refusal, now, runawayRefusals)) return
    const reason = `${refusal.operation} was refused with ${refusal.code} ${runawayRefusals} times without a pause`
    const origin = { actor: FABRIC_ACTOR }
    const prepared = this.#prepare({ type: 'trip_breaker', swarm, cause: 'runaway', reason }, origin)
    assertInvariant(prepared.kind === 'decision', `the breaker of ${swarm} could not be opened`)
    this.#fold(prepared.entries, prepared.decision.volatile)
  }

  /** A reply that is too large to keep is left out: the command is still done only once. */
  #writeReceipt(key: string, digest: string, reply: unknown, origin: Origin): void {
    const kept = Buffer.byteLength(JSON.stringify(reply)) <= LIMITS.receiptBytes
    const data = { digest, ...(kept && { reply }) }
    const draft: EngineDraft = { type: 'command_received', subject: key, data }
    this.#fold(this.#encode([draft], origin))
  }

  /** Encodes all before any is folded, so that one that does not fit leaves nothing behind. */
  #encode(drafts: readonly EntryDraft<FabricEntry>[], origin: Origin): EncodedEntry[] {
    const { fold, now: at, fabric } = this.#options
    const { actor, traceparent, principal } = origin
    const encoded = drafts.map((draft, offset) =>
      encodeEntry(draft, { index: fold.head.size + offset, at, actor, fabric, traceparent, principal }),
    )
    const bytes = encoded.reduce((sum, entry) => sum + entry.bytes.length, 0)
    if (bytes <= LIMITS.commandBytes) return encoded
    throw new FabricError(
      'INVALID_ARGUMENT',
      `This one command would write ${bytes} bytes; at most ${LIMITS.commandBytes} fit. Do it in several steps.`,
      { bytes, maxBytes: LIMITS.commandBytes },
    )
  }

  #fold(encoded: readonly EncodedEntry[], volatile: readonly VolatileChange[] = []): void {
    const { fold } = this.#options
    for (const one of encoded) {
      fold.apply(one)
      this.entries.push(one)
      this.#bytes += one.bytes.length
    }
    applyVolatile(fold.state, volatile)
  }
}

/** An epoch says in whose name a word is; the log also says who used it, where that was somebody else. */
function speakerOf(origin: Origin, { actor = origin.actor }: Pick<Decision<unknown>, 'actor'>): Origin {
  return actor === origin.actor ? origin : { ...origin, actor, principal: origin.principal ?? origin.actor }
}

/** What a caller was woken for is no part of what it asked. */
function digestOf(command: { readonly type: CommandType; readonly prefer?: string }): string {
  const { prefer: _, ...asked } = command
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex')
}

function requireSameCommand(known: string, digest: string): void {
  if (known === digest) return
  throw new FabricError(
    'CONFLICT',
    'This idempotency key was used for another command. Use a new key for each command.',
  )
}

/** The task that a command is about, by its name or by that of its blocker. */
function taskOf(command: CoordinatorCommand, fold: Fold): string | undefined {
  if ('task' in command && typeof command.task === 'string') return command.task
  return 'blocker' in command ? fold.state.blockers.get(command.blocker)?.task : undefined
}
