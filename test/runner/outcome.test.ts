import { describe, expect, test } from 'vitest'
import { RUN_ENDS, type RunReport } from '../../src/chassis/sandbox/run.js'
import { outcomeOf } from '../../src/runner/outcome.js'

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
    expect(outcomeOf(report({ output: bytes('{"words":3}\n') }), { sha256: 'a'.repeat(64) })).toEqual({
      kind: 'complete',
      evidence: [
        {
          kind: 'note',
          text: 'Its module ended well: 1234 fuel, 65536 bytes of memory, 4 ms (0 ms of processor time), 0 host calls, jail bubblewrap.',
        },
        { kind: 'file', path: 'output', sha256: 'a'.repeat(64) },
      ],
      summary: '{"words":3}',
    })
  })

  test.each([
    ['nothing', bytes(' \n')],
    ['no text', Uint8Array.of(0xff, 0xfe, 0)],
    ['control characters', bytes('\u001b[31mred')],
  ])('an output of %s has no summary', (_what, output) => {
    expect(outcomeOf(report({ output }), undefined)).not.toHaveProperty('summary')
  })

  test('a summary is cut between characters', () => {
    const { summary } = outcomeOf(report({ output: bytes('€'.repeat(3_000)) }), undefined) as { summary: string }
    expect(summary).toBe(`${'€'.repeat(497)}...`)
    const emoji = outcomeOf(report({ output: bytes(`a${'😀'.repeat(600)}`) }), undefined) as { summary: string }
    expect(emoji.summary).toBe(`a${'😀'.repeat(248)}...`)
  })

  test('only an end that the next attempt may not have is tried again', () => {
    const retried = (hostCalls: number) =>
      RUN_ENDS.filter((end) => (outcomeOf(report({ end, hostCalls }), undefined) as { retry?: boolean }).retry)
    expect(retried(0)).toEqual(['failed', 'deadline', 'cpu', 'protocol', 'crashed'])
    expect(retried(1)).toEqual(RUN_ENDS.filter((end) => end !== 'completed' && end !== 'cancelled'))
  })

  test('a failure says how it ended, and what the module or the sandbox said', () => {
    expect(outcomeOf(report({ end: 'failed', code: 3, message: 'no such page' }), undefined)).toMatchObject({
      reason: 'the module says that it failed (code 3): no such page',
    })
  })

  test('a run that was ended from outside says nothing of the work', () => {
    expect(outcomeOf(report({ end: 'cancelled' }), undefined)).toEqual({ kind: 'none' })
  })
})
