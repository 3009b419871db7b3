import type { BoardProblem, BoardProblemCode, SourceLocation } from '../model/board.js'
import { LIMITS } from '../model/limits.js'

/** Collects what is wrong in the files of a board, up to a bound: a broken file must not flood its reader. */
export class Problems {
  readonly #problems: BoardProblem[] = []
  #dropped = 0
  #firstDropped: BoardProblem | undefined

  error(code: BoardProblemCode, at: SourceLocation, message: string): void {
    this.#add({ severity: 'error', code, message, file: at.file, line: at.line })
  }

  warn(code: BoardProblemCode, at: SourceLocation, message: string): void {
    this.#add({ severity: 'warning', code, message, file: at.file, line: at.line })
  }

  hasError(file: string): boolean {
    return this.#problems.some((problem) => problem.file === file && problem.severity === 'error')
  }

  /** Sorted by file, in the order given, then by line. */
  list(files: readonly string[]): BoardProblem[] {
    const order = new Map(files.map((file, index) => [file, index]))
    const position = (problem: BoardProblem) => order.get(problem.file) ?? files.length
    const sorted = this.#problems.toSorted((a, b) => position(a) - position(b) || a.line - b.line)
    if (this.#firstDropped === undefined) return sorted
    const message = `There are ${this.#dropped} more problems. Mend those above and check again.`
    return [...sorted, { ...this.#firstDropped, severity: 'error', code: 'too_large', message }]
  }

  #add(problem: BoardProblem): void {
    if (this.#problems.length < LIMITS.boardProblems) {
      this.#problems.push(problem)
      return
    }
    this.#dropped += 1
    this.#firstDropped ??= problem
  }
}
