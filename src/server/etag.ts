import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Operation } from '../operations/operation.js'

/** Base64url characters of the hash that names a body: 132 bits. */
const TAG_CHARS = 22

/** Whether the answers of an operation carry an `ETag`: those of reads that do not wait for something new. */
export function isTagged({ method, input }: Pick<Operation, 'method' | 'input'>): boolean {
  return method === 'GET' && !('waitMs' in input.shape)
}

/** `onSend` of a route: names the body by its hash, and answers 304 to whom has it already (RFC 9110). */
export async function tagAnswer(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  if (reply.statusCode !== 200 || !(typeof payload === 'string' || Buffer.isBuffer(payload))) return payload
  const tag = `"${createHash('sha256').update(payload).digest('base64url').slice(0, TAG_CHARS)}"`
  // Its owner may keep it, and asks each time whether it is still so.
  reply.header('etag', tag).header('cache-control', 'private, no-cache')
  if (!names(request.headers['if-none-match'], tag)) return payload
  reply.code(304).removeHeader('content-type')
  // Of a HEAD only the length of the body is looked at.
  return request.method === 'HEAD' ? payload : null
}

function names(condition: string | undefined, tag: string): boolean {
  if (condition === undefined) return false
  return condition.split(',').some((item) => item.trim() === '*' || item.trim().replace(/^W\//, '') === tag)
}
