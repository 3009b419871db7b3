import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PublishedEntry } from '../../src/fabric/fabric.js'
import { type ServedFabric, serveFabric, TOKEN, until } from '../support/served-fabric.js'

const BATCHES = 200
const BATCH_BYTES = 1024 * 1024

/** Makes the log of a fabric a long one, and counts how much of it was asked for. */
function longLog({ fabric }: ServedFabric): { pulled: number; ended: boolean } {
  const seen = { pulled: 0, ended: false }
  const entries = async function* (signal: AbortSignal) {
    try {
      for (let index = 0; index < BATCHES && !signal.aborted; index += 1) {
        seen.pulled += 1
        const entry = {
          index,
          type: 'x',
          subject: 'x',
          at: 0,
          actor: 'x',
          data: {},
          bytes: Buffer.alloc(BATCH_BYTES, 'x'),
        }
        yield [entry satisfies PublishedEntry]
      }
    } finally {
      seen.ended = true
    }
  }
  fabric.follow = (signal) => Object.assign(entries(signal), { position: 0 })
  return seen
}

/** A connection that asked for the events and reads nothing of them yet. */
function openStream({ server }: ServedFabric): Socket {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  socket.pause()
  socket.on('error', () => undefined)
  socket.write(`GET /v1/events?from=0 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`)
  return socket
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate)
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a stream whose reader is slow', () => {
  test('asks for no more of the log than fits on the way, and goes on when there is room', async () => {
    await using served = await serveFabric()
    const log = longLog(served)
    const socket = openStream(served)
    await until(() => log.pulled > 0)
    await turns(100)
    expect(log.pulled).toBeLessThan(BATCHES / 2)
    let received = 0
    socket.on('data', (chunk) => {
      received += chunk.length
    })
    socket.resume()
    await until(() => received > BATCHES * BATCH_BYTES)
    expect(log).toEqual({ pulled: BATCHES, ended: true })
    socket.destroy()
  })

  test('is ended after a minute without a byte taken', async () => {
    await using served = await serveFabric()
    const log = longLog(served)
    const socket = openStream(served)
    await until(() => log.pulled > 0)
    await turns(100)
    vi.advanceTimersByTime(59_000)
    await turns(20)
    expect(log.ended).toBe(false)
    vi.advanceTimersByTime(1_000)
    await until(() => log.ended)
    socket.destroy()
  })

  test('hears why when it reads on in time, and then has all that was written before', async () => {
    await using served = await serveFabric()
    const log = longLog(served)
    const socket = openStream(served)
    await until(() => log.pulled > 0)
    await turns(100)
    vi.advanceTimersByTime(60_000)
    await until(() => log.ended)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.resume()
    await until(() => text.includes('event: dropped\ndata: {"type":"urn:infrafabric:error:rate-limited"'))
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
    expect(ids).toEqual(Array.from({ length: log.pulled }, (_, index) => index))
    socket.destroy()
  })

  test('loses the connection when it does not even take the end', async () => {
    await using served = await serveFabric()
    const log = longLog(served)
    const socket = openStream(served)
    await until(() => log.pulled > 0)
    await turns(100)
    vi.advanceTimersByTime(60_000)
    await until(() => log.ended)
    vi.advanceTimersByTime(5_000)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.resume()
    await until(() => socket.closed)
    expect(text).not.toContain('event: dropped')
  })
})

test('a stream without news shows every 15 seconds that it is alive', async () => {
  await using served = await serveFabric()
  const socket = openStream(served)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString()
  })
  socket.resume()
  await until(() => text.includes('retry: '))
  await until(async () => (await served.fabric.status()).subscribers === 1)
  const comments = () => text.split('\n').filter((line) => line === ':').length
  expect(comments()).toBe(0)
  vi.advanceTimersByTime(15_000)
  await until(() => comments() === 1)
  vi.advanceTimersByTime(30_000)
  await until(() => comments() === 3)
  socket.destroy()
  await until(async () => (await served.fabric.status()).subscribers === 0)
  expect(vi.getTimerCount()).toBe(0)
})
