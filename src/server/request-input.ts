import type { FastifyRequest } from 'fastify'
import type * as z from 'zod'
import { FabricError } from '../model/errors.js'
import type { Operation } from '../operations/operation.js'

type Fields = Record<string, unknown>

/** Names of the `:name` segments of a path. */
function pathFields(path: string): string[] {
  return path.split('/').flatMap((segment) => (segment.startsWith(':') ? [segment.slice(1)] : []))
}

/** Gathers the raw input of an operation from path, query and body; its schema has the last word on the result. */
export function inputReader({ method, path, input }: Operation): (request: FastifyRequest) => Fields {
  const fromPath = pathFields(path)
  const decode = new Map(Object.entries(input.shape).map(([name, schema]) => [name, textDecoder(schema)]))
  return (request) => {
    const sent = method === 'GET' ? decodeQuery(request.query as Fields, decode) : bodyFields(request.body)
    const params = request.params as Fields
    for (const field of fromPath) {
      if (Object.hasOwn(sent, field)) {
        throw new FabricError('INVALID_ARGUMENT', `${field}: comes from the path; leave it out elsewhere.`, { field })
      }
      sent[field] = params[field]
    }
    return sent
  }
}

function bodyFields(body: unknown): Fields {
  if (body === undefined) return {}
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Fields
  throw new FabricError('INVALID_ARGUMENT', 'The body must be a JSON object.', { field: 'body' })
}

type Decode = (text: unknown) => unknown

function decodeQuery(query: Fields, decode: ReadonlyMap<string, Decode>): Fields {
  return Object.fromEntries(Object.entries(query).map(([name, text]) => [name, decode.get(name)?.(text) ?? text]))
}

/** Query values are text; this reads those that stand for a number or a truth value. */
function textDecoder(schema: z.core.$ZodType): Decode {
  const kind = innerKind(schema)
  if (kind === 'number') return (text) => (typeof text === 'string' && /^-?\d{1,16}$/.test(text) ? Number(text) : text)
  if (kind === 'boolean') return (text) => (text === 'true' ? true : text === 'false' ? false : text)
  return (text) => text
}

function innerKind(schema: z.core.$ZodType): string {
  const { type, innerType } = schema._zod.def as { type: string; innerType?: z.core.$ZodType }
  return innerType === undefined ? type : innerKind(innerType)
}
