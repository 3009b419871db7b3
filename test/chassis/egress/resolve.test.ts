import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nameServerResolve, systemResolve } from '../../../src/chassis/egress/resolve.js'
import { never } from '../support/upstream.js'

const A = 1
const AAAA = 28
const NO_SUCH_NAME = 3

/** Answers what is in `records` by name and type, that there is no such name for others, and nothing for `silent.test`. */
let server: Socket
let servers: readonly string[]
const records = new Map<string, readonly number[]>([
  ['both.test 1', [93, 184, 216, 34]],
  ['both.test 28', [0x26, 0x06, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11]],
  ['four.test 1', [10, 0, 0, 1]],
])

function answerTo(query: Buffer): Buffer | undefined {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const name = labels.join('.').toLowerCase()
  const type = query.readUInt16BE(at + 1)
  if (name === 'silent.test') return undefined
  const data = records.get(`${name} ${type}`)
  const known = [A, AAAA].some((other) => records.has(`${name} ${other}`))
  const header = Buffer.from([
    query[0] ?? 0,
    query[1] ?? 0,
    0x81,
    known ? 0x80 : 0x80 + NO_SUCH_NAME,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
  ])
  header.writeUInt16BE(data === undefined ? 0 : 1, 6)
  const question = query.subarray(12, at + 5)
  if (data === undefined) return Buffer.concat([header, question])
  return Buffer.concat([header, question, Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length, ...data])])
}

beforeEach(async () => {
  server = createSocket('udp4')
  server.on('message', (query, { port, address }) => {
    const answer = answerTo(query)
    if (answer === undefined) server.emit('unanswered')
    else server.send(answer, port, address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  servers = [`127.0.0.1:${(server.address() as AddressInfo).port}`]
})
afterEach(async () => {
  server.close()
  await once(server, 'close')
})

describe('a name', () => {
  test('leads to its addresses of both families', async () => {
    expect(await nameServerResolve(servers)('both.test', never)).toEqual(['93.184.216.34', '2606:4700::1111'])
  })

  test('needs only one of them', async () => {
    expect(await nameServerResolve(servers)('four.test', never)).toEqual(['10.0.0.1'])
  })

  test('that nobody has leads nowhere', async () => {
    await expect(nameServerResolve(servers)('missing.test', never)).rejects.toThrow()
  })

  test('is given up when the request ends', async () => {
    const calling = new AbortController()
    const answer = nameServerResolve(servers)('silent.test', calling.signal)
    await once(server, 'unanswered')
    calling.abort()
    await expect(answer).rejects.toThrow()
  })

  test('of the file of hosts is found by the system', async () => {
    expect(await systemResolve('localhost', never)).toContain('127.0.0.1')
  })
})
