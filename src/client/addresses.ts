/** Header with which an answer tells how far the log was, and a request asks for a state that is no older. */
export const POSITION_HEADER = 'ifab-position'

/**
 * Where the nodes of a fabric are reached, and how far the log was in the newest answer of any of them. The node that answered
 * is asked again; the next one has its turn when it cannot.
 */
export class Addresses {
  readonly #all: readonly string[]
  #at = 0
  #position = -1

  /** `url` as `baseUrl` gives it. */
  constructor(url: string) {
    this.#all = url.split(',')
  }

  get current(): string {
    return this.#all[this.#at] ?? ''
  }

  get count(): number {
    return this.#all.length
  }

  /** What a request carries. */
  get headers(): Readonly<Record<string, string>> {
    return this.#position < 0 ? {} : { [POSITION_HEADER]: String(this.#position) }
  }

  /** The node at `url` could not answer. Whoever finds that out later than others changes nothing. */
  failed(url: string): void {
    if (url === this.current) this.#at = (this.#at + 1) % this.#all.length
  }

  /** An answer told its position; a fabric of one process tells none. */
  seen(position: string | null | undefined): void {
    if (position !== null && position !== undefined) this.#position = Math.max(this.#position, Number(position))
  }
}
