import { sharedMs } from './clock.mjs'
import { kindOf } from './verify.mjs'

/** Everything the event stream has pushed to this process, with the time of its receipt; and who waits for what. */
export class Ledger {
  /** `{ index, event, kind, receivedAt }`, in order. */
  entries = []
  #listeners = new Set()

  /** Reads the stream until `signal` aborts. It survives the death of the fabric by resuming where it was. */
  async follow(fabric, signal) {
    for await (const { index, event } of fabric.events({ from: 0, signal })) {
      const entry = { index, event, kind: kindOf(event), receivedAt: sharedMs() }
      this.entries.push(entry)
      for (const listener of this.#listeners) listener(entry)
    }
  }

  onEntry(listener) {
    this.#listeners.add(listener)
  }

  /** The first entry from index `from` on that matches, whether it came already or is still to come. */
  until(matches, from = 0) {
    const wanted = (entry) => entry.index >= from && matches(entry)
    const known = this.entries.find(wanted)
    if (known !== undefined) return Promise.resolve(known)
    return new Promise((resolve) => {
      const listener = (entry) => {
        if (!wanted(entry)) return
        this.#listeners.delete(listener)
        resolve(entry)
      }
      this.#listeners.add(listener)
    })
  }

  /** What the board says about each task. */
  specs() {
    const created = this.entries.filter(({ kind }) => kind === 'task_created')
    return new Map(created.map(({ event }) => [event.subject, event.data]))
  }
}
