import { expect, test } from 'vitest'
import { isHeldBy, isLive } from '../../../src/chassis/credential/credential.js'

test('a credential ends with the millisecond of its expiry', () => {
  expect(isLive({ expiresAt: 1_000 }, 999)).toBe(true)
  expect(isLive({ expiresAt: 1_000 }, 1_000)).toBe(false)
  expect(isLive({ expiresAt: 1_000 }, 1_001)).toBe(false)
})

test('a credential is a right of one claim only', () => {
  const holder = { swarm: 'a', task: 'T', epoch: 7 }
  expect(isHeldBy(holder, { ...holder })).toBe(true)
  for (const other of [{ swarm: 'b' }, { task: 'U' }, { epoch: 8 }]) {
    expect(isHeldBy(holder, { ...holder, ...other })).toBe(false)
  }
})
