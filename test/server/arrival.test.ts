import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FabricError } from '../../src/model/errors.js'
import { LIMITS } from '../../src/model/limits.js'
import { createApp, guardApp, type RunningServer, runApp, type ServerFault } from '../../src/server/app.js'
import { servedNames } from '../../src/server/listen.js'

/** As the server has them, only shorter. */
const ARRIVAL = { headersMs: 200, requestMs: 400, checkMs: 25 }

let server: RunningServer
const faults: ServerFault[] = []
beforeAll(async () => {
  const app = createApp({
    bodyLimit: 1_000,
    pathHint: '',
    onFault: (fault) => faults.push(fault),
    tellFault: () => new FabricError('INTERNAL', 'A fault.'),
    arrival: ARRIVAL,
  })
  expect(app.server.maxConnections).toBe(LIMITS.httpConnections)
  app.post('/echo', (request) => request.body)
  app.get('/slow', async () => {
    await delay(3 * ARRIVAL.requestMs)
    return { answer: 'late' }
  })
  const address = { host: '127.0.0.1', port: 0 }
  const gate = guardApp(app, () => undefined)
  server = await runApp(app, gate, address, servedNames(address))
})
afterAll(async () => {
  expect(faults).toEqual([])
  await server.close()
})

/** Sends the first text, then one character of the other at a time; resolves with what came back when it hung up. */
async function drip(first: string, rest: string, everyMs: number): Promise<string> {
  const { hostname, port } = new URL(server.url)
  const chunks: Buffer[] = []
  const socket: Socket = connect(Number(port), hostname)
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(first)
  for (const character of rest) {
    await delay(everyMs)
    if (socket.destroyed || !socket.writable) break
    socket.write(character)
  }
  await closed
  return Buffer.concat(chunks).toString()
}

const HEAD = 'POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'

describe('a request that takes too long to arrive', () => {
  test.each([
    ['says nothing', '', ''],
    ['drips its headers', 'GET /echo HTTP/1.1\r\n', 'x-a: '.padEnd(200, 'y')],
    ['drips its body', `${HEAD}content-length: 900\r\n\r\n`, '{"a":'.padEnd(200, ' ')],
    ['drips its chunks', `${HEAD}transfer-encoding: chunked\r\n\r\n384\r\n`, '{"a":'.padEnd(200, ' ')],
    ['stops in its body', `${HEAD}content-length: 900\r\n\r\n{"a":`, ''],
  ])('because it %s is cut off with 408', async (_, first, rest) => {
    const answer = await drip(first, rest, 10)
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain('content-type: application/problem+json')
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      status: 408,
    })
  })

  test('does not shorten the time for an answer', async () => {
    const answer = await fetch(`${server.url}/slow`)
    expect(await answer.json()).toEqual({ answer: 'late' })
  })

  test('leaves those alone that arrive in time', async () => {
    const body = JSON.stringify({ a: 1 })
    const answer = await drip(`${HEAD}connection: close\r\ncontent-length: ${body.length}\r\n\r\n`, body, 5)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  })
})
