import { expect, test } from 'vitest'
import { ADMINISTRATOR } from '../../../src/model/principal.js'
import { createApp, guardApp, runApp } from '../../../src/server/app.js'
import { parseListen, servedNames } from '../../../src/server/listen.js'
import type { McpHandler } from '../../../src/server/mcp/http.js'
import { mountMcp } from '../../../src/server/mcp/route.js'
import { RateLimits } from '../../../src/server/rate-limits.js'
import { Waits } from '../../../src/server/waits.js'

/** Mounts a handler behind a door that lets everybody in. */
async function serveHandler(make: () => Promise<McpHandler>) {
  const address = parseListen('127.0.0.1:0', {})
  const waits = new Waits()
  const faults: unknown[] = []
  const onFault = ({ error }: { error: unknown }) => faults.push(error)
  const app = createApp({
    bodyLimit: 1_000,
    pathHint: '',
    onFault,
    tellFault: (_, thrown) => thrown as never,
  })
  app.decorateRequest('principal', null)
  const gate = guardApp(app, (request) => {
    request.principal = ADMINISTRATOR
  })
  mountMcp(app, { waits, onFault, limits: new RateLimits(100, Date.now) }, make)
  const server = await runApp(app, gate, address, servedNames(address, {}), () => waits.close())
  const post = () => fetch(`${server.url}/mcp`, { method: 'POST', body: '{}', headers: JSON_TYPE })
  return { post, faults, server }
}

const JSON_TYPE = { 'content-type': 'application/json' }

test('a handler is made by the first request, once, and closed with the server', async () => {
  const did: string[] = []
  const { post, server } = await serveHandler(async () => {
    did.push('make')
    return {
      serve: async ({ body, caller }, response) => {
        did.push(caller.principal.actor)
        response.end(JSON.stringify(body))
      },
      close: async () => {
        did.push('close')
      },
    }
  })
  expect(did).toEqual([])
  const answers = await Promise.all([post(), post()])
  expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([{}, {}])
  await server.close()
  expect(did).toEqual(['make', 'admin', 'admin', 'close'])
})

test('a request whose handler fails loses its connection rather than waiting for ever', async () => {
  const { post, server, faults } = await serveHandler(async () => ({
    serve: () => Promise.reject(new Error('broken')),
    close: async () => undefined,
  }))
  await expect(post()).rejects.toThrow()
  expect(faults).toEqual([new Error('broken')])
  await server.close()
})
