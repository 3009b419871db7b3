import { describe, expect, test } from 'vitest'
import { Simulation } from './simulation.js'

/** `SEED=7` runs that one; `SIMULATIONS=500` runs more of them than usual. */
const { SEED, SIMULATIONS } = process.env
const seeds =
  SEED === undefined ? Array.from({ length: Number(SIMULATIONS ?? 6) }, (_, position) => position + 1) : [Number(SEED)]

describe('a fabric under a random crowd, with faults, restarts and jumps of time', () => {
  test.each(seeds)('keeps every invariant with SEED=%i', async (seed) => {
    const report = await new Simulation({ seed, swarms: 200, steps: 120 }).run()
    expect(report.accepted).toBeGreaterThan(200)
    if (SEED !== undefined) console.info(report)
  })
})
