import type * as z from 'zod'
import { FabricError } from '../model/errors.js'

const REPORTED_PROBLEMS = 10
const REPORTED_CHARS = 128

/** The input with its defaults. Throws INVALID_ARGUMENT that names each field that is wrong. */
export function parseInput<Input extends z.ZodType>(schema: Input, raw: unknown): z.output<Input> {
  const result = schema.safeParse(raw)
  if (result.success) return result.data
  const problems = result.error.issues.slice(0, REPORTED_PROBLEMS).flatMap(describeIssue)
  const message = problems.map(({ field, problem }) => `${field}: ${problem}`).join('; ')
  throw new FabricError('INVALID_ARGUMENT', `${message}.`, { field: problems[0]?.field ?? '', problems })
}

interface FieldProblem {
  readonly field: string
  readonly problem: string
}

function describeIssue(issue: z.core.$ZodIssue): FieldProblem[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, REPORTED_PROBLEMS)
      .map((key) => ({ field: fieldName([...path, key]), problem: 'no such field; check its spelling' }))
  }
  if (issue.code === 'invalid_key') {
    return [{ field: fieldName(path), problem: issue.issues[0]?.message ?? issue.message }]
  }
  return [{ field: fieldName(path), problem: issue.message }]
}

/** Keys come from the caller, so what is repeated of them is bounded. */
function fieldName(path: readonly string[]): string {
  const name = path.join('.')
  if (name === '') return 'input'
  return name.length > REPORTED_CHARS ? `${name.slice(0, REPORTED_CHARS)}...` : name
}
