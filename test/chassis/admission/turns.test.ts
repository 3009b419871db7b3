import { expect, test } from 'vitest'
import { Turns } from '../../../src/chassis/admission/turns.js'

/** Work that is begun and waits for its end. */
function works(turns: Turns) {
  const begun: number[] = []
  const ends: (() => void)[] = []
  const begin = (name: number) =>
    turns.take(async () => {
      begun.push(name)
      await new Promise<void>((resolve) => ends.push(resolve))
      return name
    })
  return { begun, ends, begin }
}

test('so much runs at a time, and the rest in its order', async () => {
  const { begun, ends, begin } = works(new Turns({ running: 2, waiting: 10 }))
  const all = [1, 2, 3, 4, 5].map(begin)
  expect(begun).toEqual([1, 2])
  ends[1]?.()
  await all[1]
  await expect.poll(() => begun).toEqual([1, 2, 3])
  for (let at = 0; at < 5; at++) {
    await expect.poll(() => ends.length).toBeGreaterThan(at)
    ends[at]?.()
  }
  expect(await Promise.all(all)).toEqual([1, 2, 3, 4, 5])
  expect(begun).toEqual([1, 2, 3, 4, 5])
})

test('more than may wait is refused, and what fails gives its turn on', async () => {
  const turns = new Turns({ running: 1, waiting: 1 })
  const failed = turns.take(async () => {
    throw new Error('no')
  })
  const waiting = turns.take(async () => 'done')
  await expect(turns.take(async () => 'too many')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  await expect(failed).rejects.toThrow('no')
  expect(await waiting).toBe('done')
  expect(await turns.take(async () => 'again')).toBe('again')
})
