import * as z from 'zod'
import { compareIds } from '../../model/ids.js'
import * as governorViews from '../../operations/governor-views.js'
import * as serviceLevelViews from '../../operations/service-level-views.js'
import type { NamedOperation } from '../../operations/table.js'
import * as views from '../../operations/views.js'
import type { Schema } from './types.js'

export interface OperationSchemas {
  /** Whole input: path, query and body together. */
  readonly input: Schema
  /** A reference to a component. */
  readonly output: Schema
}

export interface SchemaSet {
  readonly components: Readonly<Record<string, Schema>>
  of(operation: NamedOperation): OperationSchemas
}

const SHARED = '__shared'
const COMPONENTS = '#/components/schemas/'

/** JSON Schemas of the inputs and answers of operations. What several of them have in common is there once, by name. */
export function schemasOf(operations: readonly NamedOperation[]): SchemaSet {
  const answers = z.registry<{ id: string }>()
  for (const [name, view] of namedViews()) answers.add(view, { id: name })
  for (const { name, output } of operations) {
    if (!answers.has(output)) answers.add(output, { id: componentName(name, 'Answer') })
  }
  const inputs = z.registry<{ id: string }>()
  for (const { name, input } of operations) inputs.add(input, { id: componentName(name, 'Input') })
  const inputSchemas = convert(inputs, 'input')
  const inputIds = new Set(operations.map(({ name }) => componentName(name, 'Input')))
  const parts = Object.entries(inputSchemas).filter(([name]) => !inputIds.has(name))
  return {
    components: { ...convert(answers, 'output'), ...Object.fromEntries(parts) },
    of: ({ name, output }) => ({
      input: inputSchemas[componentName(name, 'Input')] ?? {},
      output: { $ref: COMPONENTS + answers.get(output)?.id },
    }),
  }
}

/** `task.claim` and `Answer` make `TaskClaimAnswer`. */
function componentName(operation: string, kind: string): string {
  return `${operation.split('.').map(capitalised).join('')}${kind}`
}

/** Exports called `taskView` or `taskPage`, as `Task` and `TaskPage`. */
function namedViews(): [string, z.ZodType][] {
  const found = Object.entries<unknown>({ ...views, ...governorViews, ...serviceLevelViews }).flatMap(
    ([name, view]): [string, z.ZodType][] =>
      /(View|Page)$/.test(name) && view instanceof z.ZodType ? [[capitalised(name.replace(/View$/, '')), view]] : [],
  )
  // Not everything that loads modules gives their exports in the same order.
  return found.sort(([a], [b]) => compareIds(a, b))
}

function convert(registry: z.core.$ZodRegistry<{ id: string }>, io: 'input' | 'output'): Record<string, Schema> {
  const { schemas } = z.toJSONSchema(registry, { io, uri: (id) => COMPONENTS + id, override: simplify })
  const { [SHARED]: shared, ...named } = schemas as Record<string, Schema>
  const all = { ...named, ...nameShared(shared?.$defs ?? {}, named) }
  return Object.fromEntries(Object.entries(all).map(([name, schema]) => [name, withoutIdentity(schema)]))
}

/**
 * `readOnly` would say that a request must not have it, and the pattern of a time says no more than its format. A record
 * with known keys is an object with these fields.
 */
function simplify({ jsonSchema: schema }: { jsonSchema: Schema }): void {
  delete schema.readOnly
  if (schema.format === 'date-time') delete schema.pattern
  const { propertyNames, additionalProperties: each } = schema
  if (typeof propertyNames !== 'object' || propertyNames.enum === undefined || typeof each !== 'object') return
  schema.properties = Object.fromEntries(propertyNames.enum.map((name) => [String(name), each]))
  schema.additionalProperties = false
  delete schema.propertyNames
}

/** Gives schemas that refer to themselves the name of the first place that uses them, in place. */
function nameShared(shared: Record<string, Schema>, named: Record<string, Schema>): Record<string, Schema> {
  const names = new Map<string, string>()
  for (const [name, schema] of Object.entries(named)) {
    for (const [field, part] of Object.entries(schema.properties ?? {})) {
      for (const [, id = ''] of JSON.stringify(part).matchAll(/__shared#\/\$defs\/(\w+)/g)) {
        if (!names.has(id)) names.set(id, name + capitalised(field))
      }
    }
  }
  for (const schema of [...Object.values(named), ...Object.values(shared)]) {
    renameReferences(schema, (reference) => {
      const id = reference.startsWith(`${COMPONENTS}${SHARED}#/$defs/`)
        ? reference.slice(reference.lastIndexOf('/') + 1)
        : ''
      return names.has(id) ? COMPONENTS + names.get(id) : reference
    })
  }
  return Object.fromEntries(Object.entries(shared).map(([id, schema]) => [names.get(id) ?? id, schema]))
}

function renameReferences(part: unknown, rename: (reference: string) => string): void {
  if (typeof part !== 'object' || part === null) return
  const fields = part as Record<string, unknown>
  if (typeof fields.$ref === 'string') fields.$ref = rename(fields.$ref)
  for (const value of Object.values(fields)) renameReferences(value, rename)
}

function withoutIdentity({ $schema, $id, ...schema }: Schema): Schema {
  return schema
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
