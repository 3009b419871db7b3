import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ServedFabric, serveFabric, TOKEN, until } from '../support/served-fabric.js'
import { enlist, WorkerSocket } from '../support/worker-socket.js'

/** Rounds of the server's question whether the client is there. */
const PERIOD_MS = 15_000

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate)
}

const COUNT = 3_000

/** A client that has not read all of its full inbox, and does not read on. */
async function stuckReader({ fabric, server }: ServedFabric, token: string): Promise<WorkerSocket> {
  const message = { type: 'send_message', to: 'w1', text: 'x'.repeat(4_096) } as const
  await Promise.all(Array.from({ length: COUNT }, () => fabric.submit(message, { actor: 'admin' })))
  const worker = await WorkerSocket.open(server.url, token)
  await worker.call('subscribe')
  await worker.pushed('message', 1)
  worker.socket.pause()
  await turns(200)
  return worker
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a client of the socket', () => {
  test('that answers pings stays', async () => {
    await using served = await serveFabric()
    await using worker = await WorkerSocket.open(served.server.url, TOKEN)
    let pings = 0
    worker.socket.on('ping', () => {
      pings += 1
    })
    for (let round = 1; round <= 4; round += 1) {
      vi.advanceTimersByTime(PERIOD_MS)
      await until(() => pings === round)
      await worker.call('fabric.status')
    }
    expect(worker.socket.readyState).toBe(worker.socket.OPEN)
  })

  test('that takes nothing is dropped with the reason, and goes on where it was', async () => {
    await using served = await serveFabric()
    const token = await enlist(served, 'w1')
    await using worker = await stuckReader(served, token)
    vi.advanceTimersByTime(PERIOD_MS)
    await turns(20)
    // Its next turn, and not so long that it would lose the connection.
    vi.advanceTimersByTime(500)
    await turns(20)
    worker.socket.resume()
    expect(await worker.closed).toEqual({
      code: 1013,
      reason: 'A ping was not answered in time. Connect again and resume.',
    })
    const seen = worker.pushes.map((push) => (push.message as { index: number }).index)
    expect(seen.length).toBeLessThan(COUNT)
    await using again = await WorkerSocket.open(served.server.url, token)
    await again.call('subscribe', { after: seen.at(-1) })
    await again.pushed('message', COUNT - seen.length)
    const rest = again.pushes.map((push) => (push.message as { index: number }).index)
    const all = [...seen, ...rest]
    expect(new Set(all).size).toBe(COUNT)
    expect(all).toEqual([...all].sort((a, b) => a - b))
  })

  test('that does not even take the reason loses its connection', async () => {
    await using served = await serveFabric()
    await using worker = await stuckReader(served, await enlist(served, 'w1'))
    vi.advanceTimersByTime(PERIOD_MS)
    await turns(20)
    vi.advanceTimersByTime(PERIOD_MS)
    await turns(20)
    worker.socket.resume()
    expect(await worker.closed).toMatchObject({ code: 1006 })
  })
})
