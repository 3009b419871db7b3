import * as z from 'zod'
import type { Path } from './file-problem.js'

/** The part of JSON Schema that our files come to. */
export interface JsonSchema {
  readonly description?: string
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | false
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly [keyword: string]: unknown
}

/** JSON Schema, draft 2020-12, of what a user may write, as the schema that reads it says. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input', override: withoutNoise }) as JsonSchema
}

/** The default of a map says nothing: each of its fields has its own. */
function withoutNoise({ jsonSchema }: { jsonSchema: Record<string, unknown> }): void {
  if (typeof jsonSchema.default === 'object' && !Array.isArray(jsonSchema.default)) delete jsonSchema.default
}

/** Names of the keys that a map at this path may have; none where it takes any. */
export function keysAt(schema: JsonSchema, path: Path): string[] {
  const found = path.reduce<JsonSchema[]>(
    (schemas, part) => schemas.flatMap((inner) => inside(schema, inner, part)),
    formsOf(schema, schema),
  )
  return [...new Set(found.flatMap(({ properties = {} }) => Object.keys(properties)))]
}

function inside(root: JsonSchema, { properties, additionalProperties, items }: JsonSchema, part: string | number) {
  const next = typeof part === 'number' ? items : (properties?.[part] ?? additionalProperties)
  return next ? formsOf(root, next) : []
}

/** A schema without references, and each of its forms. */
function formsOf(root: JsonSchema, schema: JsonSchema): JsonSchema[] {
  if (schema.$ref !== undefined) {
    const target = root.$defs?.[schema.$ref.replace('#/$defs/', '')]
    return target === undefined ? [] : formsOf(root, target)
  }
  const forms = schema.anyOf ?? schema.oneOf
  return forms === undefined ? [schema] : forms.flatMap((form) => formsOf(root, form))
}
