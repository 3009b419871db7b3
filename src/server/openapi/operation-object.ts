import type { NamedOperation } from '../../operations/table.js'
import { isTagged } from '../etag.js'
import { refusalsOf, statusesOf } from './problems.js'
import type { OperationSchemas } from './schemas.js'
import { FIELDS } from './texts.js'
import type { OperationObject, Parameter, Reference, RequestBody, ResponseObject, Schema } from './types.js'

/** `/v1/tasks/:task` as OpenAPI writes it: `/v1/tasks/{task}`. */
export function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}')
}

/** How one operation of the table is called and what it answers. */
export function operationObject(
  operation: NamedOperation,
  schemas: OperationSchemas,
  answer: unknown,
): OperationObject {
  const { name, summary, role, method, keyed } = operation
  const split = splitInput(operation, schemas.input)
  const body = method === 'GET' ? undefined : requestBody(split)
  return {
    operationId: name,
    tags: [name.slice(0, name.indexOf('.'))],
    summary: summary.replace(/\.$/, ''),
    description: describe(operation),
    'x-role': role,
    parameters: [
      ...split.path.map((field) => parameter(field, 'path')),
      ...(method === 'GET' ? split.rest.map((field) => parameter(field, 'query')) : []),
      ...(keyed ? [shared('IdempotencyKey')] : []),
      shared('Traceparent'),
      ...(isTagged(operation) ? [shared('IfNoneMatch')] : []),
    ],
    ...(body && { requestBody: body }),
    responses: {
      200: success(operation, schemas.output, answer),
      ...(isTagged(operation) && { 304: { description: 'It is still what `If-None-Match` names.', headers: ETAG } }),
      ...refusalsOf(statusesOf(operation)),
    },
  }
}

const ETAG = { ETag: { $ref: '#/components/headers/ETag' } }

function describe({ summary, role, keyed, mutates }: NamedOperation): string {
  const repeated = keyed
    ? ' Send an `Idempotency-Key` when you may repeat it: the same request with the same key gets the first answer again.'
    : mutates
      ? ' Repeating it does no harm.'
      : ''
  return `${summary} Least role: ${role}.${repeated}`
}

interface Field {
  readonly name: string
  readonly schema: Schema
  readonly required: boolean
  readonly example: unknown
}

interface SplitInput {
  readonly path: readonly Field[]
  readonly rest: readonly Field[]
}

function splitInput({ path, example }: NamedOperation, { properties = {}, required = [] }: Schema): SplitInput {
  const fields = Object.entries(properties).map(([name, schema]) => ({
    name,
    schema: schema as Schema,
    required: required.includes(name),
    example: (example as Readonly<Record<string, unknown>>)[name],
  }))
  const inPath = ({ name }: Field) => path.split('/').includes(`:${name}`)
  return { path: fields.filter(inPath), rest: fields.filter((field) => !inPath(field)) }
}

function parameter({ name, schema, required, example }: Field, place: 'path' | 'query'): Parameter {
  return {
    name,
    in: place,
    description: FIELDS[name] ?? `\`${name}\` of the input.`,
    ...(required && { required }),
    schema,
    ...(example !== undefined && { example }),
  }
}

function requestBody({ rest }: SplitInput): RequestBody {
  const required = rest.filter((field) => field.required).map(({ name }) => name)
  const schema: Schema = {
    type: 'object',
    properties: Object.fromEntries(rest.map(({ name, schema }) => [name, withText(name, schema)])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
  const shown = rest.filter(({ example }) => example !== undefined)
  const example = Object.fromEntries(shown.map(({ name, example }) => [name, example]))
  return { required: required.length > 0, content: { 'application/json': { schema, example } } }
}

function withText(name: string, schema: Schema): Schema {
  const description = FIELDS[name]
  return description === undefined || schema.description !== undefined ? schema : { ...schema, description }
}

function success(operation: NamedOperation, schema: Schema, example: unknown): ResponseObject {
  return {
    description: 'Done.',
    ...(isTagged(operation) && { headers: ETAG }),
    content: { 'application/json': { schema, example } },
  }
}

function shared(name: string): Reference {
  return { $ref: `#/components/parameters/${name}` }
}
