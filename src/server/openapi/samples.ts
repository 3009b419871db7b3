import type { Schema } from './types.js'
import { SHOWN, TIME, WORDS, WORDS_OF } from './words.js'

/** Example answers, made from their schemas and from what the example requests say. */

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
  readonly #examples: Words
  readonly #words: Readonly<Record<string, unknown>>

  /** `examples` say what the words of the `operation` do not. */
  constructor(components: Readonly<Record<string, Schema>>, examples: Words, operation = '') {
    this.#components = components
    this.#examples = examples
    this.#words = { ...WORDS, ...WORDS_OF[operation] }
  }

  /** `place` is where in its component the value stands, such as `Task.claim.epoch`. */
  sample(schema: Schema, place = ''): unknown {
    if (Object.hasOwn(this.#words, place) && this.#words[place] !== SHOWN) return this.#words[place]
    if (schema.$ref !== undefined) return this.#referred(schema.$ref)
    if (schema.const !== undefined) return schema.const
    const field = place.slice(place.lastIndexOf('.') + 1)
    const word = [this.#words[field], ...(this.#examples.get(field) ?? [])].find((value) => fits(schema, value))
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
      ([field]) => required.includes(field) || this.#words[`${place}.${field}`] !== undefined,
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
