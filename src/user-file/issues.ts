import type * as z from 'zod'
import { keyName, type Path } from './file-problem.js'
import { nearest } from './nearest.js'

export interface Issue {
  readonly path: Path
  /** What is wrong there, and what to do. */
  readonly problem: string
}

/** What a map at a path may have as keys. */
export type KeysAt = (path: Path) => readonly string[]

/** What a schema found in `value`, one row for each field, in words for whoever wrote the file. */
export function issuesOf({ issues }: z.ZodError, value: unknown, keysAt: KeysAt): Issue[] {
  const rows = (issue: z.core.$ZodIssue, around: Path): Issue[] => {
    const path = [...around, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))]
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...path, key], problem: unknownKey(key, keysAt(path)) }))
    }
    const inside = issue.code === 'invalid_union' ? issue.errors.find(looksInside) : undefined
    if (inside !== undefined) return inside.flatMap((nested) => rows(nested, path))
    return [{ path, problem: missing(issue, valueAt(value, path)) ?? sentence(issue) }]
  }
  return issues.flatMap((issue) => rows(issue, []))
}

/** Only the map among the forms of a value looks into it, and says more than that no form fits. */
function looksInside(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.some(({ path, code }) => path.length > 0 || code === UNKNOWN)
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, part) => (inner as Record<string, unknown> | undefined)?.[part], value)
}

function missing({ code }: z.core.$ZodIssue, value: unknown): string | undefined {
  if (value === null) return 'is empty. Write a value, or remove the key.'
  return value === undefined && code !== 'custom' ? 'is missing. Add it.' : undefined
}

const UNKNOWN = 'unrecognized_keys'

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  const advice =
    meant === undefined ? `Remove it, or use one of: ${known.join(', ')}.` : `Did you mean ${keyName(meant)}?`
  return `is no key that is known here. ${advice}`
}

function sentence(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.startsWith('Invalid input') ? (TYPES[issue.expected] ?? issue.message) : issue.message
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `is too small. The least is ${issue.minimum}.`
        : `is too short. It needs at least ${issue.minimum}.`
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `is too large. The most is ${issue.maximum}.`
        : `is too long. At most ${issue.maximum} ${issue.origin === 'string' ? 'characters' : 'items'} are allowed.`
    case 'invalid_value':
      return `is none of these: ${issue.values.map(String).join(', ')}. Use one of them.`
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message
    default:
      return issue.message
  }
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'is no map. Write its keys below it, indented.',
  record: 'is no map. Write its keys below it, indented.',
  array: 'is no list. Write one item a line, each after a dash.',
  string: 'is no text. Put it in quotes.',
  boolean: 'is neither true nor false.',
  number: 'is no whole number in digits.',
  int: 'is no whole number in digits.',
}
