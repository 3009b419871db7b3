import { FabricError } from '../../model/errors.js'
import type { SignedCheckpoint } from '../checkpoint-signer.js'
import { parseCheckpoint } from '../note/checkpoint.js'
import { parseNote, verifyNote } from '../note/note.js'
import { type PolicyWitness, quorumMet, type TrustPolicy } from '../note/trust-policy.js'
import type { Verifier } from '../note/verifier.js'
import type { Notes } from '../storage.js'
import { type Submission, type SubmitOutcome, submitCheckpoint } from './submit.js'

/** A witness that does not know our log as we do. */
export interface CosignIncident {
  readonly kind: 'cosigner_ahead' | 'cosigner_fork'
  readonly witness: string
  /** Entries in the log that was offered. */
  readonly size: number
  /** Entries in the log that the witness has seen, where it said so. */
  readonly seen?: number
}

export interface CosignerStatus {
  /** As the policy calls it. */
  readonly name: string
  /** Entries it has cosigned; 0 when none since the start. */
  readonly size: number
  readonly outcome: SubmitOutcome['outcome'] | 'waiting'
  /** Why it did not cosign the last time. */
  readonly reason?: string
}

export interface CosigningStatus {
  readonly quorum: boolean
  /** Entries in the newest checkpoint with a quorum. */
  readonly size: number
  readonly witnesses: readonly CosignerStatus[]
}

export interface CosigningOptions {
  readonly policy: TrustPolicy
  readonly notes: Notes
  /** Of the log. */
  readonly key: Verifier
  readonly tree: Submission['tree']
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly after: (delayMs: number, callback: () => void) => () => void
  readonly onIncident: (incident: CosignIncident) => void
  readonly report: (error: unknown) => void
  /** Replaces the network; for tests. */
  readonly submit?: typeof submitCheckpoint
}

/** Pause between two rounds: others need not see every checkpoint. */
const ROUND_EVERY_MS = 1_000
/** The pause doubles with each round that brought no quorum, up to this. */
const LONGEST_PAUSE_MS = 60_000

type ReachableWitness = PolicyWitness & { readonly url: string }

/** A checkpoint that is offered, to whom, and the cosignatures there are so far. */
interface Round {
  readonly checkpoint: SignedCheckpoint
  readonly asked: Set<string>
  readonly lines: Map<string, string>
}

/**
 * Offers checkpoints to outside witnesses, the newest one a round, and keeps the newest that has a quorum. A round is
 * over when it has its quorum or everybody answered. Who is silent holds nothing up: a witness that still owes an answer
 * to an earlier round is asked when that has come.
 */
export class Cosigning {
  readonly #options: CosigningOptions
  readonly #witnesses: readonly ReachableWitness[]
  readonly #status = new Map<string, CosignerStatus>()
  readonly #ending = new AbortController()
  /** Whose answer is awaited, and to which round. */
  readonly #awaited = new Map<string, Round>()
  readonly #answers = new Set<Promise<void>>()
  /** Incidents that were told. */
  readonly #known = new Set<string>()
  #offered: SignedCheckpoint | undefined
  #quorate: SignedCheckpoint | undefined
  #quorateAt = 0
  /** Rounds without a quorum, one after the other. */
  #failures = 0
  #round: Round | undefined
  #keeping: Promise<void> = Promise.resolve()
  #state: 'idle' | 'asking' | 'pausing' = 'idle'
  #cancelPause: () => void = () => {}

  private constructor(options: CosigningOptions, quorate: SignedCheckpoint | undefined) {
    this.#options = options
    this.#quorate = quorate
    this.#witnesses = options.policy.witnesses.flatMap((witness) =>
      witness.url === undefined ? [] : [{ ...witness, url: witness.url }],
    )
    for (const { name } of this.#witnesses) this.#status.set(name, { name, size: 0, outcome: 'waiting' })
  }

  /** Goes on with the cosigned checkpoint that is stored, unless that is damaged: the next one replaces it. */
  static async open(options: CosigningOptions): Promise<Cosigning> {
    const stored = await options.notes.read('cosigned')
    return new Cosigning(options, stored === undefined ? undefined : readCosigned(stored, options))
  }

  /** The newest checkpoint with a quorum of cosignatures, if there is one. */
  get quorate(): SignedCheckpoint | undefined {
    return this.#quorate
  }

  /** When that was cosigned; 0 when it was before this start. */
  get quorateAt(): number {
    return this.#quorateAt
  }

  get status(): CosigningStatus {
    return {
      quorum: this.#quorate !== undefined,
      size: this.#quorate?.size ?? 0,
      witnesses: [...this.#status.values()],
    }
  }

  /** Takes a newer checkpoint; it is offered in the next round. */
  offer(checkpoint: SignedCheckpoint): void {
    this.#offered = checkpoint
    if (this.#state === 'idle') this.#startRound()
  }

  /** Ends the round under way. */
  async close(): Promise<void> {
    this.#ending.abort()
    this.#cancelPause()
    await Promise.all(this.#answers)
    await this.#keeping
  }

  /** Offers the newest checkpoint; when that has been offered, and has no quorum yet, to all who did not cosign it. */
  #startRound(): void {
    if (this.#offered !== undefined) this.#round = { checkpoint: this.#offered, asked: new Set(), lines: new Map() }
    this.#offered = undefined
    const round = this.#round
    if (round === undefined || this.#isQuorate(round) || this.#witnesses.length === 0) return
    round.asked.clear()
    for (const name of round.lines.keys()) round.asked.add(name)
    this.#state = 'asking'
    this.#goOn()
    // A policy may ask for no witness, and what could not be stored the last time is tried again.
    this.#keep(round)
      .catch(this.#options.report)
      .then(() => this.#goOn())
  }

  /** Asks whom the newest round did not ask yet, and pauses when it is over. */
  #goOn(): void {
    const round = this.#round
    if (round === undefined || this.#ending.signal.aborted) return
    for (const witness of this.#witnesses) {
      if (!this.#awaited.has(witness.name) && !round.asked.has(witness.name)) this.#ask(witness, round)
    }
    const over = this.#isQuorate(round) || ![...this.#awaited.values()].includes(round)
    if (this.#state !== 'asking' || !over) return
    this.#failures = this.#isQuorate(round) ? 0 : this.#failures + 1
    this.#state = 'pausing'
    this.#cancelPause = this.#options.after(Math.min(ROUND_EVERY_MS * 2 ** this.#failures, LONGEST_PAUSE_MS), () => {
      this.#state = 'idle'
      this.#startRound()
    })
  }

  #ask(witness: ReachableWitness, round: Round): void {
    round.asked.add(witness.name)
    this.#awaited.set(witness.name, round)
    const answer = this.#submit(witness, round)
      .catch(this.#options.report)
      .then(() => {
        this.#answers.delete(answer)
        this.#awaited.delete(witness.name)
        this.#goOn()
      })
    this.#answers.add(answer)
  }

  async #submit({ name, verifier, url }: ReachableWitness, round: Round): Promise<void> {
    const { tree, submit = submitCheckpoint } = this.#options
    const knownSize = this.#status.get(name)?.size ?? 0
    const { note, size } = round.checkpoint
    const signal = this.#ending.signal
    const result = await submit({ witness: { verifier, url }, note, tree, knownSize, signal })
    const { outcome } = result
    if (signal.aborted) return
    const reason = 'reason' in result ? { reason: result.reason } : {}
    this.#status.set(name, { name, size: outcome === 'cosigned' ? size : knownSize, outcome, ...reason })
    if (outcome === 'ahead') this.#incident({ kind: 'cosigner_ahead', witness: name, size, seen: result.size })
    if (outcome === 'fork') this.#incident({ kind: 'cosigner_fork', witness: name, size })
    if (outcome !== 'cosigned') return
    round.lines.set(name, result.line)
    await this.#keep(round)
  }

  /** Stores and shows what is cosigned by enough, one after the other and never an older one in place of a newer one. */
  #keep(round: Round): Promise<void> {
    const kept = this.#keeping.then(async () => {
      const { checkpoint } = round
      if (checkpoint.size < (this.#quorate?.size ?? 0) || !this.#meetsQuorum(round)) return
      const note = noteOf(round)
      if (note === this.#quorate?.note) return
      await this.#options.notes.replace('cosigned', note)
      this.#quorate = { ...checkpoint, note }
      this.#quorateAt = this.#options.now()
    })
    this.#keeping = kept.catch(() => undefined)
    return kept
  }

  #isQuorate({ checkpoint }: Round): boolean {
    return this.#quorate?.size === checkpoint.size
  }

  #meetsQuorum(round: Round): boolean {
    return quorumMet(this.#options.policy, new Set(round.lines.keys()))
  }

  /** Each kind from each witness once: it does not go away by itself. */
  #incident(incident: CosignIncident): void {
    const key = `${incident.kind} ${incident.witness}`
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.#options.onIncident(incident)
  }
}

function noteOf({ checkpoint, lines }: Round): string {
  return checkpoint.note + [...lines.values()].map((line) => `${line}\n`).join('')
}

function readCosigned(stored: string, { policy, key, report }: CosigningOptions): SignedCheckpoint | undefined {
  try {
    const note = parseNote(stored)
    // The cosignatures hold the text together; this, the signature of the log itself.
    verifyNote(note, [key])
    return hasQuorum(policy, stored) ? { ...parseCheckpoint(note.text), note: stored } : undefined
  } catch (cause) {
    const message =
      'The file witness/cosigned of the data directory is damaged or of another key. The next checkpoint that is cosigned replaces it.'
    report(new FabricError('DATA_CORRUPT', message, { file: 'witness/cosigned' }, { cause }))
    return undefined
  }
}

/** Whether a note has enough cosignatures. One that fails its check counts as none. */
function hasQuorum(policy: TrustPolicy, stored: string): boolean {
  const note = parseNote(stored)
  const cosigned = policy.witnesses.filter(({ verifier }) => {
    try {
      return verifyNote(note, [verifier]).verified.length > 0
    } catch {
      return false
    }
  })
  return quorumMet(policy, new Set(cosigned.map(({ name }) => name)))
}
