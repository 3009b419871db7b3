import { refusalsOf } from './problems.js'
import type { OperationObject, Parameter, PathItem, ResponseObject, Schema } from './types.js'

/** Routes that are no operations of the table. */

const OPEN_STATUSES = [400, 403, 408, 431, 500, 503]
const LOG_INDEX: Schema = { type: 'string', pattern: '^(-1|\\d{1,15})$' }
const NOTE = 'infrafabric/main\n120\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n(signatures)\n'

const events: OperationObject = {
  operationId: 'log.events',
  tags: ['log'],
  summary: 'Follow the log as server-sent events',
  description:
    'The `id` of an event is the index of an entry and its `data` the entry as it is stored. `Last-Event-ID` resumes ' +
    'after an entry, `from` starts at one; without either the stream starts with what comes next. An event of type ' +
    '`dropped` has a problem for its data and ends the stream. Least role: viewer.',
  'x-role': 'viewer',
  parameters: [
    parameter('query', 'from', 'Index of the first entry.', LOG_INDEX, '42'),
    ...['swarm', 'task', 'type'].map((name) =>
      parameter('query', name, `Only entries of this ${name}; several with commas between.`, { type: 'string' }),
    ),
    parameter('header', 'Last-Event-ID', 'Index of the last entry that was seen.', LOG_INDEX, '41'),
  ],
  responses: {
    200: text('text/event-stream', 'The stream.', 'id: 42\ndata: {"specversion":"1.0","id":"42"}\n\n'),
    ...refusalsOf([...OPEN_STATUSES, 401, 429]),
  },
}

const metrics: OperationObject = {
  operationId: 'server.metrics',
  tags: ['server'],
  summary: 'Read the metrics',
  description: 'For Prometheus, in its text format or as OpenMetrics, as `Accept` asks. Least role: viewer.',
  'x-role': 'viewer',
  responses: {
    200: text('text/plain', 'The metrics.', '# TYPE infrafabric_build_info gauge\n'),
    ...refusalsOf([...OPEN_STATUSES, 401, 429]),
  },
}

const health = open('server.health', 'Say that the server answers', 'It lives.', { 200: state('ok') })
const ready = open('server.ready', 'Say whether the fabric works', '503 says why it does not.', { 200: state('ready') })

const tile: OperationObject = {
  ...open(
    'server.tile',
    'Read a tile of the log',
    'C2SP tlog-tiles. Tiles of entries need a token unless the log is public.',
    {
      200: {
        description: 'The tile. It never changes.',
        content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
      },
      ...refusalsOf([401, 404, 414, 429]),
    },
  ),
  parameters: [
    {
      ...parameter('path', 'tile', '`<level>/<index>[.p/<width>]` or `entries/<index>[.p/<width>]`; it has slashes.', {
        type: 'string',
        maxLength: 512,
      }),
      required: true,
      example: '0/000.p/120',
    },
  ],
}

export const OTHER_PATHS: Readonly<Record<string, PathItem>> = {
  '/v1/events': { get: events },
  '/healthz': { get: health },
  '/readyz': { get: ready },
  '/metrics': { get: metrics },
  '/checkpoint': {
    get: open('server.checkpoint', 'Read the newest signed checkpoint', 'A signed note (C2SP tlog-checkpoint).', {
      200: text('text/plain', 'The note.', NOTE),
    }),
  },
  '/vkey.txt': {
    get: open('server.vkey', 'Read the verifier key of the log', 'It checks the signatures of checkpoints.', {
      200: text('text/plain', 'The key.', 'infrafabric/main+1f0e2d3c+AZ3mWb2y\n'),
    }),
  },
  '/tile/{tile}': { get: tile },
  '/openapi.json': {
    get: tagged('server.openapi', 'Read this description', 'The API as OpenAPI 3.1.', {
      description: 'The document.',
      content: { 'application/json': { schema: { type: 'object' } } },
    }),
  },
  '/docs': {
    get: tagged(
      'server.docs',
      'Read this description as a page',
      'For people; it needs no script and nothing from elsewhere.',
      text('text/html', 'The page.', '<!doctype html>'),
    ),
  },
}

function open(
  operationId: string,
  summary: string,
  description: string,
  responses: OperationObject['responses'],
): OperationObject {
  return {
    operationId,
    tags: ['server'],
    summary,
    description: `${description} Open: needs no token.`,
    security: [],
    responses: { ...responses, ...refusalsOf(OPEN_STATUSES) },
  }
}

function tagged(operationId: string, summary: string, description: string, found: ResponseObject): OperationObject {
  const headers = { ETag: { $ref: '#/components/headers/ETag' } }
  const responses = {
    200: { ...found, headers },
    304: { description: 'It is still what `If-None-Match` names.', headers },
  }
  return {
    ...open(operationId, summary, description, responses),
    parameters: [{ $ref: '#/components/parameters/IfNoneMatch' }],
  }
}

function parameter(
  place: Parameter['in'],
  name: string,
  description: string,
  schema: Schema,
  example?: string,
): Parameter {
  return { name, in: place, description, schema, ...(example !== undefined && { example }) }
}

function state(status: string): ResponseObject {
  const schema: Schema = { type: 'object', properties: { status: { const: status } }, required: ['status'] }
  return { description: 'It does.', content: { 'application/json': { schema, example: { status } } } }
}

function text(type: string, description: string, example: string): ResponseObject {
  return { description, content: { [type]: { schema: { type: 'string' }, example } } }
}
