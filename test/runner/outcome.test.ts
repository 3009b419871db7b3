import { describe, expect, test } from 'vitest'
import { RUN_ENDS, type RunReport } from '../../src/chassis/sandbox/run.js'
import { outcomeOf, shortText } from '../../src/runner/outcome.js'

const bytes = (text: string) => new TextEncoder().encode(text)

function report(over: Partial<RunReport> = {}): RunReport {
  return {
    ...{ end: 'completed', output: bytes(''), fuel: 1_234, memoryBytes: 65_536, wallMs: 3.2, cpuMs: 0, hostCalls: 0 },
    jail: 'bubblewrap',
    ...over,
  }
}

describe('what becomes of a task whose module has run', () => {
  test('a good end completes it, with what it cost, its output and the beginning of that as summary', () => {
    expect(outcomeOf(report({ output: bytes('{"words":3}\n') }), [], undefined)).toEqual({
      kind: 'complete',
      evidence: [
        {
          kind: 'note',
          text: 'Its module ended well: 1234 fuel, 65536 bytes of memory, 4 ms (0 ms of processor time), 0 host calls, jail bubblewrap.',
        },
        { kind: 'note', text: 'Its output:\n{"words":3}' },
      ],
      summary: '{"words":3}',
    })
  })

  test('a long output is a blob, and its beginning the summary', () => {
    const output = bytes('€'.repeat(3_000))
    expect(shortText(output)).toBeUndefined()
    expect(outcomeOf(report({ output }), [], 'b'.repeat(64))).toMatchObject({
      evidence: [{ kind: 'note' }, { kind: 'file', path: 'output', sha256: 'b'.repeat(64) }],
      summary: `${'€'.repeat(497)}...`,
    })
  })

  test('an output with characters that hide or turn text is a blob, and its summary shows them', () => {
    const output = bytes('ok \u202egnp.exe\u2069\u200b\u2028Its module ended well\n\tso it says')
    expect(shortText(output)).toBeUndefined()
    expect(outcomeOf(report({ output }), [], 'b'.repeat(64))).toMatchObject({
      evidence: [{ kind: 'note' }, { kind: 'file', path: 'output', sha256: 'b'.repeat(64) }],
      summary: 'ok \\u202egnp.exe\\u2069\\u200b\\u2028Its module ended well\n\tso it says',
    })
  })

  test('what the module logged last goes with it, good or bad', () => {
    const lines = Array.from({ length: 300 }, (_, index) => ({ level: 'info' as const, text: `line ${index}` }))
    const done = outcomeOf(report(), lines, undefined)
    expect(done.kind === 'complete' && done.evidence.at(-1)).toMatchObject({
      text: expect.stringMatching(/^Its log:\n(?:info: line \d+\n)+info: line 299$/),
    })
    const failed = outcomeOf(
      report({ end: 'failed', code: 1 }),
      [{ level: 'error', text: 'Error: no such page' }],
      undefined,
    )
    expect(failed).toMatchObject({
      reason: 'the module says that it failed (code 1)\nIts log:\nerror: Error: no such page',
    })
    const most = { kind: 'fail', reason: expect.any(String) }
    const long = outcomeOf(report({ end: 'trap', message: 'x'.repeat(5_000) }), lines, undefined)
    expect(long).toMatchObject(most)
    expect((long as { reason: string }).reason.length).toBeLessThanOrEqual(2_048)
  })

  test.each([
    ['nothing', bytes(' \n')],
    ['no text', Uint8Array.of(0xff, 0xfe, 0)],
    ['control characters', bytes('\u001b[31mred')],
  ])('an output of %s has no summary', (_what, output) => {
    expect(outcomeOf(report({ output }), [], undefined)).not.toHaveProperty('summary')
  })

  test('a summary is cut between characters', () => {
    const { summary } = outcomeOf(report({ output: bytes('€'.repeat(3_000)) }), [], undefined) as { summary: string }
    expect(summary).toBe(`${'€'.repeat(497)}...`)
    const emoji = outcomeOf(report({ output: bytes(`a${'😀'.repeat(600)}`) }), [], undefined) as { summary: string }
    expect(emoji.summary).toBe(`a${'😀'.repeat(248)}...`)
  })

  test('only an end that the next attempt may not have is tried again', () => {
    const retried = (hostCalls: number) =>
      RUN_ENDS.filter((end) => (outcomeOf(report({ end, hostCalls }), [], undefined) as { retry?: boolean }).retry)
    expect(retried(0)).toEqual(['failed', 'deadline', 'cpu', 'protocol', 'crashed'])
    expect(retried(1)).toEqual(RUN_ENDS.filter((end) => end !== 'completed' && end !== 'cancelled'))
  })

  test('a failure says how it ended, and what the module or the sandbox said', () => {
    expect(outcomeOf(report({ end: 'failed', code: 3, message: 'run gave 3' }), [], undefined)).toMatchObject({
      reason: 'the module says that it failed (code 3)',
    })
  })

  test('a run that was ended from outside says nothing of the work', () => {
    expect(outcomeOf(report({ end: 'cancelled' }), [], undefined)).toEqual({ kind: 'none' })
  })
})
