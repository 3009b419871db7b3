import * as z from 'zod'
import { LIMITS } from '../model/limits.js'
import * as field from './fields.js'
import { operation } from './operation.js'

/** Names as IANA registers them, in lower case: there is no room for a word of one's own, such as a secret. */
const MEDIA_TYPE = /^[a-z0-9.+-]{1,64}\/[a-z0-9.+-]{1,64}(?:; charset=utf-8)?$/

const { sha256 } = field
const mediaType = z
  .string()
  .max(LIMITS.blobMediaTypeChars)
  .regex(MEDIA_TYPE, { error: 'not a media type: write type/subtype in lower case, such as text/plain; charset=utf-8' })

const content = field.base64(LIMITS.blobBytes, 'a blob')

const bytes = z.int().min(0).max(LIMITS.blobBytes)

/** What the log says of a blob. */
const blobView = z.strictObject({ sha256, bytes, mediaType: mediaType.exactOptional(), deleted: z.boolean() })

export const put = operation({
  summary: 'Store content too large for an entry beside the log; the log gets its digest. Twice is the same as once.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/blobs',
  input: z.strictObject({ content, mediaType: mediaType.exactOptional() }),
  output: blobView,
  bodyBytes: LIMITS.largeBodyBytes,
  example: { content: 'b2sgMSAtIG9mZmVycyBwYXJzZQo=', mediaType: 'text/plain' },
  mutates: true,
  keyed: false,
  run: ({ fabric, origin }, input) => fabric.putBlob(Buffer.from(input.content, 'base64'), input.mediaType, origin),
})

export const show = operation({
  summary: 'Read the content of a blob.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/blobs/:sha256',
  input: z.strictObject({ sha256 }),
  output: z.strictObject({ sha256, bytes, content }),
  example: { sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { sha256 }) => {
    const found = await fabric.getBlob(sha256)
    return { sha256, bytes: found.length, content: found.toString('base64') }
  },
})

export const remove = operation({
  summary: 'Delete the content of a blob. The log keeps its digest and stays verifiable.',
  role: 'admin',
  method: 'POST',
  path: '/v1/blobs/:sha256/delete',
  input: z.strictObject({ sha256, reason: field.note }),
  output: blobView,
  example: {
    sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    reason: 'held personal data',
  },
  mutates: true,
  keyed: false,
  run: ({ fabric, origin }, input) => fabric.deleteBlob(input.sha256, input.reason, origin),
})
