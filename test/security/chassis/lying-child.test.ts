import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { DEFAULT_CONTRACT_LIMITS } from '../../../src/chassis/contract/contract.js'
import type { LoadedModule } from '../../../src/chassis/sandbox/run.js'
import { Sandbox } from '../../../src/chassis/sandbox/sandbox.js'
import { call, HostRecord, text } from '../../chassis/support/sandbox.js'

/** Children whose program is a liar: whoever broke out of WebAssembly can say the same. */
const program = { directory: fileURLToPath(new URL('children', import.meta.url)), file: 'liar.mjs' }
const sandbox = new Sandbox({ program })
afterAll(() => sandbox.close())

const limits = { ...DEFAULT_CONTRACT_LIMITS, outputBytes: 100, logBytes: 100 }

/** A module for the liar: what it does when it is loaded. */
function liar(onLoad = 'load it'): LoadedModule {
  return { digest: onLoad, metered: Buffer.from(onLoad), profile: 'core', limits }
}

/** What comes of a call in which the child says this. */
async function say(lies: string, module = liar()) {
  const host = new HostRecord()
  host.answer = async () => 'an answer'
  const report = await call(sandbox, module, { input: Buffer.from(lies), host })
  return { ...report, host }
}

describe('a child that lies', () => {
  test('is believed what it may say', async () => {
    const report = await say('good')
    expect([report.end, text(report.output)]).toEqual(['completed', 'a good end'])
  })

  test.each([
    ['huge-frame', 'it sent a frame of 4294967295 bytes, and 635 are allowed'],
    ['large-frame', /^it sent a frame of 67108864 bytes, and \d+ are allowed$/],
    ['unknown-type', 'it sent a frame of type 99 when it may not'],
    ['type-of-parent', 'it sent a frame of type 1 when it may not'],
    ['ready-again', 'it sent a frame of type 16 when it may not'],
    ['loaded-again', 'it sent a frame of type 17 when it may not'],
    ['second-output', 'it sent a frame of type 20 when it may not'],
    ['log-after-end', 'it sent a frame of type 18 when it may not'],
    ['short-end', 'it told of an end that cannot be'],
    ['unknown-end', 'it told of an end that cannot be'],
    ['negative-fuel', 'it told of an end that cannot be'],
    ['more-fuel', 'it told of an end that cannot be'],
    ['more-memory', 'it told of an end that cannot be'],
    ['a-byte-more-memory', 'it told of an end that cannot be'],
    ['no-number', 'it told of an end that cannot be'],
    ['wrong-success', 'it told of an end that cannot be'],
    ['long-message', 'it told of an end that cannot be'],
    ['much-output', 'it told of an end that cannot be'],
    ['much-log', 'it sent a log line that it may not'],
    ['many-lines', 'it sent a log line that it may not'],
    ['wrong-level', 'it sent a log line that it may not'],
    ['full-twice', 'it said twice that its log is full'],
    ['two-requests', 'it sent a frame of type 19 when it may not'],
    ['end-in-request', 'it sent a frame of type 20 when it may not'],
  ])('with %s is killed, and the host goes on', async (lie, message) => {
    const report = await say(lie)
    expect(report).toMatchObject({ end: 'protocol', message: expect.stringMatching(message), fuel: 0 })
    expect(report.output).toHaveLength(0)
    expect((await say('good')).end).toBe('completed')
  })

  test('is given no second answer, and what it asked for is given up', async () => {
    const { host } = await say('two-requests')
    expect(host.requests).toEqual(['one'])
  })

  test('is given no more answers than it reads', async () => {
    const host = new HostRecord()
    host.answer = async () => 'x'.repeat(8 * 1024 * 1024)
    const report = await call(sandbox, liar(), { input: Buffer.from('deaf'), host })
    expect([report.end, host.requests]).toEqual(['protocol', ['one']])
  })

  test.each(['half-a-frame', 'die', 'abort', 'kill'])(
    'that ends by itself (%s) has crashed, and the host goes on',
    async (lie) => {
      expect((await say(lie)).end).toBe('crashed')
      expect((await say('good')).end).toBe('completed')
    },
  )

  test.each(['good', 'unknown-type', 'huge-frame', 'ready-again'])(
    'that answers %s when it is loaded is killed',
    async (lie) => {
      expect((await say('good', liar(lie))).end).toBe('protocol')
    },
  )

  test('that dies when it is loaded has crashed', async () => {
    expect((await say('good', liar('die'))).end).toBe('crashed')
  })

  test('that says nothing is killed at its deadline', async () => {
    const silent = { ...liar(), limits: { ...limits, wallMs: 100 } }
    expect((await say('say-nothing', silent)).end).toBe('deadline')
  })
})
