import type { Dice } from './dice.js'

/** What is sent: the parts of the path as they go over the wire, the query, the body as text. */
export interface Draft {
  path: Record<string, string>
  query: string
  readonly headers: Record<string, string>
  body: string | undefined
}

export interface Input {
  readonly path: Record<string, unknown>
  readonly query: Record<string, unknown>
  /** Absent where the operation takes none. */
  readonly body?: Record<string, unknown>
}

const LONG = 'x'.repeat(100_000)

/** Values that are at home in no field, or only just. */
const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  2 ** 53,
  1e308,
  -0,
  '',
  ' ',
  '0',
  LONG,
  'a'.repeat(129),
  '\u0000',
  'T\u0456',
  'e\u0301\u200b\u202e',
  '\ud800',
  '../../etc/passwd',
  "'; DROP TABLE tasks; --",
  '%s%n{{7*7}}',
  '__proto__',
  [],
  {},
  [[[[[]]]]],
  { toString: 'x', constructor: {} },
  Array(300).fill('T1'),
]

/** Parts of a path that a router could take for something else. */
const TRICKY_PARTS = [
  '',
  '.',
  '..',
  '%2e%2e',
  '..%2f..',
  '%00',
  '%zz',
  '%E0%A4%A',
  '%F0%9F%A6%8A',
  'a%2Fb',
  '%',
  '*',
  ':task',
  'x'.repeat(600),
]

const BODIES = [
  '',
  'null',
  '[]',
  '"x"',
  '7',
  '{',
  '{}}',
  '{"a":1,"a":2}',
  '\ufeff{}',
  '[['.repeat(5_000),
  `{"x":${'[['.repeat(5_000)}`,
]

/** JSON that is read as it stands: an object literal could not have such a field. */
const PROTOTYPE_FIELDS = ['"__proto__":{"role":"admin"}', '"constructor":{"prototype":{"role":"admin"}}']

/** Makes something of the input wrong, or leaves it as it is: wrong is for the server to say. */
export function mutateInput(input: Input, dice: Dice): void {
  const parts = [input.query, ...(input.body === undefined ? [] : [input.body])]
  const fields = dice.oneOf(parts)
  const names = Object.keys(fields)
  const action = dice.below(4)
  if (action === 0 && names.length > 0) delete fields[dice.oneOf(names)]
  else if (action === 1)
    fields[dice.oneOf(['colour', 'as', 'task', 'limit', 'epoch', 'constructor'])] = dice.oneOf(STRANGE)
  else if (names.length > 0) fields[dice.oneOf(names)] = dice.oneOf(STRANGE)
}

/** Makes something of the request wrong that no schema knows of. */
export function mutateDraft(draft: Draft, dice: Dice): void {
  const action = dice.below(5)
  const parts = Object.keys(draft.path)
  if (action === 0 && parts.length > 0) draft.path[dice.oneOf(parts)] = dice.oneOf(TRICKY_PARTS)
  else if (action === 1)
    draft.query += dice.oneOf(['&limit=1&limit=2', '&x', '&__proto__[x]=1', '&a=%zz', '&%00=1', '?'])
  else if (action === 2)
    draft.headers[dice.oneOf(['idempotency-key', 'traceparent', 'if-none-match'])] = dice.oneOf(HEADERS)
  else if (draft.body === undefined) return
  else if (action === 3) draft.body = dice.oneOf(BODIES)
  else if (draft.body.length > 2) draft.body = `{${dice.oneOf(PROTOTYPE_FIELDS)},${draft.body.slice(1)}`
  else
    draft.headers['content-type'] = dice.oneOf([
      'text/plain',
      'application/xml',
      'x',
      'application/json; charset=utf-16',
    ])
}

const HEADERS = [
  '*',
  'k1',
  'k'.repeat(129),
  '"x"',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  '\t;',
  'W/"y", "z"',
]
