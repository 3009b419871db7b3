import { formatCheckpoint } from '../../../src/witness/note/checkpoint.js'
import { formatNote } from '../../../src/witness/note/note.js'
import { NoteSigner } from '../../../src/witness/note/signer.js'
import { MemoryHashStore } from '../../../src/witness/tree/hash-store.js'
import { MerkleTree } from '../../../src/witness/tree/tree.js'

/** A log with a key, whose entries are made up. */
export class SampleLog {
  readonly signer: NoteSigner
  readonly tree: MerkleTree
  readonly #salt: string

  private constructor(signer: NoteSigner, tree: MerkleTree, salt: string) {
    this.signer = signer
    this.tree = tree
    this.#salt = salt
  }

  /** Logs of equal salt have equal entries. */
  static async of(size: number, signer: NoteSigner = NoteSigner.generate('example.com/log'), salt = 'entry') {
    const log = new SampleLog(signer, await MerkleTree.open(new MemoryHashStore()), salt)
    log.grow(size)
    return log
  }

  grow(count: number): void {
    for (let added = 0; added < count; added += 1) this.tree.append(Buffer.from(`${this.#salt} ${this.tree.size}`))
  }

  /** The text of the checkpoint at a size. */
  async text(size: number): Promise<string> {
    return formatCheckpoint({ origin: this.signer.name, size, root: await this.tree.rootAt(size) })
  }

  /** The signed checkpoint at a size. */
  async note(size: number): Promise<string> {
    const text = await this.text(size)
    return formatNote(text, [this.signer.sign(text)])
  }

  /** Like the tree's, but empty from size 0. */
  async proof(oldSize: number, newSize: number): Promise<Buffer[]> {
    return oldSize === 0 || oldSize === newSize ? [] : this.tree.consistencyProof(oldSize, newSize)
  }
}
