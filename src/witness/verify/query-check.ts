import { isDeepStrictEqual } from 'node:util'
import { isFabricError } from '../../model/errors.js'
import { matcherOf } from '../query/filter.js'
import { type QueryResult, questionText } from './query-result.js'
import { failed, ok, unchecked, type Verdict } from './verdict.js'

export type QueryCode =
  | 'complete'
  | 'entries_missing'
  | 'entries_foreign'
  | 'entries_changed'
  | 'entries_unreadable'
  | 'beyond_checkpoint'
  | 'result_older'

/** Examples that a verdict names; the number of all is beside them. */
const EXAMPLES = 10

/** Finds out again what a query should have said, from the entries themselves. */
export class QueryCheck {
  readonly #result: QueryResult
  readonly #matches: (index: number, bytes: Uint8Array) => boolean
  /** What the query gave and the log has not confirmed yet. */
  readonly #open: Map<number, unknown>
  readonly #missing = new Found()
  readonly #changed = new Found()
  readonly #twice = new Found()
  #unreadable: number | undefined
  #matching = 0

  constructor(result: QueryResult) {
    this.#result = result
    this.#matches = matcherOf(result.filter)
    this.#open = new Map(result.entries)
    const seen = new Set<number>()
    for (const [index] of result.entries) {
      if (seen.has(index)) this.#twice.add(index)
      seen.add(index)
    }
  }

  see(index: number, entry: Uint8Array): void {
    const { from, size } = this.#result
    if (index < from || index >= size || !this.#isMatch(index, entry)) return
    this.#matching += 1
    const given = this.#open.get(index)
    if (given === undefined) this.#missing.add(index)
    else if (!isDeepStrictEqual(given, JSON.parse(Buffer.from(entry).toString()))) this.#changed.add(index)
    this.#open.delete(index)
  }

  /** `size`: entries of the log that were seen. */
  judge(size: number): Verdict<QueryCode> {
    const { filter, from, size: asked, entries } = this.#result
    const facts = { filter, from, size: asked, matching: this.#matching, given: entries.length }
    const query = `The query (${questionText(this.#result)})`
    if (this.#unreadable !== undefined) {
      const message = `${query} cannot be done again: entry ${this.#unreadable} is not an event of InfraFabric.`
      return unchecked('entries_unreadable', message, { ...facts, index: this.#unreadable })
    }
    for (const [code, found, what] of [
      ['entries_missing', this.#missing, 'left out entries that match'],
      ['entries_foreign', this.#foreign(size), 'gave entries that do not match, or one twice'],
      ['entries_changed', this.#changed, 'gave entries that are not as the log has them'],
    ] as const) {
      if (found.count === 0) continue
      return failed(code, `${query} ${what}: ${found}.`, { ...facts, count: found.count, indexes: found.examples })
    }
    if (asked > size) {
      const message = `${query} saw more than the ${size} entries of the checkpoint: verify with a newer one.`
      return unchecked('beyond_checkpoint', message, facts)
    }
    if (asked < size) {
      const message = `${query} saw ${asked} of the ${size} entries of the checkpoint, of which it gave all ${this.#matching} that match: ask again for what came after.`
      return unchecked('result_older', message, facts)
    }
    return ok('complete', `${query} gave all ${this.#matching} entries that match and no others.`, facts)
  }

  /** What is left when all entries have been seen; of those behind the log nothing can be said. */
  #foreign(size: number): Found {
    const foreign = new Found(this.#twice)
    for (const index of this.#open.keys()) if (index < size || index >= this.#result.size) foreign.add(index)
    return foreign
  }

  #isMatch(index: number, entry: Uint8Array): boolean {
    try {
      return this.#matches(index, entry)
    } catch (error) {
      if (!isFabricError(error, 'DATA_CORRUPT')) throw error
      this.#unreadable ??= index
      return false
    }
  }
}

/** Indexes of entries, the first few of them by name. */
class Found {
  readonly examples: number[]
  count: number

  constructor(others?: Found) {
    this.examples = [...(others?.examples ?? [])]
    this.count = others?.count ?? 0
  }

  add(index: number): void {
    this.count += 1
    if (this.examples.length < EXAMPLES) this.examples.push(index)
  }

  toString(): string {
    const more = this.count - this.examples.length
    return `${this.examples.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  }
}
