import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { FabricError } from '../model/errors.js'

/** Takes JSON for a body and nothing else. Bytes that are no UTF-8 would become other text than was sent. */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (isUtf8(body)) return parse(request, body.toString(), done)
    return done(new FabricError('INVALID_ARGUMENT', 'The body is not UTF-8. Send JSON in UTF-8, not compressed.'))
  })
}
