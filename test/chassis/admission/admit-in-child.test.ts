import { describe, expect, test } from 'vitest'
import { admitModule } from '../../../src/chassis/admission/admit.js'
import { admitInChild } from '../../../src/chassis/admission/admit-in-child.js'
import { DEFAULT_METER_LIMITS } from '../../../src/chassis/meter/limits.js'
import { MODULE_CAPS } from '../../../src/chassis/wasm/caps.js'
import { isFabricError } from '../../../src/model/errors.js'
import { module } from '../support/text.js'

const fine = module('(memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0))')

/** The error that comes of it, as it is reported. */
async function refusalOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error) => {
      if (!isFabricError(error)) throw error
      return error.report()
    },
  )
}

describe('admission in a process of its own', () => {
  test('gives the same module as admission in this one', async () => {
    const limits = { ...DEFAULT_METER_LIMITS, memoryPages: 3 }
    const [here, there] = await Promise.all([admitModule(fine, { limits }), admitInChild(fine, { limits })])
    expect(there.digest).toBe(here.digest)
    expect(Buffer.from(there.metered).equals(here.metered)).toBe(true)
  })

  test.each([
    ['garbage', Buffer.from('this is no module')],
    ['an import that is not allowed', module('(import "env" "exec" (func))')],
    ['more memory than allowed', module('(memory 5000)')],
    [
      'types that do not fit',
      Buffer.from('0061736d0100000001050160000 17f03020100070501017800000a040102000b'.replace(' ', ''), 'hex'),
    ],
    ['more bytes than allowed', new Uint8Array(MODULE_CAPS.bytes + 1)],
  ])('refuses %s with the same words', async (_name, bytes) => {
    const [here, there] = await Promise.all([refusalOf(admitModule(bytes)), refusalOf(admitInChild(bytes))])
    expect(here).toMatchObject({ code: 'MODULE_REFUSED' })
    expect(there).toEqual(here)
  })

  test.each([
    ['time', { wallMs: 1, dataBytes: 2 ** 31 }, /it took too long/],
    ['memory', { wallMs: 60_000, dataBytes: 2 ** 22 }, /it ended /],
  ])('refuses what takes too much %s', async (_name, bounds, reason) => {
    const refusal = await refusalOf(admitInChild(fine, {}, bounds))
    expect(refusal).toMatchObject({
      code: 'MODULE_REFUSED',
      message: expect.stringMatching(reason),
      details: { reason: 'not_validated' },
    })
  })
})
