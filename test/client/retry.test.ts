import { expect, test } from 'vitest'
import { pause, retryDelayMs } from '../../src/client/retry.js'

test('pauses between retries grow to two seconds and are spread over their whole length', () => {
  const longest = [0, 1, 2, 3, 10].map((attempt) => retryDelayMs(attempt, () => 1))
  expect(longest).toEqual([50, 100, 200, 400, 2_000])
  expect(retryDelayMs(3, () => 0)).toBe(0)
  expect(retryDelayMs(3, () => 0.5)).toBe(200)
})

test('a pause ends at once with its signal', async () => {
  const ending = new AbortController()
  const paused = pause(1_000_000, ending.signal)
  ending.abort()
  await paused
  await pause(1_000_000, ending.signal)
})
