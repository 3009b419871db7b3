import type { NamedOperation } from '../../operations/table.js'
import { operationObject, templateOf } from './operation-object.js'
import { OTHER_PATHS } from './other-routes.js'
import { problemSchemas, refusalResponses } from './problems.js'
import { Sampler, wordsOf } from './samples.js'
import { schemasOf } from './schemas.js'
import { INTRODUCTION, TAGS } from './texts.js'
import type { Components, OpenApiDocument, PathItem, Schema } from './types.js'

/** What is under `/v1`; it grows without breaking callers. */
const API_VERSION = '1.0.0'

/** The HTTP API as OpenAPI 3.1, made from the table of operations. */
export function openApiDocument(operations: readonly NamedOperation[]): OpenApiDocument {
  const schemas = schemasOf(operations)
  const examples = operations.map(({ example }) => example)
  const paths: Record<string, PathItem> = {}
  for (const operation of operations) {
    const { input, output } = schemas.of(operation)
    const path = templateOf(operation.path)
    // What the request says, the answer says too.
    const sampler = new Sampler(schemas.components, wordsOf([operation.example, ...examples]), operation.name)
    const item = operationObject(operation, { input, output }, sampler.sample(output))
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: item }
  }
  const responses = refusalResponses()
  const all = { ...schemas.components, ...problemSchemas() }
  const tags = new Set(operations.map(({ name }) => name.slice(0, name.indexOf('.'))))
  return {
    openapi: '3.1.0',
    info: {
      title: 'InfraFabric',
      version: API_VERSION,
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:7420', description: 'Where `ifab up` listens by default.' }],
    tags: [...tags, 'server'].map((name) => ({ name, description: TAGS[name] ?? `Operations on ${name}s.` })),
    security: [{ bearer: [] }],
    paths: { ...paths, ...OTHER_PATHS },
    components: { ...SHARED, responses, schemas: usedSchemas(all, [paths, responses]) },
  }
}

/** Those that `from` refers to, by whatever way; in the order of `all`. */
function usedSchemas(all: Readonly<Record<string, Schema>>, from: readonly unknown[]): Record<string, Schema> {
  const used = new Set<string>()
  const visit = (part: unknown) => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (used.has(name)) continue
      used.add(name)
      visit(all[name] ?? {})
    }
  }
  from.forEach(visit)
  return Object.fromEntries(Object.entries(all).filter(([name]) => used.has(name)))
}

const SHARED: Pick<Components, 'parameters' | 'headers' | 'securitySchemes'> = {
  parameters: {
    IdempotencyKey: {
      name: 'Idempotency-Key',
      in: 'header',
      description:
        'The work is done once for each key; the same request with the same key gets the first answer again.',
      schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,128}$' },
      example: '9f1c2d3e-milestone-50',
    },
    Traceparent: {
      name: 'traceparent',
      in: 'header',
      description:
        'W3C Trace Context. Every entry that the request causes keeps it, and the answer carries it; one that is ' +
        'malformed is left out.',
      schema: { type: 'string', maxLength: 512 },
      example: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    },
    IfNoneMatch: {
      name: 'If-None-Match',
      in: 'header',
      description: 'The `ETag` of an earlier answer; 304 says that nothing has changed since.',
      schema: { type: 'string', maxLength: 1024 },
      example: '"q1yGvW3J0n6b2dUq4zXk9A"',
    },
  },
  headers: {
    ETag: { description: 'Names exactly this body.', schema: { type: 'string', pattern: '^"[\\w-]{22}"$' } },
  },
  securitySchemes: {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      description: 'The admin token of the data directory, or one that `swarm.register` or `token.issue` answered.',
    },
  },
}
