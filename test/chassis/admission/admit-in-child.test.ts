import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { AdmissionProcess } from '../../../src/chassis/admission/admission-process.js'
import { admitModule, moduleDigest } from '../../../src/chassis/admission/admit.js'
import { admitInChild } from '../../../src/chassis/admission/admit-in-child.js'
import { JAIL_LEVELS } from '../../../src/chassis/jail/levels.js'
import { nodeBinary } from '../../../src/chassis/jail/program.js'
import { DEFAULT_METER_LIMITS } from '../../../src/chassis/meter/limits.js'
import { MODULE_CAPS } from '../../../src/chassis/wasm/caps.js'
import { isFabricError } from '../../../src/model/errors.js'
import { LIMITS } from '../../../src/model/limits.js'
import { unsigned } from '../support/binary.js'
import { hasLevel } from '../support/jail-levels.js'
import { module } from '../support/text.js'

const fine = module('(memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0))')

/** Whether a process of this number, started by this one, is Node.js with the program of admission. */
function isAdmission(pid: string): boolean {
  const argv = ofProcess(pid, 'cmdline').split('\0')
  const isProgram = argv[0] === nodeBinary() && argv.some((argument) => argument.endsWith('/admission/admit-main.js'))
  return isProgram && ancestors(pid).includes(process.pid)
}

function ancestors(pid: string): number[] {
  const parent = /^PPid:\s+([1-9]\d*)$/m.exec(ofProcess(pid, 'status'))?.[1]
  return parent === undefined ? [] : [Number(parent), ...ancestors(parent)]
}

function ofProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}

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

  test('is in the strongest jail that this machine has', async () => {
    const process = await AdmissionProcess.start({ wallMs: 20_000, dataBytes: 2 ** 28 })
    process.kill()
    expect(process.level).toBe(JAIL_LEVELS.find(hasLevel))
  })

  test('does not begin where the jail is weaker than it must be', async () => {
    const strongest = JAIL_LEVELS.find(hasLevel)
    const work = admitInChild(fine, { minimumJail: 'bubblewrap' })
    if (strongest === 'bubblewrap') expect((await work).digest).toBe(moduleDigest(fine))
    else expect(await refusalOf(work)).toMatchObject({ code: 'POLICY_VIOLATION', details: { reached: strongest } })
  })

  test('goes on for few modules at a time, whatever number comes at once', async () => {
    const processes = () => readdirSync('/proc').filter((pid) => isAdmission(pid)).length
    const before = processes()
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, processes() - before)
    }, 5)
    const all = await Promise.all(Array.from({ length: 6 }, () => admitInChild(fine)))
    clearInterval(watch)
    expect(new Set(all.map(({ digest }) => digest)).size).toBe(1)
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(2 * LIMITS.admissions)
  })

  test.each([
    ['time', { wallMs: 1, dataBytes: 2 ** 31 }, /it took longer than 1 ms/],
    ['memory', { wallMs: 60_000, dataBytes: 0 }, /did not get through admission/],
  ])('refuses what takes too much %s', async (_name, bounds, reason) => {
    // Nobody has read 8 MiB within a millisecond, or without memory.
    const ballast = Buffer.alloc(8 * 1024 * 1024)
    const large = Buffer.concat([fine, Uint8Array.of(0, ...unsigned(ballast.length)), ballast])
    const refusal = await refusalOf(admitInChild(large, {}, bounds))
    expect(refusal).toMatchObject({
      code: 'MODULE_REFUSED',
      message: expect.stringMatching(reason),
      details: { reason: 'not_validated' },
    })
  })
})
