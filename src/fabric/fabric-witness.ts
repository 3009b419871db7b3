import { FabricError } from '../model/errors.js'
import type { SignedCheckpoint } from '../witness/checkpoint-signer.js'
import type { CosigningStatus } from '../witness/cosign/cosigning.js'
import type { EntryFilter } from '../witness/query/filter.js'
import type { QueryPage } from '../witness/query/query.js'
import type { Witness } from '../witness/witness.js'
import type { KeyRotated } from './entries.js'
import type { FabricWitness, Origin, WitnessStatus } from './fabric.js'
import type { FabricEngine } from './fabric-engine.js'
import type { Witnessing } from './witnessing.js'

/** The witness of a running fabric, for callers. */
export class EngineWitness implements FabricWitness {
  readonly #engine: FabricEngine
  readonly #witnessing: Witnessing
  /** One rotation after the other. */
  #rotations: Promise<unknown> = Promise.resolve()

  constructor(engine: FabricEngine, witnessing: Witnessing) {
    this.#engine = engine
    this.#witnessing = witnessing
  }

  get #witness(): Witness {
    return this.#witnessing.witness
  }

  get vkey(): string {
    return this.#witness.vkey
  }

  get origin(): string {
    return this.#witness.origin
  }

  get size(): number {
    return this.#witness.size
  }

  /** For the status of the fabric. */
  get summary(): WitnessStatus {
    const cosigning = this.cosigners()
    return { vkey: this.vkey, size: this.size, signed: this.#witness.last.size, ...(cosigning && { cosigning }) }
  }

  checkpoint(): Promise<SignedCheckpoint> {
    return this.#witness.checkpoint()
  }

  published(): Promise<SignedCheckpoint> {
    return this.#witnessing.published()
  }

  cosigners(): CosigningStatus | undefined {
    return this.#witnessing.cosigning?.status
  }

  /** Against the cosigned checkpoint where that covers the entry: such a proof is worth more. */
  async prove(index: number): Promise<string> {
    const quorate = this.#witnessing.cosigning?.quorate
    const covered = quorate !== undefined && index < quorate.size
    return this.#witness.prove(index, covered ? quorate : await this.#witness.checkpoint())
  }

  entry(index: number): Promise<Uint8Array> {
    return this.#witness.entry(index)
  }

  tile(level: number, index: number, width: number): Promise<Buffer> {
    return this.#witness.tile(level, index, width)
  }

  bundle(index: number, width: number): Promise<Buffer> {
    return this.#witness.bundle(index, width)
  }

  query(filter: EntryFilter, page: { readonly from: number; readonly limit: number }): Promise<QueryPage> {
    return this.#witness.query(filter, page)
  }

  rotateKey(origin: Origin): Promise<KeyRotated> {
    const rotated = this.#rotations.then(() => this.#rotate(origin))
    this.#rotations = rotated.catch(() => undefined)
    return rotated
  }

  /** Where the entry fails, its key stays stored: a start whose log has the entry after all will want it. */
  async #rotate(origin: Origin): Promise<KeyRotated> {
    const rotation = await this.#witness.prepareRotation()
    await this.#engine.note(({ head }) => {
      if (head.witnessKey !== rotation.previous) throw keyIsAnother()
      return [{ type: 'key_rotated', subject: this.origin, data: rotation }]
    }, origin)
    await this.#witness.rotated(rotation.vkey)
    return rotation
  }
}

function keyIsAnother(): FabricError {
  return new FabricError('CONFLICT', 'The log names another key than the one that signs. Restart the fabric.')
}

export function noWitness(): FabricError {
  return new FabricError('UNAVAILABLE', 'This fabric keeps no witness, so its log cannot be proved.')
}
