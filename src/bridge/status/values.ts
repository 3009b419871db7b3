/** Keys under which the items of a list of maps say what they are about, best first. */
const ITEM_KEYS = [
  'task',
  'task_id',
  'id',
  'blocked_on',
  'waiting_for',
  'description',
  'reason',
  'text',
  'name',
  'commit',
  'sha',
]

/** The texts of a value as YAML gives it: of a list those of its items, of a map that of the key which says most. */
export function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)]
  if (Array.isArray(value)) return value.flatMap((item) => (Array.isArray(item) ? [] : textsOf(item)))
  if (typeof value !== 'object' || value === null) return []
  const map = value as Readonly<Record<string, unknown>>
  const text = ITEM_KEYS.map((key) => map[key]).find((item) => typeof item === 'string' || typeof item === 'number')
  return text === undefined ? [] : [String(text)]
}

/** The whole number that a value begins with: `3`, `"3"`, `3/5`. */
export function firstNumber(value: unknown): number | undefined {
  const [digits] = /^\d{1,9}(?![\d.])/.exec(textsOf(value)[0] ?? '') ?? []
  return digits === undefined ? undefined : Number(digits)
}
