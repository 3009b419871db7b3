import { expect } from 'vitest'
import { readConfig } from '../../../src/governor/policy/config.js'
import { FabricError } from '../../../src/model/errors.js'
import type { FileProblem } from '../../../src/user-file/file-problem.js'

export const FILE = 'infrafabric.yaml'

/** The error that reading something must end in. */
export function refusalOf(read: () => unknown): FabricError {
  try {
    read()
  } catch (error) {
    if (error instanceof FabricError) return error
    throw error
  }
  return expect.fail('It was read.')
}

export function problemsOf(read: () => unknown): readonly FileProblem[] {
  const error = refusalOf(read)
  expect(error.code).toBe('INVALID_ARGUMENT')
  return error.details.problems as readonly FileProblem[]
}

/** `line field` of every problem of a configuration, in the order they are told. */
export function places(source: string): string[] {
  return problemsOf(() => readConfig(FILE, source)).map(({ line, field }) => `${line} ${field}`)
}
