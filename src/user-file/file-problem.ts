import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'

export type Path = readonly (string | number)[]

/** What is wrong, or odd, in a file that a user wrote. It never repeats a value: that could be a secret. */
export interface FileProblem {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly severity: 'error' | 'warning'
  /** Such as `budgets.boards.sprint-1.total`; empty for the file as a whole. */
  readonly field: string
  /** What is wrong with the field, and what to do. */
  readonly problem: string
  /** Both in one sentence. */
  readonly message: string
}

export function fileProblem(
  { file, line, severity }: Pick<FileProblem, 'file' | 'line' | 'severity'>,
  path: Path,
  problem: string,
): FileProblem {
  const field = fieldName(path)
  const isWhole = field === '' && !/^[a-z]/.test(problem)
  return { file, line, severity, field, problem, message: isWhole ? problem : `${field || 'The file'} ${problem}` }
}

/** INVALID_ARGUMENT for a file with at least one problem, its details with all of them up to a bound. */
export function refuseFile(file: string, problems: readonly FileProblem[]): FabricError {
  const shown = [...problems].sort((a, b) => a.line - b.line).slice(0, LIMITS.configProblems)
  const [first] = shown
  const others = problems.length - 1
  const more = others > 0 ? ` There ${others === 1 ? 'is 1 more problem' : `are ${others} more problems`} in it.` : ''
  return new FabricError('INVALID_ARGUMENT', `${file}:${first?.line ?? 1}: ${first?.message ?? 'is broken.'}${more}`, {
    file,
    problems: shown,
  })
}

const KEY_CHARS = 80

/** A key as it appears in a message. */
export function keyName(key: string): string {
  const shown = key.length > KEY_CHARS ? `${key.slice(0, KEY_CHARS)}…` : key
  return /^[\w.:*/@-]+…?$/.test(shown) ? shown : JSON.stringify(shown.replace(/[^ -~]/gu, '?'))
}

function fieldName(path: Path): string {
  const parts = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${keyName(part)}`))
  return parts.join('').replace(/^\./, '')
}
