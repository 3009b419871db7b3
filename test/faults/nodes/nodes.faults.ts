import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.js'
import { CLOCK_FAULTS, type Fault, NODE_FAULTS, QUORUM_FAULTS, SERVER_FAULTS } from './faults.js'
import { tryFault } from './try-fault.js'

const LIMIT_MS = 180_000

/** Every fault with every engine, one after the other; minutes in all. */
describe.each(ENGINES)('nodes on $name', (engine) => {
  const cases = (faults: Readonly<Record<string, Fault>>) => Object.keys(faults)

  engine.describe('with one server', () => {
    const all = { ...NODE_FAULTS, ...SERVER_FAULTS }
    test.each(cases(all))('%s', { timeout: LIMIT_MS }, async (name) => {
      const verdict = await tryFault({ engine, name, fault: all[name] as Fault })
      expect(verdict.grants).toBeGreaterThan(20)
    })

    test.each(cases(CLOCK_FAULTS))('%s', { timeout: LIMIT_MS }, async (name) => {
      await tryFault({ engine, name, fault: CLOCK_FAULTS[name] as Fault, anyLease: true })
    })
  })

  engine.describe('with three servers', () => {
    const all = { ...QUORUM_FAULTS, 'the leader is killed': NODE_FAULTS['the leader is killed'] as Fault }
    test.each(cases(all))('%s', { timeout: LIMIT_MS }, async (name) => {
      await tryFault({ engine, servers: 3, name, fault: all[name] as Fault })
    })
  })
})
