import type { FabricState } from '../../coordinator/state.js'
import type { Fabric } from '../../fabric/fabric.js'
import type { WorkHints } from './work-hints.js'

/** Somebody whose inbox is read out. */
export interface Recipient {
  /** The inbox may have grown. */
  onMail(state: FabricState): void
}

/** Knows who listens for which inbox, so that a commit touches those whose inboxes it grew and nobody else. */
export class Mailroom {
  readonly #fabric: Fabric
  readonly #hints: WorkHints
  readonly #recipients = new Map<string, Set<Recipient>>()
  #stop: (() => void) | undefined

  constructor(fabric: Fabric, hints: WorkHints) {
    this.#fabric = fabric
    this.#hints = hints
  }

  /** Returns what ends it. */
  listen(reader: string, recipient: Recipient): () => void {
    const others = this.#recipients.get(reader)
    if (others === undefined) this.#recipients.set(reader, new Set([recipient]))
    else others.add(recipient)
    this.#stop ??= this.#fabric.watch((state, rebuilt) => this.#onChange(state, rebuilt))
    return () => {
      const present = this.#recipients.get(reader)
      present?.delete(recipient)
      if (present?.size === 0) this.#recipients.delete(reader)
      if (this.#recipients.size > 0) return
      this.#stop?.()
      this.#stop = undefined
    }
  }

  #onChange(state: FabricState, rebuilt: boolean): void {
    const readers = rebuilt ? this.#recipients.keys() : state.news.mail
    for (const reader of readers) {
      for (const recipient of this.#recipients.get(reader) ?? []) recipient.onMail(state)
    }
    this.#hints.onChange(state, rebuilt)
  }
}
