import { PostingCheck, type PostingCode } from './posting-check.js'
import { QueryCheck, type QueryCode } from './query-check.js'
import type { QueryResult } from './query-result.js'
import type { PostingFiles } from './source.js'
import { notAsked, unchecked, type Verdict, worstOf } from './verdict.js'

export type CompletenessCode = QueryCode | PostingCode | 'log_unreadable'

export interface CompletenessQuestion {
  readonly result: QueryResult | undefined
  readonly postings: PostingFiles | undefined
  /** Entries in the log. */
  readonly size: number
}

/** Whether what a query said, and what later ones will be answered from, is all there is. */
export class Completeness {
  readonly #size: number
  readonly #query: QueryCheck | undefined
  readonly #postings: PostingCheck | undefined

  private constructor(size: number, query: QueryCheck | undefined, postings: PostingCheck | undefined) {
    this.#size = size
    this.#query = query
    this.#postings = postings
  }

  static async open({ result, postings, size }: CompletenessQuestion): Promise<Completeness> {
    return new Completeness(size, result && new QueryCheck(result), postings && (await PostingCheck.open(postings)))
  }

  /** Is shown every entry while it goes by. */
  see(index: number, entry: Uint8Array): void {
    this.#query?.see(index, entry)
    this.#postings?.see(index, entry)
  }

  /** `holds`: the entries that went by are those of the checkpoint. */
  async judge(holds: boolean): Promise<Verdict<CompletenessCode>> {
    if (!holds) return this.#query === undefined ? nothingAsked() : entriesUnknown()
    const query = this.#query?.judge(this.#size)
    const postings = await this.#postings?.judge()
    const verdict = worstOf<CompletenessCode>([query, postings].filter((one) => one !== undefined))
    if (verdict === undefined) return nothingAsked()
    return { ...verdict, details: { ...postings?.details, ...query?.details, ...verdict.details } }
  }
}

export function nothingAsked(): Verdict<'not_asked'> {
  return notAsked('No result of a query was given to be checked.')
}

export function entriesUnknown(): Verdict<'log_unreadable'> {
  return unchecked('log_unreadable', 'The entries are not those of the checkpoint.')
}
