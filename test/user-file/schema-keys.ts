import type { JsonSchema } from '../../src/user-file/json-schema.js'

export interface SchemaKey {
  /** `budgets.boards.<name>`, `channels[].url`; shared parts begin with their own name: `limit.dollars`. */
  readonly path: string
  readonly schema: JsonSchema
}

/** Every key that a schema has, each once; parts that it shares by reference come after the others. */
export function schemaKeys(root: JsonSchema): SchemaKey[] {
  const found = new Map<string, JsonSchema>()
  const visit = (schema: JsonSchema, path: string) => {
    for (const form of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) visit(form, path)
    if (schema.items !== undefined) visit(schema.items, `${path}[]`)
    if (schema.additionalProperties) visit(schema.additionalProperties, `${path}.<name>`)
    for (const [key, inner] of Object.entries(schema.properties ?? {})) {
      const inside = path === '' ? key : `${path}.${key}`
      if (!found.has(inside)) found.set(inside, inner)
      visit(inner, inside)
    }
  }
  visit(root, '')
  for (const [name, shared] of Object.entries(root.$defs ?? {})) visit(shared, name)
  return [...found].map(([path, schema]) => ({ path, schema }))
}
