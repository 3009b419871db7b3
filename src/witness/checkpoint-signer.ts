import { FabricError } from '../model/errors.js'
import { type KeySource, keyFile, loadIdentity, rotationStatement } from './identity.js'
import { type Checkpoint, formatCheckpoint } from './note/checkpoint.js'
import { formatNote } from './note/note.js'
import type { NoteSigner } from './note/signer.js'
import type { Notes } from './storage.js'
import { checkConsistency } from './tree/proof.js'
import type { MerkleTree } from './tree/tree.js'

/** A head of the log: what it says, and the signed note that says it. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: string
}

/** A key that is to take over, and its predecessor's word for it (base64). */
export interface Rotation {
  readonly vkey: string
  readonly previous: string
  readonly signature: string
}

/** Signs the heads of one log, one after the other, and never one that does not extend the last. */
export class CheckpointSigner {
  readonly origin: string
  readonly #notes: Notes
  readonly #keys: KeySource
  #signer: NoteSigner
  /** Signs the next head together with its successor, so that those who know only the old key can follow. */
  #predecessor: NoteSigner | undefined
  /** Stored, and takes over when its entry is durable. */
  #next: NoteSigner | undefined
  #last: SignedCheckpoint
  /** What was to be stored last; a write that failed may have been done all the same. */
  #attempted: string | undefined
  #halted: FabricError | undefined
  /** Signing and changing the key happen one after the other. */
  #work: Promise<unknown> = Promise.resolve()

  private constructor(
    notes: Notes,
    keys: KeySource,
    signer: NoteSigner,
    predecessor: NoteSigner | undefined,
    last: SignedCheckpoint,
  ) {
    this.origin = signer.name
    this.#notes = notes
    this.#keys = keys
    this.#signer = signer
    this.#predecessor = predecessor
    this.#last = last
  }

  /** `announced`: the verifier key that the log names. Throws DATA_CORRUPT when what is stored cannot be used. */
  static async open(
    notes: Notes,
    origin: string,
    announced: string | undefined,
    keys: KeySource,
  ): Promise<CheckpointSigner> {
    const { signer, predecessor, checkpoint, note } = await loadIdentity(notes, origin, announced, keys)
    return new CheckpointSigner(notes, keys, signer, predecessor, { ...checkpoint, note })
  }

  /** Verifier key of the key that signs. */
  get vkey(): string {
    return this.#signer.vkey
  }

  /** Whether every process that shares the source of its keys can sign as this one does. */
  get sharesKey(): boolean {
    return this.#keys.find?.(this.origin, this.vkey, undefined) !== undefined
  }

  /** The last head that was signed. */
  get last(): SignedCheckpoint {
    return this.#last
  }

  /** Signs the head of the tree, unless it is signed already. Throws LOG_DIVERGED, STORAGE_FAILED. */
  sign(tree: MerkleTree): Promise<SignedCheckpoint> {
    return this.#exclusively(() => this.#sign(tree))
  }

  /** Stores the key that is to take over; it does when `rotated` is called, after its entry is durable. */
  prepareRotation(): Promise<Rotation> {
    return this.#exclusively(async () => {
      if (this.#predecessor !== undefined) throw notSettled()
      const next = this.#keys.next(this.origin, this.vkey)
      await this.#notes.replace('next-key', keyFile([next]))
      this.#next = next
      const previous = this.vkey
      const signature = this.#signer.signature(rotationStatement(this.origin, previous, next.vkey))
      return { vkey: next.vkey, previous, signature: signature.toString('base64') }
    })
  }

  /** The entry of the rotation is durable: the new key signs from now on, the first time together with the old one. */
  rotated(vkey: string, tree: MerkleTree): Promise<SignedCheckpoint> {
    return this.#exclusively(() => {
      const next = this.#next
      // A key that can be made again may have been adopted, when another process had the lead meanwhile.
      if (next === undefined && vkey === this.vkey) return this.#sign(tree)
      if (next?.vkey !== vkey) throw new FabricError('CONFLICT', 'Another rotation took the place of this one.')
      return this.#takeOver(next, tree)
    })
  }

  /** Another process rotated the key: the one that the log names now signs from now on. */
  adopt(vkey: string, tree: MerkleTree): Promise<SignedCheckpoint> {
    return this.#exclusively(() => {
      if (vkey === this.vkey) return this.#sign(tree)
      const next = this.#keys.find?.(this.origin, vkey, this.vkey)
      if (next === undefined) throw new FabricError('CONFLICT', `The log names the key ${vkey}, which is not at hand.`)
      return this.#takeOver(next, tree)
    })
  }

  async #takeOver(next: NoteSigner, tree: MerkleTree): Promise<SignedCheckpoint> {
    const previous = this.#signer
    this.#predecessor = previous
    this.#signer = next
    this.#next = undefined
    // Should this fail, the next start finds the key where it was prepared, or makes it again.
    await this.#notes.replace('key', keyFile([next, previous]))
    await this.#notes.remove('next-key')
    return this.#sign(tree)
  }

  /** Stops signing for good, and leaves what speaks against the log where it can be found. */
  async halt(why: string): Promise<FabricError> {
    const { size, note } = this.#last
    const message = `The log of ${this.origin} does not extend the checkpoint it signed at ${size} entries: ${why}. Somebody changed or lost entries. Restore the whole data directory, or see docs/reference/witness.md for what else can be done.`
    this.#halted = new FabricError('LOG_DIVERGED', message, { signedSize: size, why })
    // A disk that takes nothing any more must not hide what has happened.
    await this.#notes.replace('incident', `${why}\n\n${note}`).catch(() => undefined)
    return this.#halted
  }

  /** Resolves when nothing is being signed. */
  async idle(): Promise<void> {
    await this.#work
  }

  #exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => undefined)
    return done
  }

  async #sign(tree: MerkleTree): Promise<SignedCheckpoint> {
    if (this.#halted !== undefined) throw this.#halted
    const { origin } = this
    const last = this.#last
    const { size } = tree
    const predecessor = this.#predecessor
    if (size === last.size && predecessor === undefined) return last
    const root = tree.head()
    const proof = await tree.consistencyProof(last.size, size)
    const fault = checkConsistency({ oldSize: last.size, oldRoot: last.root, newSize: size, newRoot: root }, proof)
    if (fault !== undefined) throw await this.halt(`the head at ${size} does not extend it`)
    const text = formatCheckpoint({ origin, size, root })
    const signers = predecessor === undefined ? [this.#signer] : [this.#signer, predecessor]
    const lines = signers.map((signer) => signer.sign(text))
    const note = formatNote(text, lines)
    // The lock of the directory keeps others out; should it fail, no head of theirs is replaced.
    const stored = await this.#notes.read('checkpoint')
    const ours = stored === undefined || stored === last.note || stored === this.#attempted
    if (!ours) throw await this.halt('somebody else signed another one')
    this.#attempted = note
    // Stored before anybody sees it: after a crash it binds what may be signed next.
    await this.#notes.replace('checkpoint', note)
    this.#last = { origin, size, root, note }
    if (predecessor !== undefined) {
      await this.#notes.replace('key', keyFile([this.#signer]))
      this.#predecessor = undefined
    }
    return this.#last
  }
}

function notSettled(): FabricError {
  return new FabricError(
    'CONFLICT',
    'No checkpoint shows the last rotation of the key yet. Try again in a few seconds.',
  )
}
