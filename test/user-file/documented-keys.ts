import type { JsonSchema } from '../../src/user-file/json-schema.js'

/** What the first column of tables names in code. */
export function documentedKeys(document: string): string[] {
  return [...document.matchAll(/^\| `([^`]+)` \|/gm)].map(([, key = '']) => key)
}

export function yamlExamples(document: string): string[] {
  return [...document.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => text)
}

/** Paths of a schema that a file uses; its part by reference under its own name. */
export function usedKeys(root: JsonSchema, value: unknown): Set<string> {
  const used = new Set<string>()
  const visit = (schema: JsonSchema | undefined | false, inner: unknown, path: string) => {
    if (!schema || typeof inner !== 'object' || inner === null) return
    const name = schema.$ref?.replace('#/$defs/', '')
    if (name !== undefined) return visit(root.$defs?.[name], inner, name)
    for (const form of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) visit(form, inner, path)
    if (Array.isArray(inner)) for (const item of inner) visit(schema.items, item, `${path}[]`)
    for (const [key, item] of Array.isArray(inner) ? [] : Object.entries(inner)) {
      const known = schema.properties?.[key]
      const inside = known === undefined ? `${path}.<name>` : path === '' ? key : `${path}.${key}`
      if (known !== undefined) used.add(inside)
      visit(known ?? schema.additionalProperties, item, inside)
    }
  }
  visit(root, value, '')
  return used
}
