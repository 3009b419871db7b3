import type { CredentialHolder } from '../chassis/credential/credential.js'
import type { EgressUse } from '../chassis/egress/egress.js'
import type { Fabric } from '../fabric/fabric.js'
import { FABRIC_ACTOR } from '../model/entry.js'

const ORIGIN = { actor: FABRIC_ACTOR }
/** Kinds of refusals that one run is told apart; further ones are counted together. */
const KINDS = 64

interface Refused {
  readonly use: EgressUse
  /** Refusals that are not written yet. */
  count: number
}

/**
 * Writes down what the module of one claim sends and is refused. Each request that was sent is an entry; the same refusal
 * is one when it comes first, and one for all others when the run is over.
 */
export class CredentialUses {
  readonly #fabric: Pick<Fabric, 'submit'>
  readonly #holder: CredentialHolder
  readonly #refused = new Map<string, Refused>()
  #written: Promise<unknown> = Promise.resolve()

  constructor(fabric: Pick<Fabric, 'submit'>, holder: CredentialHolder) {
    this.#fabric = fabric
    this.#holder = holder
  }

  note(use: EgressUse): void {
    if (use.outcome === 'refused') {
      this.#noteRefusal(use)
      return
    }
    const { credential: id, host, port, method, status, reason } = use
    if (id === undefined) return
    const outcome = use.outcome === 'allowed' ? 'answered' : 'failed'
    this.#write(() =>
      this.#fabric.submit(
        {
          ...{ type: 'record_credential_use', id, ...this.#claim, host, port, method, outcome },
          ...(status !== undefined && { status }),
          ...(reason !== undefined && { reason: reason.toLowerCase() }),
        },
        ORIGIN,
      ),
    )
  }

  /** Resolves when everything is written. Rejects with the first failure. */
  async end(): Promise<void> {
    for (const { use, count } of this.#refused.values()) if (count > 0) this.#writeRefusal(use, count)
    this.#refused.clear()
    await this.#written
  }

  #noteRefusal(use: EgressUse): void {
    const { credential, host, port, method, reason } = use
    const own = JSON.stringify([credential, host, port, method, reason])
    const key = this.#refused.size < KINDS || this.#refused.has(own) ? own : ''
    const known = this.#refused.get(key)
    if (known !== undefined) known.count += 1
    else if (key === '') this.#refused.set(key, { use: { ...use, host: 'several' }, count: 1 })
    else {
      this.#refused.set(key, { use, count: 0 })
      this.#writeRefusal(use, 1)
    }
  }

  #writeRefusal({ credential, host, port, method, reason = 'NOT_ALLOWED' }: EgressUse, count: number): void {
    const id = credential === undefined ? {} : { id: credential }
    this.#write(() =>
      this.#fabric.submit(
        {
          type: 'record_credential_refusal',
          ...id,
          ...this.#claim,
          ...{ host, port, method, reason: reason.toLowerCase(), count },
        },
        ORIGIN,
      ),
    )
  }

  get #claim(): CredentialHolder {
    const { swarm, task, epoch } = this.#holder
    return { swarm, task, epoch }
  }

  #write(submit: () => Promise<unknown>): void {
    // One after the other, so that the log has them in their order. A failure is the end's to tell.
    this.#written = this.#written.then(submit)
    this.#written.catch(() => undefined)
  }
}
