/**
 * `ok` is said of what was checked and holds, `failed` of what was checked and does not. What could not be checked is
 * `unchecked`, never `ok`; what nobody asked for is `not_asked`.
 */
export type VerdictStatus = 'ok' | 'failed' | 'unchecked' | 'not_asked'

/** What one part of a verification found. */
export interface Verdict<Code extends string = string> {
  readonly status: VerdictStatus
  /** Stable name of the finding. */
  readonly code: Code
  readonly message: string
  /** Facts behind it, plain JSON. */
  readonly details: Readonly<Record<string, unknown>>
}

type Details = Verdict['details']

export function ok<Code extends string>(code: Code, message: string, details: Details = {}): Verdict<Code> {
  return { status: 'ok', code, message, details }
}

export function failed<Code extends string>(code: Code, message: string, details: Details = {}): Verdict<Code> {
  return { status: 'failed', code, message, details }
}

export function unchecked<Code extends string>(code: Code, message: string, details: Details = {}): Verdict<Code> {
  return { status: 'unchecked', code, message, details }
}

export function notAsked(message: string): Verdict<'not_asked'> {
  return { status: 'not_asked', code: 'not_asked', message, details: {} }
}

/** The first that failed, else the first that is unchecked, else the first that is ok. */
export function worstOf<Code extends string>(verdicts: readonly Verdict<Code>[]): Verdict<Code> | undefined {
  for (const status of ['failed', 'unchecked', 'ok'] as const) {
    const found = verdicts.find((verdict) => verdict.status === status)
    if (found !== undefined) return found
  }
  return undefined
}
