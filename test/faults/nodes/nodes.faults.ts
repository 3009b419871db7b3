import { expect, test } from 'vitest'
import { ENGINES } from './engines.js'
import { CLOCK_FAULTS, type Fault, NODE_FAULTS, QUORUM_FAULTS, SERVER_FAULTS } from './faults.js'
import { tryFault } from './try-fault.js'

const LIMIT_MS = 180_000

const cases = (faults: Readonly<Record<string, Fault>>) => Object.entries(faults)

for (const engine of ENGINES) {
  engine.describe(`nodes on one server of ${engine.name}`, () => {
    test.each(cases({ ...NODE_FAULTS, ...SERVER_FAULTS }))('%s', { timeout: LIMIT_MS }, async (name, fault) => {
      const verdict = await tryFault({ engine, name, fault })
      expect(verdict.grants).toBeGreaterThan(20)
    })

    test.each(cases(CLOCK_FAULTS))('%s', { timeout: LIMIT_MS }, async (name, fault) => {
      await tryFault({ engine, name, fault, anyLease: true })
    })
  })

  engine.describe(`nodes on three servers of ${engine.name}`, () => {
    test.each(cases(QUORUM_FAULTS))('%s', { timeout: LIMIT_MS }, async (name, fault) => {
      await tryFault({ engine, servers: 3, name, fault })
    })
  })
}
