import type { Schema } from './types.js'

/** Example answers, made from their schemas and from what the example requests say. */

const TIME = '2026-01-31T08:30:00.000Z'
const DIGEST = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const VKEY = 'infrafabric/main+1f0e2d3c+AZ3mWb2yq6Zs5bV0K1Wk9oHjF3ra7i8pQm2uYc4tLx5n'
const NOTE =
  'infrafabric/main\n120\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n\u2014 infrafabric/main Hw4tPKf...\n'

/** An entry of the log, which no schema describes. */
const ENTRY = {
  specversion: '1.0',
  id: '42',
  source: 'urn:infrafabric:main',
  type: 'infrafabric.coordinator.task_claimed.v1',
  subject: 'P0.1.2',
  time: TIME,
  actor: 'swarm:session-4-sip',
  data: { task: 'P0.1.2', swarm: 'session-4-sip', leaseMs: 90_000 },
}

/** By the name of a field, or by that of its component and its own. Optional fields are shown when they are named here. */
const WORDS: Readonly<Record<string, unknown>> = {
  'Task.state': 'claimed',
  'Task.claim': { swarm: 'session-4-sip', epoch: 42, claimedAt: TIME, leaseMs: 90_000 },
  'Task.progress': [{ percent: 50, note: 'CAS works', testsPassed: 8, at: TIME }],
  'Completion.task.state': 'completed',
  'Blocker.state': 'assigned',
  'Blocker.id': 'blocker-57',
  'Swarm.id': 'session-4-sip',
  'Swarm.state': 'active',
  'Escalation.id': 'escalation-91',
  'Escalation.context': { partner: 'carrier-7' },
  'Status.tasks': { blocked: 3, available: 5, claimed: 2, completed: 31, failed: 0, cancelled: 1 },
  'Budget.id': 'swarm:session-4-sip/total',
  'Policy.policy': { maxSwarmsPerTask: 3 },
  'Journal.state': 'open',
  entries: [ENTRY],
  entry: JSON.stringify(ENTRY),
  answer: 'rfc3261',
  actor: 'swarm:session-4-sip',
  from: 'swarm:session-2-webrtc',
  index: 42,
  epoch: 42,
  size: 120,
  next: 120,
  signed: 120,
  leaseMs: 90_000,
  percent: 50,
  root: 'qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=',
  digest: DIGEST,
  sha256: DIGEST,
  vkey: VKEY,
  previous: VKEY,
  signature: 'Hw4tPKfsQ2u0',
  note: NOTE,
  origin: 'infrafabric/main',
  proof: `c2sp.org/tlog-proof@v1\nindex 42\n...\n\n${NOTE}`,
  name: 'main',
  nextCursor: 'P0.1.2',
  children: [],
  capacity: 1,
  reputation: 0.92,
}

export type Words = ReadonlyMap<string, readonly unknown[]>

/** What the fields of example requests say, by the name of the field. */
export function wordsOf(examples: readonly Readonly<Record<string, unknown>>[]): Words {
  const words = new Map<string, unknown[]>()
  for (const example of examples) {
    for (const [field, value] of Object.entries(example)) words.set(field, [...(words.get(field) ?? []), value])
  }
  return words
}

/** Makes one value for each schema. `components` are what references mean. */
export class Sampler {
  readonly #components: Readonly<Record<string, Schema>>
  readonly #words: Words

  constructor(components: Readonly<Record<string, Schema>>, words: Words) {
    this.#components = components
    this.#words = words
  }

  /** `place` is where in its component the value stands, such as `Task.claim.epoch`. */
  sample(schema: Schema, place = ''): unknown {
    if (Object.hasOwn(WORDS, place)) return WORDS[place]
    if (schema.$ref !== undefined) return this.#referred(schema.$ref)
    if (schema.const !== undefined) return schema.const
    const field = place.slice(place.lastIndexOf('.') + 1)
    const word = [WORDS[field], ...(this.#words.get(field) ?? [])].find((value) => fits(schema, value))
    if (word !== undefined) return word
    if (schema.enum?.[0] !== undefined) return schema.enum[0]
    const choice = schema.anyOf?.[0] ?? schema.oneOf?.[0]
    return choice === undefined ? this.#plain(schema, place) : this.sample(choice as Schema, place)
  }

  #referred(reference: string): unknown {
    const name = reference.slice(reference.lastIndexOf('/') + 1)
    return this.sample(this.#components[name] ?? {}, name)
  }

  #plain(schema: Schema, place: string): unknown {
    switch (schema.type) {
      case 'string':
        return schema.format === 'date-time' ? TIME : place.slice(place.lastIndexOf('.') + 1)
      case 'integer':
      case 'number':
        return Math.max(0, schema.minimum ?? 0)
      case 'boolean':
        return false
      case 'array':
        return isTexts(schema) ? [] : [this.sample(schema.items as Schema, place)]
      default:
        return this.#object(schema, place)
    }
  }

  #object({ properties = {}, required = [] }: Schema, place: string): Record<string, unknown> {
    const shown = Object.entries(properties).filter(
      ([field]) => required.includes(field) || Object.hasOwn(WORDS, `${place}.${field}`),
    )
    return Object.fromEntries(
      shown.map(([field, schema]) => [field, this.sample(schema as Schema, `${place}.${field}`)]),
    )
  }
}

/** Whether a value is of the kind that the schema asks for. */
function fits(schema: Schema, value: unknown): boolean {
  const { type, enum: values, pattern, maximum, maxLength } = schema
  if (values !== undefined) return values.includes(value as string)
  if (typeof value === 'string') {
    return type === 'string' && value.length <= (maxLength ?? Infinity) && new RegExp(pattern ?? '').test(value)
  }
  if (typeof value === 'number') return (type === 'integer' || type === 'number') && value <= (maximum ?? Infinity)
  if (Array.isArray(value)) {
    return type === 'array' && value.every((item) => (typeof item === 'string') === isTexts(schema))
  }
  return typeof value === type
}

function isTexts({ items }: Schema): boolean {
  return typeof items === 'object' && 'type' in items && items.type === 'string'
}
