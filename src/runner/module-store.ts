import { admitInChild } from '../chassis/admission/admit-in-child.js'
import { limitsOf } from '../chassis/contract/meter-limits.js'
import type { ModuleRow } from '../chassis/contract/module-row.js'
import type { LoadedModule } from '../chassis/sandbox/run.js'
import type { Fabric } from '../fabric/fabric.js'
import { LIMITS } from '../model/limits.js'

/** Modules that are ready to run. What was admitted lately is kept, since to admit one takes longer than most runs. */
export class ModuleStore {
  readonly #fabric: Pick<Fabric, 'getBlob' | 'read'>
  /** In the order of their last use. */
  readonly #ready = new Map<string, Promise<LoadedModule>>()

  constructor(fabric: Pick<Fabric, 'getBlob' | 'read'>) {
    this.#fabric = fabric
  }

  /** Throws NOT_FOUND or DATA_CORRUPT where its bytes are gone, MODULE_REFUSED where this version does not take it. */
  get(row: ModuleRow): Promise<LoadedModule> {
    const { module, profile, limits } = row.contract
    const key = JSON.stringify([module.sha256, profile, limits])
    const ready = this.#ready.get(key) ?? this.#admit(row)
    this.#ready.delete(key)
    this.#ready.set(key, ready)
    // What failed is tried again the next time: its bytes may have come back.
    ready.catch(() => this.#ready.get(key) === ready && this.#ready.delete(key))
    for (const oldest of this.#ready.keys()) {
      if (this.#ready.size <= LIMITS.readyModules) break
      this.#ready.delete(oldest)
    }
    return ready
  }

  async #admit({ contract: { module, profile, limits } }: ModuleRow): Promise<LoadedModule> {
    const bytes = await this.#fabric.getBlob(module.sha256)
    const minimumJail = await this.#fabric.read(({ governor }) => governor.policy.chassis?.minimumJail)
    const { digest, metered } = await admitInChild(bytes, {
      profile,
      limits: limitsOf(limits),
      ...(minimumJail !== undefined && { minimumJail }),
    })
    // What a task keeps of an output is a blob.
    const outputBytes = Math.min(limits.outputBytes, LIMITS.blobBytes)
    return { digest, metered, profile, limits: { ...limits, outputBytes } }
  }
}
