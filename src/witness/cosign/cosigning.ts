import type { SignedCheckpoint } from '../checkpoint-signer.js'
import { parseCheckpoint } from '../note/checkpoint.js'
import { parseNote, verifyNote } from '../note/note.js'
import { type PolicyWitness, quorumMet, type TrustPolicy } from '../note/trust-policy.js'
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

/**
 * Offers checkpoints to outside witnesses, the newest one a round, and keeps the newest that has a quorum. An absent
 * witness never holds anything up.
 */
export class Cosigning {
  readonly #options: CosigningOptions
  readonly #witnesses: readonly (PolicyWitness & { readonly url: string })[]
  readonly #status = new Map<string, CosignerStatus>()
  readonly #ending = new AbortController()
  #offered: SignedCheckpoint | undefined
  #quorate: SignedCheckpoint | undefined
  #quorateAt = 0
  /** Rounds without a quorum, one after the other. */
  #failures = 0
  #round: Promise<void> | undefined
  #cancelPause: () => void = () => {}

  private constructor(options: CosigningOptions, quorate: SignedCheckpoint | undefined) {
    this.#options = options
    this.#quorate = quorate
    this.#witnesses = options.policy.witnesses.flatMap((witness) =>
      witness.url === undefined ? [] : [{ ...witness, url: witness.url }],
    )
    for (const { name } of this.#witnesses) this.#status.set(name, { name, size: 0, outcome: 'waiting' })
  }

  static async open(options: CosigningOptions): Promise<Cosigning> {
    const stored = await options.notes.read('cosigned')
    if (stored === undefined) return new Cosigning(options, undefined)
    try {
      const quorate = { ...parseCheckpoint(parseNote(stored).text), note: stored }
      return new Cosigning(options, hasQuorum(options.policy, stored) ? quorate : undefined)
    } catch (error) {
      // The witnesses will give their cosignatures again.
      options.report(error)
      return new Cosigning(options, undefined)
    }
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
    if (this.#round === undefined) this.#startRound()
  }

  /** Ends the round under way. */
  async close(): Promise<void> {
    this.#ending.abort()
    this.#cancelPause()
    await this.#round
  }

  #startRound(): void {
    const checkpoint = this.#offered
    if (checkpoint === undefined || this.#ending.signal.aborted || this.#witnesses.length === 0) return
    this.#offered = undefined
    this.#round = this.#runRound(checkpoint).then((pauseMs) => {
      if (this.#ending.signal.aborted) return
      this.#cancelPause = this.#options.after(pauseMs, () => {
        this.#round = undefined
        this.#startRound()
      })
    })
  }

  /** Offers a checkpoint, again in the next round when it got no quorum; resolves with the pause before that. */
  async #runRound(checkpoint: SignedCheckpoint): Promise<number> {
    try {
      await this.#submitAll(checkpoint)
    } catch (error) {
      this.#options.report(error)
    }
    if (this.#quorate?.size === checkpoint.size) {
      this.#failures = 0
      return ROUND_EVERY_MS
    }
    this.#offered ??= checkpoint
    this.#failures += 1
    return Math.min(ROUND_EVERY_MS * 2 ** this.#failures, LONGEST_PAUSE_MS)
  }

  async #submitAll(checkpoint: SignedCheckpoint): Promise<void> {
    const lines = await Promise.all(this.#witnesses.map((witness) => this.#submit(witness, checkpoint)))
    const note = checkpoint.note + lines.flatMap((line) => (line === undefined ? [] : [`${line}\n`])).join('')
    if (!hasQuorum(this.#options.policy, note)) return
    await this.#options.notes.replace('cosigned', note)
    this.#quorate = { ...checkpoint, note }
    this.#quorateAt = this.#options.now()
  }

  /** The cosignature of one witness, if it gives one. */
  async #submit({ name, verifier, url }: PolicyWitness & { readonly url: string }, checkpoint: SignedCheckpoint) {
    const { tree, submit = submitCheckpoint } = this.#options
    const knownSize = this.#status.get(name)?.size ?? 0
    const { note, size } = checkpoint
    const signal = this.#ending.signal
    const result = await submit({ witness: { verifier, url }, note, tree, knownSize, signal })
    const { outcome } = result
    if (signal.aborted) return undefined
    const reason = 'reason' in result ? { reason: result.reason } : {}
    this.#status.set(name, { name, size: outcome === 'cosigned' ? size : knownSize, outcome, ...reason })
    if (outcome === 'ahead') this.#incident({ kind: 'cosigner_ahead', witness: name, size, seen: result.size })
    if (outcome === 'fork') this.#incident({ kind: 'cosigner_fork', witness: name, size })
    return outcome === 'cosigned' ? result.line : undefined
  }

  readonly #known = new Set<string>()

  /** Each kind from each witness once: it does not go away by itself. */
  #incident(incident: CosignIncident): void {
    const key = `${incident.kind} ${incident.witness}`
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.#options.onIncident(incident)
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
