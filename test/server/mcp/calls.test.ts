import { expect, test } from 'vitest'
import { Calls } from '../../../src/server/mcp/calls.js'

function cancelled(requestId: unknown) {
  return { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }
}

test('a call ends when its caller takes it back, and nobody else’s does', () => {
  const calls = new Calls()
  const mine = calls.begin('alice', 7, [])
  const text = calls.begin('alice', '7', [])
  const other = calls.begin('bob', 7, [])
  calls.takeBack('alice', cancelled(7))
  expect(mine.signal.aborted).toBe(true)
  expect(mine.signal.reason).toMatchObject({ code: 'UNAVAILABLE' })
  expect(text.signal.aborted).toBe(false)
  expect(other.signal.aborted).toBe(false)
})

test('of two calls with one id none is ended, as it could be the wrong one', () => {
  const calls = new Calls()
  const [first, second] = [calls.begin('alice', 1, []), calls.begin('alice', 1, [])]
  calls.takeBack('alice', cancelled(1))
  expect([first.signal.aborted, second.signal.aborted]).toEqual([false, false])
  first.end()
  calls.takeBack('alice', [cancelled(1)])
  expect([first.signal.aborted, second.signal.aborted]).toEqual([false, true])
})

test('a call that has ended is forgotten, and what is no such message changes nothing', () => {
  const calls = new Calls()
  const call = calls.begin('alice', 1, [])
  for (const message of [undefined, null, 7, [], [null], { method: 'notifications/cancelled' }, cancelled({})]) {
    calls.takeBack('alice', message)
  }
  calls.takeBack('alice', { ...cancelled(1), params: null })
  expect(call.signal.aborted).toBe(false)
  call.end()
  calls.takeBack('alice', cancelled(1))
  expect(call.signal.aborted).toBe(false)
})

test('a call ends with its request', () => {
  const calls = new Calls()
  const [gone, over] = [new AbortController(), AbortSignal.abort('over')]
  const call = calls.begin('alice', 1, [gone.signal])
  gone.abort('gone')
  expect(call.signal.reason).toBe('gone')
  expect(calls.begin('alice', 2, [over]).signal.reason).toBe('over')
})
