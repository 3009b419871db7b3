import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Random } from '../../simulation/random.js'
import { CORPUS } from '../support/corpus.js'
import { engine } from '../support/engine.js'
import { generateModule } from '../support/generate.js'
import { reasonOf, refusal } from '../support/refusal.js'
import { meter } from '../support/run.js'
import { assemble, module } from '../support/text.js'

const seeds = [
  ...CORPUS.map(({ text }) => module(text)),
  ...[1, 2, 3].map((seed) => assemble(generateModule(seed).text)),
]

/** Bytes that mean most in this format: bounds of numbers, opcodes, types. */
const TELLING = [0x00, 0x01, 0x03, 0x04, 0x05, 0x0b, 0x0e, 0x40, 0x60, 0x6f, 0x70, 0x7b, 0x7f, 0x80, 0xfc, 0xfd, 0xff]

/** One to four bytes are changed, put in or taken out. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const mutated = [...bytes]
  for (let count = random.chance(0.6) ? 1 : 1 + random.below(4); count > 0; count -= 1) {
    // The header is not where it gets interesting.
    const at = 8 + random.below(Math.max(1, mutated.length - 8))
    const byte = random.chance(0.6) ? random.pick(TELLING) : random.below(256)
    if (random.chance(0.7)) mutated[at] = byte
    else if (random.chance(0.5)) mutated.splice(at, 0, byte)
    else mutated.splice(at, 1 + random.below(3))
  }
  return Uint8Array.from(mutated)
}

describe('hostile bytes', () => {
  test('are refused with a reason, or read: no other error comes out', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        refusal(bytes)
        refusal(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...bytes]))
      }),
      { numRuns: 1_000 },
    )
  })

  test('are refused wherever a module is cut off', () => {
    for (const bytes of seeds) {
      const whole = [...Array(bytes.length).keys()].filter((end) => refusal(bytes.subarray(0, end)) === undefined)
      // Between sections a shorter module may stand alone.
      expect(whole.filter((end) => !engine.validate(bytes.slice(0, end)))).toEqual([])
      expect(whole.length).toBeLessThan(12)
    }
  })

  test('that are read and that the engine finds valid can be rewritten, and stay valid', () => {
    const random = new Random(20_260_101)
    const tally = { refused: 0, invalid: 0, rewritten: 0 }
    for (let round = 0; round < 4_000; round += 1) {
      const bytes = mutate(random.pick(seeds), random)
      if (refusal(bytes) !== undefined) {
        tally.refused += 1
        continue
      }
      if (!engine.validate(bytes)) {
        tally.invalid += 1
        // Even what the engine would not take is rewritten or refused, never more.
        reasonOf(() => meter(bytes))
        continue
      }
      const reason = reasonOf(() => expect(engine.validate(meter(bytes))).toBe(true))
      // A memory or table may have become too large.
      expect([undefined, 'memory_refused', 'table_refused', 'reserved_name']).toContain(reason)
      tally.rewritten += 1
    }
    expect(tally.refused).toBeGreaterThan(500)
    expect(tally.invalid).toBeGreaterThan(40)
    expect(tally.rewritten).toBeGreaterThan(200)
  })

  test('that the engine takes are taken here too, unless they are of a kind that is refused', () => {
    const random = new Random(42)
    for (let round = 0; round < 2_500; round += 1) {
      const bytes = mutate(random.pick(seeds), random)
      const reason = refusal(bytes)
      if (reason !== 'malformed') continue
      expect({ bytes: Buffer.from(bytes).toString('hex'), valid: engine.validate(bytes) }).toMatchObject({
        valid: false,
      })
    }
  })
})
