import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { OPERATION_LIST } from '../../operations/table.js'
import { tagAnswer } from '../etag.js'

/**
 * The API describes itself: `/openapi.json` for programs, `/docs` for people. Both are made when they are first asked for,
 * and hold no secret, so anybody whom the Host check lets in may read them.
 */
export function addDescription(app: FastifyInstance): void {
  const options = { config: { open: true }, onSend: tagAnswer }
  app.get('/openapi.json', options, async (_request, reply) => {
    const { json } = await description()
    return reply.type('application/json').send(json)
  })
  app.get('/docs', options, async (_request, reply) => {
    const { page, style } = await description()
    const hash = createHash('sha256').update(style).digest('base64')
    const policy = `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
    return reply.header('content-security-policy', policy).type('text/html; charset=utf-8').send(page)
  })
}

interface Description {
  readonly json: Buffer
  readonly page: Buffer
  readonly style: string
}

let made: Promise<Description> | undefined

function description(): Promise<Description> {
  made ??= makeDescription()
  return made
}

async function makeDescription(): Promise<Description> {
  const [{ openApiDocument }, { renderPage, STYLE }] = await Promise.all([import('./document.js'), import('./page.js')])
  const document = openApiDocument(OPERATION_LIST)
  return {
    json: Buffer.from(JSON.stringify(document)),
    page: Buffer.from(renderPage(document)),
    style: STYLE,
  }
}
