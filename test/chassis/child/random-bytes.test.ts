import { expect, test } from 'vitest'
import { RandomBytes } from '../../../src/chassis/child/random-bytes.js'

const take = (source: RandomBytes, length: number) => {
  const target = new Uint8Array(length)
  source.fill(target)
  return Buffer.from(target)
}

test('the bytes are the key stream of ChaCha20, as RFC 8439 has it in appendix A.1', () => {
  const zeros = new RandomBytes(new Uint8Array(32))
  expect(take(zeros, 64).toString('hex')).toBe(
    '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7' +
      'da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586',
  )
  expect(take(zeros, 64).toString('hex')).toBe(
    '9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed' +
      '29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f',
  )
})

test('they do not depend on how many are asked for at a time', () => {
  const key = Uint8Array.from({ length: 32 }, (_, index) => index)
  const whole = take(new RandomBytes(key), 1_000)
  const source = new RandomBytes(key)
  const parts = [1, 63, 64, 65, 0, 128, 679].map((length) => take(source, length))
  expect(Buffer.concat(parts).equals(whole)).toBe(true)
})
