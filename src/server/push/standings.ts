import type { Fabric, PublishedEntry } from '../../fabric/fabric.js'
import { swarmActor } from '../../model/entry.js'
import type { FabricError } from '../../model/errors.js'
import { actorOf, type Principal, type Role } from '../../model/principal.js'
import { tokenEnded } from '../../model/token.js'
import type { Pulse } from './pulse.js'

/** Entries with which somebody may lose their token. */
const ENDINGS = { types: new Set(['token_revoked', 'swarm_retired']) }

interface Holder {
  readonly principal: Principal
  readonly end: (reason: FabricError) => void
}

/** Ends connections whose caller may no longer be there: at once when a token is revoked, soon when its time is over. */
export class Standings {
  readonly #fabric: Fabric
  readonly #pulse: Pulse
  /** Those with a token that can end, by actor. */
  readonly #holders = new Map<string, Set<Holder>>()
  #following: AbortController | undefined

  constructor(fabric: Fabric, pulse: Pulse) {
    this.#fabric = fabric
    this.#pulse = pulse
  }

  /** Calls `end` once the token of this caller is over or revoked. Returns what ends that. */
  watch(principal: Principal, end: (reason: FabricError) => void): () => void {
    if (principal.token === undefined) return () => undefined
    const { actor } = principal
    const holder = { principal, end }
    const others = this.#holders.get(actor)
    if (others === undefined) this.#holders.set(actor, new Set([holder]))
    else others.add(holder)
    this.#follow()
    const stopBeating = this.#pulse.add(() => this.#check(holder))
    // It may have ended since the caller was let in.
    this.#check(holder)
    return () => {
      stopBeating()
      const present = this.#holders.get(actor)
      present?.delete(holder)
      if (present?.size === 0) this.#holders.delete(actor)
      if (this.#holders.size > 0) return
      this.#following?.abort()
      this.#following = undefined
    }
  }

  #follow(): void {
    if (this.#following !== undefined) return
    const following = new AbortController()
    this.#following = following
    // When the log ends, so does every connection.
    this.#checkEndings(this.#fabric.follow(following.signal, undefined, ENDINGS)).catch(() => undefined)
  }

  async #checkEndings(endings: AsyncIterable<readonly PublishedEntry[]>): Promise<void> {
    for await (const batch of endings) {
      for (const entry of batch)
        for (const holder of [...(this.#holders.get(loserOf(entry)) ?? [])]) this.#check(holder)
    }
  }

  #check({ principal, end }: Holder): void {
    if (!this.#fabric.stillKnows(principal)) end(tokenEnded())
  }
}

/** The actor that lost something by an entry. */
function loserOf({ type, subject, data }: PublishedEntry): string {
  if (type === 'swarm_retired') return swarmActor(subject)
  const { role, name } = data as { readonly role: Role; readonly name: string }
  return actorOf(role, name)
}
