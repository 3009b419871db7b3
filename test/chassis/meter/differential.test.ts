import { describe, expect, test } from 'vitest'
import { CORPUS } from '../support/corpus.js'
import { countInstructions } from '../support/count.js'
import { engine } from '../support/engine.js'
import { generateModule } from '../support/generate.js'
import { meter, run, runMetered } from '../support/run.js'
import { assemble, module } from '../support/text.js'

const GENERATED = 60

/** The rewritten module does what the original does, for enough fuel. Returns the instructions of all calls. */
function agree(bytes: Uint8Array, calls: readonly (readonly [string, ...unknown[]])[]): bigint {
  let total = 0n
  expect(engine.validate(bytes)).toBe(true)
  expect(engine.validate(meter(bytes))).toBe(true)
  for (const [name, ...values] of calls) {
    const { results, trap } = run(bytes, name, values)
    const metered = runMetered(bytes, name, values)
    expect({ name, values, results: metered.results, trap: metered.trap }).toEqual({ name, values, results, trap })
    expect(metered.fault).toBeUndefined()
    // Nothing runs that was not paid for.
    const instructions = countInstructions(bytes, name, values)
    expect(metered.fuel).toBeGreaterThanOrEqual(instructions)
    total += instructions
    expect(runMetered(bytes, name, values).fuel).toBe(metered.fuel)
  }
  return total
}

describe('a rewritten module gives what the original gives, and pays for each instruction', () => {
  test.each(CORPUS)('$name', ({ text, calls }) => {
    expect(agree(module(text), calls)).toBeGreaterThan(0n)
  })

  test(`in ${GENERATED} generated modules`, () => {
    let instructions = 0n
    for (let seed = 1; seed <= GENERATED; seed += 1) {
      const { text, calls } = generateModule(seed)
      const bytes = assemble(text)
      try {
        instructions += agree(bytes, calls)
      } catch (error) {
        throw new Error(`seed ${seed} differs:\n${text}`, { cause: error })
      }
    }
    expect(instructions).toBeGreaterThan(10_000n)
  })
})
