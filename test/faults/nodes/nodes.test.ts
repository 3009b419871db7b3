import { expect, test } from 'vitest'
import { ENGINES } from './engines.js'
import { NODE_FAULTS } from './faults.js'
import { tryFault } from './try-fault.js'

/** One of the faults; `npm run test:faults` tries them all. */
const NAME = 'one leader after the other is lost, and then the server'

for (const engine of ENGINES) {
  engine.describe(`nodes on ${engine.name}`, () => {
    test(`keep every promise when ${NAME}`, { timeout: 120_000 }, async () => {
      const fault = NODE_FAULTS[NAME]
      if (fault === undefined) throw new Error('There is no such fault')
      const verdict = await tryFault({ engine, name: NAME, fault })
      expect(verdict.grants).toBeGreaterThan(20)
      expect(verdict.terms).toBeGreaterThan(2)
    })
  })
}
