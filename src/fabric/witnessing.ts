import type { Journal } from '../journal/journal.js'
import { actorSwarm } from '../model/entry.js'
import { asFabricError, FabricError } from '../model/errors.js'
import type { SignedCheckpoint } from '../witness/checkpoint-signer.js'
import { Cosigning } from '../witness/cosign/cosigning.js'
import type { KeySource } from '../witness/identity.js'
import type { TrustPolicy } from '../witness/note/trust-policy.js'
import { parseVkey } from '../witness/note/verifier.js'
import { Redactor } from '../witness/redact.js'
import type { WitnessStorage } from '../witness/storage.js'
import { Witness, type WitnessedEntry } from '../witness/witness.js'
import type { EngineDraft } from './entries.js'
import type { Origin } from './fabric.js'
import type { FoldHead } from './fold.js'
import type { Timing } from './timing.js'

/** What a fabric with a witness is opened with. */
export interface WitnessSettings {
  /** Called once the journal is owned. */
  readonly open: () => Promise<WitnessPlace>
  /** Outside witnesses that are to cosign checkpoints. */
  readonly policy?: TrustPolicy
}

export interface WitnessPlace {
  readonly storage: WitnessStorage
  /** Where several processes sign the same log. */
  readonly keys?: KeySource
  /** Values that must never get into the log, such as tokens. */
  readonly secrets?: readonly string[]
}

/** Time between an entry and the checkpoint that covers it, unless somebody asks for one earlier. */
const SIGN_AFTER_MS = 100
const SIGN_AGAIN_AFTER_MS = 5_000
/** How old a cosigned checkpoint may get before the newest is served without a quorum. */
const QUORUM_LAG_MS = 60_000

export interface WitnessingOptions {
  readonly witness: Witness
  readonly cosigning: Cosigning | undefined
  readonly secrets: readonly string[]
  readonly timing: Timing
  /** Told about faults after which signing goes on. */
  readonly report: (error: unknown) => void
  /** Told that the log does not extend what was signed: nothing may go on. */
  readonly halt: (error: FabricError) => void
}

/** Feeds durable entries to the witness and has it sign soon after. An idle fabric signs nothing. */
export class Witnessing {
  readonly witness: Witness
  readonly cosigning: Cosigning | undefined
  readonly #options: WitnessingOptions
  readonly #redactor: Redactor
  #signNow: () => void = () => {}
  /** The head that will be signed next, and the one that is being signed. */
  #scheduled: Promise<SignedCheckpoint> | undefined
  #underWay: Promise<SignedCheckpoint> | undefined
  #closing = false
  #offers = true

  constructor(options: WitnessingOptions) {
    this.#options = options
    this.witness = options.witness
    this.cosigning = options.cosigning
    this.#redactor = new Redactor({ key: options.witness.redactionKey })
    for (const secret of options.secrets) this.#redactor.declare(secret)
    // What others wrote before this node came is signed by it too, or its checkpoint would be of nothing while the log is idle.
    if (this.witness.size > this.witness.last.size) this.#schedule(SIGN_AFTER_MS)
  }

  /** The entry that names the key, when the log names none or another. */
  introduction(announced: string | undefined): EngineDraft[] {
    const { vkey, origin } = this.witness
    if (vkey === announced) return []
    const data = { vkey, ...(announced !== undefined && { replaces: announced }) }
    return [{ type: 'key_introduced', subject: origin, data }]
  }

  append(entries: readonly WitnessedEntry[]): void {
    if (entries.length === 0) return
    this.witness.append(entries)
    if (this.#scheduled === undefined) this.#schedule(SIGN_AFTER_MS)
  }

  /** Names a secret that no entry may hold, until that is taken back. */
  declare(secret: string): () => void {
    return this.#redactor.declare(secret)
  }

  /**
   * Whether outside witnesses are asked to cosign. Of several nodes one asks: a witness that has seen the head of another would
   * take an older one for a log that was cut.
   */
  offer(offers: boolean): void {
    this.#offers = offers
    if (offers && this.witness.last.size > 0) this.cosigning?.offer(this.witness.last)
  }

  /** A text without its secrets. */
  redactText(text: string): string {
    return this.#redactor.redactText(text)
  }

  /** A command and where it comes from, without their secrets. Throws INVALID_ARGUMENT for a secret in place of a name. */
  cleanse<Command>(command: Command, origin: Origin): { command: Command; origin: Origin } {
    const { actor, idempotencyKey } = origin
    const name = actorSwarm(actor) ?? actor
    if (this.redactText(name) !== name) {
      throw new FabricError('INVALID_ARGUMENT', 'The name of the caller looks like a secret. Use another name.', {
        field: 'as',
      })
    }
    const key = idempotencyKey === undefined ? undefined : this.redactText(idempotencyKey)
    return {
      command: this.#redactor.redact(command),
      origin: key === idempotencyKey || key === undefined ? origin : { ...origin, idempotencyKey: key },
    }
  }

  /** The newest checkpoint; when the log has grown, the one that is signed next. Never signs more often than planned. */
  current(): Promise<SignedCheckpoint> {
    return this.#scheduled ?? this.#underWay ?? Promise.resolve(this.witness.last)
  }

  /**
   * The checkpoint for everybody: the newest with a quorum, where one is asked for. When the witnesses have been away for
   * long, the newest all the same: an old head that looks cosigned would hide what came since.
   */
  async published(): Promise<SignedCheckpoint> {
    const quorate = this.cosigning?.quorate
    if (quorate === undefined || quorate.size === this.witness.last.size) return quorate ?? this.current()
    return this.#options.timing.now() - (this.cosigning?.quorateAt ?? 0) < QUORUM_LAG_MS ? quorate : this.current()
  }

  /** Signs a last time and releases everything. */
  async close(): Promise<void> {
    this.#closing = true
    try {
      this.#signNow()
      await this.current()
    } finally {
      await this.release()
    }
  }

  async release(): Promise<void> {
    await this.cosigning?.close()
    await this.witness.close()
  }

  #schedule(delayMs: number): void {
    const scheduled = new Promise<void>((resolve) => {
      const cancel = this.#options.timing.after(delayMs, resolve)
      this.#signNow = () => {
        cancel()
        resolve()
      }
    }).then(() => {
      this.#scheduled = undefined
      this.#underWay = scheduled
      return this.#sign()
    })
    this.#scheduled = scheduled
    const done = () => {
      if (this.#underWay === scheduled) this.#underWay = undefined
    }
    // Whoever waits for it hears of a failure as well.
    scheduled.then(done, done)
  }

  async #sign(): Promise<SignedCheckpoint> {
    const { witness, report, halt } = this.#options
    try {
      const checkpoint = await witness.checkpoint()
      if (this.#offers) this.cosigning?.offer(checkpoint)
      return checkpoint
    } catch (thrown) {
      const error = asFabricError(thrown)
      if (error.code === 'STORAGE_FAILED') {
        report(error)
        // Once closed, the directory may be somebody else's.
        if (this.#scheduled === undefined && !this.#closing) this.#schedule(SIGN_AGAIN_AFTER_MS)
      } else halt(error)
      throw error
    }
  }
}

interface OpenOptions {
  readonly journal: Journal
  /** Name of a fabric that does not exist yet. */
  readonly name: string
  readonly timing: Timing
  readonly report: (error: unknown) => void
  readonly witness?: WitnessSettings
}

interface EngineHooks {
  readonly halt: (error: FabricError) => void
  readonly note: (drafts: readonly EngineDraft[]) => Promise<unknown>
}

/** Opens the witness of a journal that is open; undefined when the fabric is to have none. */
export async function openWitnessing(
  { journal, name, timing, report, witness: settings }: OpenOptions,
  head: FoldHead,
  { halt, note }: EngineHooks,
): Promise<Witnessing | undefined> {
  if (settings === undefined) return undefined
  const { storage, keys, secrets = [] } = await settings.open()
  const origin = head.size === 0 ? name : head.name
  const read = (from: number) => journal.read(from)
  const log = { origin, read, size: head.size, announced: head.witnessKey }
  const opening = Witness.open({ ...log, storage, report, ...(keys && { keys }) })
  const witness = await opening.catch(async (error) => {
    await storage.hashes.close()
    throw error
  })
  if (settings.policy === undefined) await storage.notes.remove('cosigned')
  const cosigning =
    settings.policy &&
    (await Cosigning.open({
      policy: settings.policy,
      notes: storage.notes,
      key: parseVkey(witness.vkey),
      tree: witness,
      now: () => timing.now(),
      after: (delayMs, callback) => timing.after(delayMs, callback),
      onIncident: (data) => void note([{ type: 'incident_detected', subject: origin, data }]).catch(report),
      report,
    }))
  return new Witnessing({ witness, cosigning, secrets, timing, report, halt })
}
