import type * as z from 'zod'
import { fileProblem, type Path, refuseFile } from './file-problem.js'
import { issuesOf } from './issues.js'
import { jsonSchemaOf, keysAt } from './json-schema.js'
import { readYamlTree, type YamlTree } from './yaml-tree.js'

/** A file that fits its schema. */
export interface UserFile<Value> {
  readonly value: Value
  readonly lineOf: (path: Path) => number
}

export interface UserFileOptions<Schema extends z.ZodType> {
  /** As messages call it. */
  readonly file: string
  readonly source: string
  readonly maxBytes: number
  /** Chosen by what the file holds. */
  readonly schemaFor: (value: unknown) => Schema
}

/** Reads a YAML file by its schema. Throws INVALID_ARGUMENT with every problem, each with its line and field. */
export function readUserFile<Schema extends z.ZodType>(options: UserFileOptions<Schema>): UserFile<z.output<Schema>> {
  const { file, source, maxBytes, schemaFor } = options
  const tree = readYamlTree(file, source, maxBytes)
  const schema = schemaFor(tree.value)
  const result = schema.safeParse(tree.value)
  if (result.success && tree.problems.length === 0) return { value: result.data, lineOf: tree.lineOf }
  const problems = result.success ? [] : problemsOf(result.error, file, tree, schema)
  throw refuseFile(file, [...tree.problems, ...problems])
}

/** What the schema says of fields that were read; of the others everything is said already. */
function problemsOf(error: z.ZodError, file: string, { value, lineOf, problems }: YamlTree, schema: z.ZodType) {
  const json = jsonSchemaOf(schema)
  const told = new Set(problems.map(({ field }) => field))
  return issuesOf(error, value, (path) => keysAt(json, path))
    .map(({ path, problem }) => fileProblem({ file, line: lineOf(path), severity: 'error' }, path, problem))
    .filter(({ field }) => !told.has(field))
}
