import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect } from '../../src/client/client.js'
import { Child } from '../journal/children/child.js'
import { WorkerSocket } from '../support/worker-socket.js'

const TOKEN = 'token-of-the-tests'
/** Lines that each process prints before it is killed; most of them are acknowledgements. */
const KILLED_AFTER = [60, 2, 150]

let root: string
let child: Child
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ifab-push-'))
})
afterEach(async () => {
  await child.kill()
  await rm(root, { recursive: true, force: true })
})

/** One life after another on the same data and port. Resolves with the indexes that were acknowledged to senders. */
async function killAgainAndAgain(during: (url: string) => void): Promise<number[]> {
  const acknowledged: number[] = []
  for (const [life, lines] of KILLED_AFTER.entries()) {
    child = new Child('push.mjs', join(root, 'data'))
    await child.printed(1)
    if (life === 0) during(child.lines[0]?.split(' ')[1] ?? '')
    await child.printed(lines)
    await child.kill()
    for (const line of child.lines) if (line.startsWith('sent ')) acknowledged.push(Number(line.slice(5)))
  }
  child = new Child('push.mjs', join(root, 'data'))
  await child.printed(20)
  return acknowledged
}

test('who follows the events through crashes of the server has every entry once', async () => {
  const ending = new AbortController()
  const seen: number[] = []
  let reading: Promise<void> | undefined
  const acknowledged = await killAgainAndAgain((url) => {
    reading = (async () => {
      const client = connect({ url, token: TOKEN })
      for await (const { index } of client.events({ from: 0, signal: ending.signal })) seen.push(index)
    })()
  })
  const last = Math.max(...acknowledged)
  while ((seen.at(-1) ?? -1) <= last) await setTimeout(10)
  ending.abort()
  await reading
  expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index))
}, 60_000)

test('who reads an inbox over the socket through crashes has every message that was acknowledged, in order', async () => {
  const seen: number[] = []
  const ending = new AbortController()
  let reading: Promise<void> | undefined
  const acknowledged = await killAgainAndAgain((url) => {
    reading = (async () => {
      while (!ending.signal.aborted) await readOnce(url, seen, ending.signal)
    })()
  })
  const last = Math.max(...acknowledged)
  while ((seen.at(-1) ?? -1) <= last) await setTimeout(10)
  ending.abort()
  await reading
  const received = new Set(seen)
  expect(acknowledged.filter((index) => !received.has(index))).toEqual([])
  expect(seen).toEqual([...received].sort((a, b) => a - b))
}, 60_000)

/** What one connection brings, from after the last message on. */
async function readOnce(url: string, seen: number[], over: AbortSignal): Promise<void> {
  const worker = await WorkerSocket.open(url, TOKEN).catch(() => undefined)
  if (worker === undefined) return setTimeout(20)
  worker.socket.on('message', (data) => {
    const { push, message } = JSON.parse(String(data))
    if (push === 'message') seen.push(message.index)
  })
  over.addEventListener('abort', () => worker.socket.terminate(), { once: true })
  worker.call('subscribe', { swarm: 'w1', after: seen.at(-1) ?? -1 }).catch(() => undefined)
  await worker.closed
}
