import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunEnd } from '../../src/chassis/sandbox/run.js'
import { FABRIC_ACTOR } from '../../src/model/entry.js'
import { makeRun } from '../coordinator/make-run.js'
import { type ServedFabric, serveFabric, TOKEN } from '../support/served-fabric.js'
import { ifab } from './console.js'

const LEVELS = { p99LatencyMs: 500, successRate: 0.9 }

let served: ServedFabric
beforeAll(async () => {
  served = await serveFabric()
})
afterAll(() => served[Symbol.asyncDispose]())

async function run(swarm: string, end: RunEnd, times: number, wallMs = 40): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    await served.fabric.submit(makeRun(swarm, { end, wallMs, levels: LEVELS }), { actor: FABRIC_ACTOR })
  }
}

async function say(...argv: string[]): Promise<string> {
  const { exit, out, err } = await ifab({ IFAB_URL: served.server.url, IFAB_TOKEN: TOKEN }, ...argv)
  expect({ exit, err }).toEqual({ exit: 0, err: '' })
  return out
}

function withoutTimes(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\d( \d\d:\d\d:\d\dZ)?/g, 'TIME')
}

test('ifab chassis slo tells who ran, who breaks a promise, and what comes of it', async () => {
  expect(await say('chassis', 'slo')).toBe('No module has run.\n')
  expect(await say('chassis', 'slo', '--violated')).toBe('Every promise is kept.\n')
  for (const swarm of ['good', 'new']) await say('swarm', 'register', swarm, '--no-token')
  await say('swarm', 'register', 'poor', '--reputation', '0.5', '--no-token')
  await run('good', 'completed', 10)
  await run('new', 'failed', 2)
  await run('poor', 'completed', 98)
  await run('poor', 'deadline', 2, 1_000)
  await run('poor', 'completed', 20)
  await run('poor', 'failed', 10)

  expect(await say('chassis', 'slo')).toBe(
    [
      'SWARM  RUNS  SUCCESS  AVAILABLE  P50    P95    P99      VIOLATES                   REPUTATION',
      'good   10    100 %    100 %      40 ms  40 ms  40 ms    -                          1',
      'new    2     0 %      100 %      40 ms  40 ms  40 ms    -                          1',
      'poor   100   88 %     98 %       40 ms  40 ms  1000 ms  p99 latency, success rate  0.3344',
      '',
    ].join('\n'),
  )
  expect(await say('chassis', 'slo', '--violated')).not.toMatch(/good|new/)
  expect(withoutTimes(await say('chassis', 'slo', 'poor'))).toBe(
    [
      'swarm         poor',
      'runs          130',
      'reputation    0.3344, of which its runs are 0.6688',
      'judged        TIME',
      'p99 latency   violated: 1000 ms, 500 ms promised, error budget 0 %',
      'success rate  violated: 88 %, 90 % promised, error budget 0 %',
      'availability  not promised',
      '',
      'WINDOW     RUNS  SUCCESS  AVAILABLE  P50    P95    P99',
      'newest     100   88 %     98 %       40 ms  40 ms  1000 ms',
      'last hour  130   90.77 %  98.46 %    40 ms  40 ms  1007 ms',
      'last day   130   90.77 %  98.46 %    40 ms  40 ms  1007 ms',
      '',
      'VIOLATED      PROMISED  MEASURED  SINCE                 UNTIL',
      'p99 latency   500 ms    1000 ms   TIME  -',
      'success rate  90 %      89 %      TIME  -',
      '',
      'DAY         REPUTATION',
      'TIME  0.6688',
      '',
    ].join('\n'),
  )
  expect(await say('chassis', 'slo', 'new')).toMatch(/^success rate +90 % promised, too few runs to say$/m)
})

test('a swarm shows what counts, and how it comes about', async () => {
  expect(await say('swarm', 'show', 'poor')).toMatch(/^reputation +0\.3344 \(set 0\.5, measured 0\.6688\)$/m)
  expect(await say('swarm', 'list')).toMatch(/^poor +.* 0\.3344 \(set 0\.5, measured 0\.6688\)$/m)
  await say('task', 'create', 'T1', '--title', 'x')
  expect(await say('governor', 'match', 'T1')).toMatch(/^poor +0\.3344 +1 +0\.3344 /m)
})

test('a swarm that nobody knows is refused', async () => {
  const { exit, err } = await ifab({ IFAB_URL: served.server.url, IFAB_TOKEN: TOKEN }, 'chassis', 'slo', 'nobody')
  expect(exit).toBe(3)
  expect(err).toMatch(/^NOT_FOUND: /)
})
