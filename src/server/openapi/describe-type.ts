import { ID_PATTERN } from '../../model/ids.js'
import type { Schema } from './types.js'

/** A JSON Schema in a few words, for tables of fields. `link` writes the name of a component. */
export function describeType(schema: Schema, link: (name: string) => string = (name) => name): string {
  const { type, enum: values, const: constant, anyOf, oneOf, pattern, items, minimum, maximum } = schema
  const describe = (part: unknown) => describeType(part as Schema, link)
  if (schema.$ref !== undefined) return link(schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1))
  const choices = anyOf ?? oneOf
  if (choices !== undefined) return choices.map(describe).join(' or ')
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ')
  if (constant !== undefined) return `\`${constant}\``
  if (pattern === ID_PATTERN.source) return 'id'
  if (schema.format === 'date-time') return 'time'
  if (type === 'string') {
    return schema.maxLength === undefined ? 'text' : `text of at most ${schema.maxLength} characters`
  }
  if (type === 'integer' || type === 'number') return `${type}${rangeOf(minimum, maximum)}`
  if (type === 'array' && items !== undefined && !Array.isArray(items)) {
    return `list${schema.maxItems === undefined ? '' : ` of at most ${schema.maxItems}`}: ${describe(items)}`
  }
  if (type === 'object' && schema.properties !== undefined) return `{ ${describeFields(schema, describe)} }`
  if (type === 'object')
    return typeof schema.additionalProperties === 'object' ? describeRecord(schema, describe) : 'object'
  return type === undefined ? 'any JSON' : String(type)
}

function describeFields({ properties = {}, required = [] }: Schema, describe: (part: unknown) => string): string {
  const optional = (field: string) => (required.includes(field) ? '' : '?')
  return Object.entries(properties)
    .map(([field, value]) => `${field}${optional(field)}: ${describe(value)}`)
    .join(', ')
}

function describeRecord({ additionalProperties }: Schema, describe: (part: unknown) => string): string {
  const kind = describe(additionalProperties)
  if (kind === 'any JSON') return 'object'
  if (kind.startsWith('text')) return 'object of texts'
  return `object of ${kind}`
}

function rangeOf(minimum: number | undefined, maximum: number | undefined): string {
  const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  if (minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER) return ''
  return bounded ? ` from ${minimum} to ${maximum}` : ` from ${minimum} on`
}
