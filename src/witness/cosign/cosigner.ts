import { FabricError, isFabricError } from '../../model/errors.js'
import { type Clock, SECOND_MS } from '../../model/time.js'
import { type Checkpoint, parseCheckpoint } from '../note/checkpoint.js'
import { formatNote, formatSignature, type Note, parseNote, type VerifiedNote, verifyNote } from '../note/note.js'
import type { CosignatureSigner } from '../note/signer.js'
import type { TextSource } from '../note/text.js'
import type { Verifier } from '../note/verifier.js'
import { EMPTY_ROOT } from '../tree/hash.js'
import { checkConsistency } from '../tree/proof.js'
import { type AddCheckpoint, parseAddCheckpoint } from './request.js'
import { type CosignerStore, originHash } from './store.js'
import { type Cosigned, WatchedLog } from './watched-log.js'

/** An answer of the witness protocol. */
export interface CosignerReply {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422 | 429
  readonly contentType: string
  readonly body: string
}

export interface CosignerOptions {
  readonly signer: CosignatureSigner
  /** Keys of the logs it watches. The name of a key is the origin of its log; a log may have several keys. */
  readonly logs: readonly Verifier[]
  readonly store: CosignerStore
  readonly clock: Clock
}

const SIZE_TYPE = 'text/x.tlog.size'
const TEXT_TYPE = 'text/plain; charset=utf-8'

/** What was asked, read and found to be signed by the log. */
interface Submission extends AddCheckpoint {
  readonly verified: VerifiedNote
  readonly head: Checkpoint
}

/** Cosigns checkpoints of the logs it knows, each only when it extends the last one (C2SP tlog-witness). */
export class Cosigner {
  readonly #signer: CosignatureSigner
  readonly #store: CosignerStore
  readonly #clock: Clock
  readonly #logs = new Map<string, WatchedLog>()
  readonly #byHash = new Map<string, WatchedLog>()

  constructor({ signer, logs, store, clock }: CosignerOptions) {
    this.#signer = signer
    this.#store = store
    this.#clock = clock
    for (const verifier of logs) this.#watch(verifier)
  }

  get vkey(): string {
    return this.#signer.vkey
  }

  /**
   * Answers the body of an `add-checkpoint` request. What a 200 stands for is durable by then.
   * Throws STORAGE_FAILED and DATA_CORRUPT; then nothing was cosigned.
   */
  async addCheckpoint(body: TextSource): Promise<CosignerReply> {
    const request = readRequest(body)
    if ('status' in request) return request
    const { note, head, oldSize } = request
    const log = this.#logs.get(head.origin)
    if (log === undefined) return refusal(404, 'This witness does not know a log of that origin.')
    const verified = verifiedBy(note, log.verifiers)
    if ('status' in verified) return verified
    if (oldSize > head.size) return refusal(400, 'The old size is beyond the size of the checkpoint.')
    if (log.crowded) return refusal(429, 'Too many requests for this log at once. Try again.')
    return log.inTurn(() => this.#advance(log, { ...request, verified }))
  }

  /** The last cosigned checkpoint of the log with this origin hash (lowercase hex); undefined when there is none. */
  async latest(hash: string): Promise<string | undefined> {
    const log = this.#byHash.get(hash)
    // In turn: a checkpoint that is being written is not to be seen before it is durable.
    const latest = log === undefined ? 'none' : await log.inTurn(() => this.#load(log))
    return latest === 'none' ? undefined : latest.note
  }

  /** Resolves when no request is under way any more. */
  async idle(): Promise<void> {
    await Promise.all([...this.#logs.values()].map((log) => log.inTurn(async () => undefined)))
  }

  #watch(verifier: Verifier): void {
    const log = this.#logs.get(verifier.name) ?? new WatchedLog(verifier.name)
    log.verifiers.push(verifier)
    this.#logs.set(log.origin, log)
    this.#byHash.set(originHash(log.origin), log)
  }

  async #advance(log: WatchedLog, { oldSize, proof, head, verified }: Submission): Promise<CosignerReply> {
    const latest = await this.#load(log)
    const known = latest === 'none' ? { size: 0, root: EMPTY_ROOT } : latest.checkpoint
    if (oldSize !== known.size) return { status: 409, contentType: SIZE_TYPE, body: `${known.size}\n` }
    const claim = { oldSize, oldRoot: known.root, newSize: head.size, newRoot: head.root }
    const fault = checkConsistency(claim, proof)
    if (fault !== undefined) {
      return refusal(422, `The checkpoint is not shown to extend the one of size ${known.size}: ${fault}.`)
    }
    const cosignature = this.#signer.sign(verified.text, Math.floor(this.#clock.now() / SECOND_MS))
    const signed = verified.signatures.map(({ signature }) => formatSignature(signature))
    await this.#save(log, { checkpoint: head, note: formatNote(verified.text, [...signed, cosignature]) })
    return { status: 200, contentType: TEXT_TYPE, body: `${cosignature}\n` }
  }

  async #load(log: WatchedLog): Promise<Cosigned | 'none'> {
    if (log.latest === undefined) {
      const stored = await this.#store.load(log.origin)
      log.latest = stored === undefined ? 'none' : this.#readStored(stored, log.origin)
    }
    return log.latest
  }

  async #save(log: WatchedLog, cosigned: Cosigned): Promise<void> {
    // Should it fail, which of the two is stored is known only to the store.
    log.latest = undefined
    await this.#store.save(log.origin, cosigned.note)
    log.latest = cosigned
  }

  /** Its own cosignature shows that nobody edited what was stored. */
  #readStored(stored: string, origin: string): Cosigned {
    try {
      const note = parseNote(stored)
      verifyNote(note, [this.#signer.verifier])
      const checkpoint = parseCheckpoint(note.text)
      if (checkpoint.origin === origin) return { checkpoint, note: stored }
    } catch (cause) {
      throw damaged(origin, cause)
    }
    throw damaged(origin)
  }
}

type Read = AddCheckpoint & { readonly note: Note; readonly head: Checkpoint }

function readRequest(body: TextSource): Read | CosignerReply {
  try {
    const request = parseAddCheckpoint(body)
    const note = parseNote(request.checkpoint)
    return { ...request, note, head: parseCheckpoint(note.text) }
  } catch (error) {
    if (isFabricError(error, 'INVALID_ARGUMENT')) return refusal(400, error.message)
    throw error
  }
}

function verifiedBy(note: Note, verifiers: readonly Verifier[]): VerifiedNote | CosignerReply {
  try {
    return verifyNote(note, verifiers)
  } catch (error) {
    if (isFabricError(error, 'PROOF_INVALID')) return refusal(403, error.message)
    throw error
  }
}

function refusal(status: CosignerReply['status'], message: string): CosignerReply {
  return { status, contentType: TEXT_TYPE, body: `${message}\n` }
}

function damaged(origin: string, cause?: unknown): FabricError {
  const message =
    `The stored checkpoint of ${origin} was not cosigned by this key or is damaged, so a fork could not be told. ` +
    'Restore it from a backup.'
  return new FabricError('DATA_CORRUPT', message, { origin, file: originHash(origin) }, { cause })
}
