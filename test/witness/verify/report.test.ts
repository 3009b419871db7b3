import { describe, expect, test } from 'vitest'
import { exitOf, reportOf } from '../../../src/witness/verify/report.js'
import type { Verdict } from '../../../src/witness/verify/verdict.js'
import type { Verdicts } from '../../../src/witness/verify/verify.js'

const verdict = <Code extends string>(said: string): Verdict<Code> => {
  const [status, code] = said.split(' ')
  return {
    status,
    code,
    message: said,
    details: code?.startsWith('quorum') ? { cosignatures: [] } : {},
  } as Verdict<Code>
}

function verdicts(said: Partial<Record<keyof Verdicts, string>> = {}): Verdicts {
  const {
    integrity = 'ok intact',
    signature = 'ok signed',
    freshness = 'ok extends',
    completeness = 'not_asked not_asked',
  } = said
  return {
    integrity: verdict(integrity),
    signature: verdict(signature),
    freshness: verdict(freshness),
    completeness: verdict(completeness),
  }
}

describe('the exit code', () => {
  test.each([
    [0, {}],
    [0, { completeness: 'ok complete' }],
    [10, { integrity: 'failed entry_mismatch', signature: 'failed unsigned', freshness: 'failed forked' }],
    [11, { signature: 'failed unsigned', freshness: 'failed forked', completeness: 'failed entries_missing' }],
    [12, { signature: 'unchecked no_trusted_key', freshness: 'failed forked', completeness: 'failed entries_missing' }],
    [13, { freshness: 'unchecked nothing_remembered', completeness: 'failed entries_missing' }],
    [14, { signature: 'unchecked no_trusted_key' }],
    [14, { freshness: 'unchecked nothing_remembered' }],
    [14, { completeness: 'unchecked beyond_checkpoint' }],
  ])('is %i for %j', (exit, said) => {
    expect(exitOf(verdicts(said))).toBe(exit)
  })
})

describe('the report', () => {
  const checkpoint = { origin: 'log.example', size: 7, root: Buffer.alloc(32) }
  const report = (said: Partial<Record<keyof Verdicts, string>> = {}) =>
    reportOf({ source: 'here', checkpoint, verdicts: verdicts(said), remembered: { path: 'marks', saved: true } })

  test('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(report()))).toMatchObject({
      source: 'here',
      checkpoint: { origin: 'log.example', size: 7, root: checkpoint.root.toString('base64') },
      exit: 0,
    })
  })

  test('says what a clean run proves and what it does not', () => {
    const { proves, doesNotProve } = report({ completeness: 'ok complete' })
    expect(proves).toBe(
      'This run proves that the 7 entries are exactly those of the checkpoint, the holder of the key of log.example signed it, nothing that was verified before was removed or changed since and the query gave all entries that match what it asked for.',
    )
    expect(doesNotProve).toBe(
      'It does not prove that everything that happened was written or that others are shown the same log, for which it takes cosignatures.',
    )
  })

  test('takes a met quorum as word of others', () => {
    const { proves, doesNotProve } = report({ freshness: 'ok quorum_met' })
    expect(proves).toContain('a quorum of others has seen the same log')
    expect(proves).not.toContain('verified before')
    expect(doesNotProve).toBe('It does not prove that everything that happened was written.')
  })

  test('claims nothing that was not checked', () => {
    const { proves, doesNotProve } = report({
      signature: 'unchecked no_trusted_key',
      freshness: 'unchecked nothing_remembered',
    })
    expect(proves).toBe('This run proves that the 7 entries are exactly those of the checkpoint.')
    expect(doesNotProve).toContain('whose log this is, that this is its newest state')
  })

  test('names what failed', () => {
    expect(report({ freshness: 'failed forked' }).proves).toMatch(/, but freshness failed\.$/)
    expect(report({ integrity: 'failed entry_mismatch' }).proves).toBe('This run proves that the log is not intact.')
  })
})
