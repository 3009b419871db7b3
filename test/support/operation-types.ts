import * as z from 'zod'
import * as governorViews from '../../src/operations/governor-views.js'
import type { NamedOperation } from '../../src/operations/table.js'
import * as views from '../../src/operations/views.js'

type Schema = z.core.JSONSchema.BaseSchema

/**
 * `src/client/operation-types.ts`: inputs and answers as plain TypeScript. What the client publishes then needs neither zod
 * nor the types of Node, and an editor shows fields instead of schemas.
 */
export function renderOperationTypes(operations: readonly NamedOperation[]): string {
  const named = namedViews()
  const known = z.registry<{ id: string }>()
  for (const [name, view] of named) known.add(view, { id: name })
  const types = named.map(([name, view]) => {
    const body = toSchema(view, 'output', known).$defs?.[name] as Schema
    return `export interface ${name} ${renderObject(body, '', { direction: 'output', names: {} })}`
  })
  const rows = new Map<string, string[]>()
  for (const { name, input, output } of operations) {
    const [resource = '', verb = ''] = name.split('.')
    const asked = renderWhole(`${pascal(name)}Input`, toSchema(input, 'input'), 'input', types)
    const answered = renderWhole(`${pascal(name)}Answer`, toSchema(output, 'output', known), 'output', types)
    const row = `    ${verb}: {\n      input: ${asked}\n      output: ${answered}\n    }`
    rows.set(resource, [...(rows.get(resource) ?? []), row])
  }
  return `/** Generated from the operations table by \`npm run generate\`. Do not edit. */

${types.join('\n\n')}

/** What each operation takes and answers, by resource and verb. */
export interface OperationTypes {
${[...rows].map(([resource, verbs]) => `  ${resource}: {\n${verbs.join('\n')}\n  }`).join('\n')}
}

export type Resource = keyof OperationTypes
export type Verb<R extends Resource> = keyof OperationTypes[R]
/** What a caller writes: defaults may be left out, and \`undefined\` counts as left out. */
export type InputOf<R extends Resource, V extends Verb<R>> = OperationTypes[R][V] extends { input: infer I } ? I : never
/** What it answers. */
export type OutputOf<R extends Resource, V extends Verb<R>> = OperationTypes[R][V] extends { output: infer O } ? O : never
`
}

function namedViews(): [string, z.ZodType][] {
  return Object.entries<unknown>({ ...views, ...governorViews }).flatMap(([name, view]) =>
    name.endsWith('View') && view instanceof z.ZodObject ? [[name.charAt(0).toUpperCase() + name.slice(1), view]] : [],
  )
}

function toSchema(type: z.ZodType, io: 'input' | 'output', known = z.registry<{ id: string }>()): Schema {
  return z.toJSONSchema(type, { io, metadata: known }) as Schema
}

/** Renders the input or answer of an operation; what in it refers to itself becomes one of `types`. */
function renderWhole(name: string, schema: Schema, direction: 'input' | 'output', types: string[]): string {
  const unnamed = Object.entries(schema.$defs ?? {}).filter(([id]) => id.startsWith('__schema'))
  const names = Object.fromEntries(
    unnamed.map(([id, part], position) => [id, isJson(part) ? 'Json' : partName(name, position)]),
  )
  const scope = { direction, names }
  for (const [id, part] of unnamed) {
    const type =
      names[id] === 'Json' ? JSON_TYPE : `export type ${names[id]} = ${renderType(part as Schema, '', scope)}`
    if (!types.includes(type)) types.push(type)
  }
  return renderType(schema, '      ', scope)
}

const JSON_TYPE = `/** Anything that JSON can say. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }`

function isJson(schema: Schema | boolean): boolean {
  return typeof schema === 'object' && schema.anyOf?.length === 6
}

function partName(name: string, position: number): string {
  return `${name}Part${position === 0 ? '' : position + 1}`
}

function pascal(name: string): string {
  return name
    .split('.')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}

interface Scope {
  readonly direction: 'input' | 'output'
  /** What definitions that refer to themselves are called. */
  readonly names: Readonly<Record<string, string>>
}

/** `indent` is that of the line on which the type begins. */
function renderType(schema: Schema | boolean, indent: string, scope: Scope): string {
  if (typeof schema === 'boolean') return 'unknown'
  const { $ref, const: constant, enum: values, anyOf, oneOf, allOf, type } = schema
  if ($ref !== undefined) return nameOf($ref, scope)
  if (constant !== undefined) return literal(constant)
  if (values !== undefined) return values.map(literal).join(' | ')
  const choices = anyOf ?? oneOf
  if (choices !== undefined) return choices.map((each) => renderType(each, indent, scope)).join(' | ')
  if (allOf !== undefined) return allOf.map((each) => renderType(each, indent, scope)).join(' & ')
  if (type === 'array') return renderArray(schema, indent, scope)
  if (type === 'object') return renderObject(schema, indent, scope)
  if (type === 'string' || type === 'boolean' || type === 'null') return type
  if (type === 'number' || type === 'integer') return 'number'
  return 'unknown'
}

function nameOf(reference: string, { names }: Scope): string {
  const name = reference.slice(reference.lastIndexOf('/') + 1)
  return names[name] ?? name
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
}

function renderArray({ items, readOnly }: Schema, indent: string, scope: Scope): string {
  const each = (items as Schema | undefined) ?? true
  const item = renderType(each, indent, scope)
  const isUnion = typeof each === 'object' && (each.anyOf ?? each.oneOf ?? each.allOf ?? each.enum) !== undefined
  const list = isUnion ? `(${item})[]` : `${item}[]`
  return readOnly === true || scope.direction === 'input' ? `readonly ${list}` : list
}

function renderObject(schema: Schema, indent: string, scope: Scope): string {
  const { properties = {}, required = [], additionalProperties: rest, propertyNames } = schema
  if (typeof rest === 'object') {
    const keys =
      typeof propertyNames === 'object' && propertyNames.enum ? propertyNames.enum.map(literal).join(' | ') : 'string'
    return `Record<${keys}, ${renderType(rest, indent, scope)}>`
  }
  const fields = Object.entries(properties).map(([name, value]) => {
    const isOptional = !required.includes(name)
    const undefinable = isOptional && scope.direction === 'input' ? ' | undefined' : ''
    const key = /^[a-zA-Z_$][\w$]*$/.test(name) ? name : `'${name}'`
    const inner = `${indent}  `
    return `${inner}${key}${isOptional ? '?' : ''}: ${renderType(value, inner, scope)}${undefinable}`
  })
  return fields.length === 0 ? 'Record<never, never>' : `{\n${fields.join('\n')}\n${indent}}`
}
