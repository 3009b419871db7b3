import { readFile, rm, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY_MS, SECOND_MS } from '../../../src/model/time.js'
import { rotationStatement } from '../../../src/witness/identity.js'
import { CosignatureSigner, NoteSigner } from '../../../src/witness/note/signer.js'
import { parseTrustPolicy } from '../../../src/witness/note/trust-policy.js'
import { parseVkey } from '../../../src/witness/note/verifier.js'
import { tilePath } from '../../../src/witness/tree/tile.js'
import { directorySource } from '../../../src/witness/verify/directory-source.js'
import type { Mark } from '../../../src/witness/verify/marks.js'
import { reportOf } from '../../../src/witness/verify/report.js'
import type { VerifyOptions } from '../../../src/witness/verify/verify.js'
import { entriesOf, memoryLog, ORIGIN, outcome, Place, signer } from './logs.js'

let place: Place
beforeEach(async () => {
  place = await Place.open()
})
afterEach(() => place[Symbol.asyncDispose]())

const verify = async (name = 'log') => place.verify({ source: directorySource(place.path(name)) })
const freshness = async (name?: string) => (await verify(name)).verdicts.freshness

async function marks(): Promise<Mark[]> {
  return JSON.parse(await readFile(place.path('marks.json'), 'utf8')).marks
}

describe('the remembered head', () => {
  test('is nothing the first time, and then must be extended', async () => {
    await place.export({ entries: entriesOf(300) })
    const first = await verify()
    expect(outcome(first)).toMatchObject({ freshness: 'unchecked nothing_remembered' })
    expect(first.remembered).toEqual({ path: place.path('marks.json'), saved: true })
    expect(await freshness()).toMatchObject({ status: 'ok', code: 'unchanged' })
    await place.export({ entries: entriesOf(900) })
    expect(await freshness()).toMatchObject({ status: 'ok', code: 'extends', details: { remembered: { size: 300 } } })
    expect((await marks()).map(({ size }) => size)).toEqual([900])
  })

  test.each([0, 1, 255, 256, 257])('of %i entries is found again in a longer log', async (size) => {
    await place.export({ entries: entriesOf(size) })
    await verify()
    await place.export({ entries: entriesOf(size + 300) })
    expect(await freshness()).toMatchObject({ code: 'extends', details: { remembered: { size } } })
  })

  test('finds a log that was rolled back to an older consistent copy, again and again', async () => {
    await place.export({ entries: entriesOf(300) }, 'older')
    await place.export({ entries: entriesOf(301) })
    await verify()
    for (let time = 0; time < 2; time += 1) {
      const found = await verify('older')
      expect(outcome(found)).toMatchObject({
        integrity: 'ok intact',
        signature: 'ok signed',
        freshness: 'failed rolled_back',
      })
      expect(found.remembered.saved).toBe(false)
    }
    expect((await marks()).map(({ size }) => size)).toEqual([301])
  })

  test('accepts an older checkpoint of a log that still has everything that was seen, and nothing else', async () => {
    const older = await memoryLog({ entries: entriesOf(300) })
    const newer = await memoryLog({ entries: entriesOf(301) })
    await place.verify({ source: newer })
    const source = { ...newer, checkpoint: older.checkpoint }
    expect((await place.verify({ source })).verdicts.freshness).toMatchObject({ status: 'ok', code: 'still_there' })
    expect((await marks()).map(({ size }) => size)).toEqual([301])
    const other = await memoryLog({ entries: [...entriesOf(300), Buffer.from('other')] })
    const forged = { ...other, checkpoint: older.checkpoint }
    expect((await place.verify({ source: forged })).verdicts.freshness.code).toBe('rolled_back')
  })

  test('finds a fork at equal size, and one behind which the log went on', async () => {
    const entries = entriesOf(300)
    await place.export({ entries })
    await verify()
    const changed = entries.with(150, Buffer.from('another history'))
    await place.export({ entries: changed }, 'equal')
    await place.export({ entries: [...changed, ...entries] }, 'longer')
    for (const fork of ['equal', 'longer']) {
      expect(outcome(await verify(fork))).toMatchObject({
        integrity: 'ok intact',
        signature: 'ok signed',
        freshness: 'failed forked',
      })
    }
  })

  test('is not held against a log of the same origin that has keys of its own', async () => {
    await place.export({ entries: entriesOf(300) })
    await verify()
    const other = NoteSigner.generate(ORIGIN)
    await place.export({ entries: entriesOf(10, 'other'), sign: (text) => [other.sign(text)] }, 'other')
    const trust = { keys: [parseVkey(other.vkey)], from: 'given' as const }
    const found = await place.verify({ source: directorySource(place.path('other')), trust })
    expect(outcome(found)).toMatchObject({ signature: 'ok signed', freshness: 'unchecked nothing_remembered' })
    expect(found.verdicts.freshness.message).toMatch(/is remembered under other keys \(log\.example\+[0-9a-f]{8}\)/)
    expect(await marks()).toHaveLength(2)
  })

  test('is of the log whose key signed, where keys of several logs of one origin are trusted', async () => {
    const other = NoteSigner.generate(ORIGIN)
    const trust = { keys: [signer.vkey, other.vkey].map(parseVkey), from: 'given' as const }
    await place.export({ entries: entriesOf(300) })
    await place.export({ entries: entriesOf(10, 'other'), sign: (text) => [other.sign(text)] }, 'other')
    for (const name of ['log', 'other']) {
      await place.verify({ source: directorySource(place.path(name)), trust })
      const again = await place.verify({ source: directorySource(place.path(name)), trust })
      expect(outcome(again)).toMatchObject({ freshness: 'ok unchanged' })
    }
  })

  test('is held against a log without a trusted key, too', async () => {
    await place.export({ entries: entriesOf(300) })
    await verify()
    await place.export({ entries: entriesOf(200) }, 'older')
    const found = await place.verify({ source: directorySource(place.path('older')), trust: undefined })
    expect(outcome(found)).toMatchObject({ signature: 'unchecked no_trusted_key', freshness: 'failed rolled_back' })
  })

  test('follows the log to another key, and back when a copy from before is shown', async () => {
    const next = NoteSigner.generate(ORIGIN)
    const statement = rotationStatement(ORIGIN, signer.vkey, next.vkey)
    const data = { vkey: next.vkey, previous: signer.vkey, signature: signer.signature(statement).toString('base64') }
    const rotation = Buffer.from(JSON.stringify({ type: 'infrafabric.witness.key_rotated.v1', data }))
    await place.export({ entries: entriesOf(5) }, 'before')
    await verify('before')
    const entries = [...entriesOf(5), rotation, ...entriesOf(3)]
    await place.export({ entries, sign: (text) => [next.sign(text)] })
    const trust = { keys: [parseVkey(next.vkey)], from: 'own' as const }
    expect(outcome(await place.verify({ trust }))).toMatchObject({ freshness: 'ok extends' })
    expect(await marks()).toHaveLength(1)
    expect(await freshness('before')).toMatchObject({ code: 'rolled_back' })
  })

  test('is not replaced when anything failed', async () => {
    const log = await place.export({ entries: entriesOf(300) })
    await rm(`${log}/${tilePath(0, 0, 256)}`)
    expect((await verify()).remembered.saved).toBe(false)
    await expect(marks()).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('cannot be compared with entries that are not those of the checkpoint', async () => {
    await place.export({ entries: entriesOf(300) })
    await verify()
    const log = await place.export({ entries: entriesOf(600) })
    const path = `${log}/${tilePath('entries', 0, 256)}`
    const bundle = await readFile(path)
    bundle[5] = 0
    await writeFile(path, bundle)
    expect(outcome(await verify())).toMatchObject({
      integrity: 'failed entry_mismatch',
      freshness: 'unchecked log_unreadable',
    })
  })
})

describe('a quorum', () => {
  const [first, second] = ['a.example', 'b.example'].map((name) => CosignatureSigner.generate(name))
  if (first === undefined || second === undefined) throw new Error('two cosigners')
  const policy = parseTrustPolicy(
    `log ${signer.vkey}\nwitness a ${first.vkey}\nwitness b ${second.vkey}\ngroup both all a b\nquorum both\n`,
  )

  const sign = (text: string) => [signer.sign(text), first.sign(text, 1_000), second.sign(text, 2_000)]
  const at = async (seconds: number, options: Partial<VerifyOptions> = {}) =>
    place.verify({ policy, now: seconds * SECOND_MS, ...options })

  test('that is met makes a log fresh of which nothing is remembered', async () => {
    await place.export({ entries: entriesOf(10), sign })
    const { freshness: found } = (await at(2_000)).verdicts
    expect(found).toMatchObject({
      status: 'ok',
      code: 'quorum_met',
      details: { cosignatures: [{ name: 'a', at: '1970-01-01T00:16:40.000Z' }, { name: 'b' }], ageMs: 1_000_000 },
    })
    expect(found.message).toContain('b at 1970-01-01T00:33:20.000Z')
  })

  describe('is fresh for a while only', () => {
    beforeEach(async () => {
      await place.export({ entries: entriesOf(10), sign })
    })
    const said = async (...args: Parameters<typeof at>) => outcome(await at(...args)).freshness

    test('by its oldest cosignature, a day unless another age is given', async () => {
      expect(await said(1_000 + 86_400)).toBe('ok quorum_met')
      await rm(place.path('marks.json'))
      const old = await at(1_001 + 86_400)
      expect(old.verdicts.freshness).toMatchObject({
        status: 'unchecked',
        code: 'quorum_old',
        details: { ageMs: DAY_MS + SECOND_MS, maxAgeMs: DAY_MS },
      })
      expect(old.verdicts.freshness.message).toContain('24 hours ago, so that the log may have gone on since')
      expect(reportOf(old)).toMatchObject({
        exit: 14,
        proves: expect.stringContaining('a quorum of others has seen the same log'),
        doesNotProve: expect.stringMatching(/newest state\.$/),
      })
      await rm(place.path('marks.json'))
      expect(await said(4_000, { maxAgeMs: 3_000 * SECOND_MS })).toBe('ok quorum_met')
      await rm(place.path('marks.json'))
      expect(await said(4_001, { maxAgeMs: 3_000 * SECOND_MS })).toBe('unchecked quorum_old')
    })

    test('by the cosignatures that it takes: the others may be older', async () => {
      const any = parseTrustPolicy(`witness a ${first.vkey}\nwitness b ${second.vkey}\ngroup g any a b\nquorum g\n`)
      const maxAgeMs = 500 * SECOND_MS
      expect((await at(2_500, { policy: any, maxAgeMs })).verdicts.freshness).toMatchObject({
        code: 'quorum_met',
        details: { ageMs: maxAgeMs },
      })
      await rm(place.path('marks.json'))
      expect(await said(2_501, { policy: any, maxAgeMs })).toBe('unchecked quorum_old')
    })

    test('and not before it was cosigned, but for minutes between two clocks', async () => {
      expect(await said(1_700)).toBe('ok quorum_met')
      await rm(place.path('marks.json'))
      expect(await said(1_699)).toBe('unchecked quorum_in_future')
    })

    test('except that the log still extends what is remembered, with its age', async () => {
      await verify()
      const found = await at(1_000 + 5 * 86_400)
      expect(outcome(found)).toMatchObject({ freshness: 'ok unchanged' })
      expect(found.verdicts.freshness.message).toContain('5 days ago')
      expect(reportOf(found)).toMatchObject({ exit: 0, doesNotProve: expect.not.stringContaining('newest') })
    })
  })

  test('that is not met fails, also when the log extends what is remembered', async () => {
    await place.export({ entries: entriesOf(10), sign: (text) => [signer.sign(text), first.sign(text, 1_000)] })
    expect(outcome(await place.verify({ policy }))).toMatchObject({ freshness: 'failed quorum_not_met' })
    await verify()
    const { freshness: found } = (await place.verify({ policy })).verdicts
    expect(found).toMatchObject({ status: 'failed', code: 'quorum_not_met' })
  })

  test('that is met does not excuse a log that was rolled back', async () => {
    await place.export({ entries: entriesOf(20) }, 'newer')
    await verify('newer')
    await place.export({ entries: entriesOf(10), sign })
    const { freshness: found } = (await place.verify({ policy })).verdicts
    expect(found).toMatchObject({ status: 'failed', code: 'rolled_back' })
    expect(found.message).toContain('The quorum is met')
  })
})
