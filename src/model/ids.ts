import { FabricError } from './errors.js'

/** Shape of every id of a task, swarm, board or blocker. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/

export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID_PATTERN.test(value)
}

/** Returns `value` when it is a well-formed id. Throws INVALID_ARGUMENT otherwise. */
export function requireId(value: unknown, name: string): string {
  if (isId(value)) return value
  throw new FabricError(
    'INVALID_ARGUMENT',
    `${name} is not a valid id: use 1 to 128 letters, digits, '.', '_', ':' or '-', starting with a letter or digit.`,
    { field: name, pattern: ID_PATTERN.source },
  )
}

/** Total order of ids that is the same on every machine (no locale). */
export function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Source of unique ids for batches and requests; injected so that tests are deterministic. */
export interface IdSource {
  next(): string
}
