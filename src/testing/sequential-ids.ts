import type { IdSource } from '../model/ids.js'

/** Ids `<prefix>-1`, `<prefix>-2`, ... */
export class SequentialIds implements IdSource {
  #last = 0
  readonly #prefix: string

  constructor(prefix = 'id') {
    this.#prefix = prefix
  }

  next(): string {
    this.#last += 1
    return `${this.#prefix}-${this.#last}`
  }
}
