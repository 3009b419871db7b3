import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Channel, refused, unreachable } from '../../src/channels/channel.js'
import { Courier } from '../../src/channels/courier.js'
import type { Outcome } from '../../src/channels/lane.js'
import type { Notice } from '../../src/channels/notice.js'
import type { EscalationSeverity } from '../../src/model/escalation.js'
import { LIMITS } from '../../src/model/limits.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { makeNotice, until } from './samples.js'

/** A channel whose attempts end as the test says. */
class ScriptedChannel implements Channel {
  readonly minSeverity: EscalationSeverity
  readonly attempts: { readonly notice: Notice; readonly signal: AbortSignal }[] = []
  /** Failures of the next attempts; `hang` never ends, whatever its signal says. */
  script: (Error | 'hang')[] = []

  constructor(
    readonly name: string,
    minSeverity: EscalationSeverity = 'info',
  ) {
    this.minSeverity = minSeverity
  }

  deliver(notice: Notice, signal: AbortSignal): Promise<void> {
    this.attempts.push({ notice, signal })
    const next = this.script.shift()
    if (next === 'hang') return new Promise(() => {})
    return next === undefined ? Promise.resolve() : Promise.reject(next)
  }
}

let timing: FakeTiming
let outcomes: Outcome[]
let channel: ScriptedChannel
let courier: Courier

function open(channels: readonly Channel[], random = () => 1): Courier {
  return new Courier({ channels, timing, random, onOutcome: (outcome) => outcomes.push(outcome) })
}

beforeEach(() => {
  timing = new FakeTiming()
  outcomes = []
  channel = new ScriptedChannel('oncall')
  courier = open([channel])
})
afterEach(() => courier.close())

const delivered = { escalation: 'escalation-42', channel: 'oncall', event: 'opened', delivered: true, attempts: 1 }
const busy = () => unreachable('It is busy.')

/** Lets pass what lies before the next attempt; returns its length. */
async function nextAttempt(): Promise<number> {
  const before = channel.attempts.length
  // No attempt is under way any more: what is left is a pause.
  await until(() => timing.pending === 1 && timing.untilNext !== LIMITS.channelAttemptMs)
  const pauseMs = timing.untilNext ?? 0
  timing.advance(pauseMs)
  await until(() => channel.attempts.length > before)
  return pauseMs
}

describe('a courier', () => {
  test('delivers and says so, and leaves no timer', async () => {
    courier.send(makeNotice())
    await until(() => outcomes.length === 1)
    expect(outcomes).toEqual([delivered])
    expect(timing.pending).toBe(0)
    expect(courier.status).toEqual([{ name: 'oncall', waiting: 0, delivered: 1, failed: 0, dropped: 0 }])
  })

  test('keeps the order, one at a time', async () => {
    channel.script = ['hang']
    for (const id of ['a', 'b', 'c']) courier.send(makeNotice({ id }))
    expect(channel.attempts).toHaveLength(1)
    expect(courier.status[0]).toMatchObject({ waiting: 3 })
    timing.advance(LIMITS.channelAttemptMs)
    await nextAttempt()
    await until(() => outcomes.length === 3)
    expect(outcomes.map(({ escalation, attempts }) => [escalation, attempts])).toEqual([
      ['a', 2],
      ['b', 1],
      ['c', 1],
    ])
  })

  test('sends to whom the severity concerns, and leaves out whom it is told to', async () => {
    const [all, some, few] = [
      new ScriptedChannel('all'),
      new ScriptedChannel('some', 'warning'),
      new ScriptedChannel('few', 'critical'),
    ]
    const three = open([all, some, few])
    three.send(makeNotice({ id: 'a', severity: 'info' }))
    three.send(makeNotice({ id: 'b', severity: 'warning' }))
    three.send(makeNotice({ id: 'c', severity: 'critical' }), ['some'])
    await until(() => outcomes.length === 5)
    const ids = [all, some, few].map(({ attempts }) => attempts.map(({ notice }) => notice.escalation.id).join(''))
    expect(ids).toEqual(['abc', 'b', 'c'])
  })

  test('does not add what is under way or waiting already', async () => {
    channel.script = ['hang']
    for (const id of ['a', 'b', 'a', 'b']) courier.send(makeNotice({ id }))
    courier.send(makeNotice({ id: 'b' }, 'answered'))
    expect(courier.status[0]).toMatchObject({ waiting: 3 })
  })
})

describe('attempts', () => {
  test('come again after pauses that double, and are given up', async () => {
    channel.script = Array.from({ length: 30 }, busy)
    courier.send(makeNotice())
    const pauses: number[] = []
    while (pauses.length < 19) pauses.push((await nextAttempt()) / 1_000)
    expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 128, 256, ...Array.from({ length: 11 }, () => 300)])
    await until(() => outcomes.length === 1)
    expect(outcomes).toEqual([{ ...delivered, delivered: false, attempts: 20, reason: 'It is busy.' }])
    expect(courier.status[0]).toMatchObject({ waiting: 0, failed: 1, lastFailure: 'It is busy.' })
    expect(timing.pending).toBe(0)
  })

  test.each([
    [0, 1_000],
    [0.5, 1_500],
  ])('are spread by chance: %s', async (chance, pauseMs) => {
    courier = open([channel], () => chance)
    channel.script = [busy()]
    courier.send(makeNotice())
    expect(await nextAttempt()).toBe(pauseMs)
    await until(() => outcomes.length === 1)
    expect(outcomes).toEqual([{ ...delivered, attempts: 2 }])
    expect(courier.status[0]).not.toHaveProperty('lastFailure')
  })

  test('wait as long as they are asked to, within bounds', async () => {
    channel.script = [unreachable('Later.', 60_000), unreachable('Now.', 0), unreachable('Next year.', 1e12)]
    courier.send(makeNotice())
    expect([await nextAttempt(), await nextAttempt(), await nextAttempt()]).toEqual([60_000, 4_000, 900_000])
  })

  test('end at once when the failure is final', async () => {
    channel.script = [refused('It is gone.')]
    courier.send(makeNotice())
    await until(() => outcomes.length === 1)
    expect(outcomes).toEqual([{ ...delivered, delivered: false, reason: 'It is gone.' }])
  })

  test('take no longer than they may, and are aborted then', async () => {
    channel.script = ['hang']
    courier.send(makeNotice())
    timing.advance(LIMITS.channelAttemptMs - 1)
    expect(channel.attempts[0]?.signal.aborted).toBe(false)
    timing.advance(1)
    expect(channel.attempts[0]?.signal.aborted).toBe(true)
    await nextAttempt()
    await until(() => outcomes.length === 1)
    expect(outcomes).toEqual([{ ...delivered, attempts: 2 }])
  })

  test('tell nothing of a failure that has no code', async () => {
    channel.script = [new TypeError('https://hooks.example/secret is not a URL')]
    courier.send(makeNotice())
    await until(() => outcomes.length === 1)
    expect(outcomes[0]).toMatchObject({ delivered: false, attempts: 1 })
    expect(JSON.stringify([outcomes, courier.status])).not.toContain('secret')
  })
})

describe('a channel that hangs', () => {
  test('delays no other', async () => {
    const other = new ScriptedChannel('other')
    channel.script = ['hang']
    courier = open([channel, other])
    for (const id of ['a', 'b']) courier.send(makeNotice({ id }))
    await until(() => outcomes.length === 2)
    expect(outcomes.map(({ channel, escalation }) => `${channel} ${escalation}`)).toEqual(['other a', 'other b'])
  })

  test('holds a bounded number of notices, the newest', async () => {
    channel.script = ['hang']
    const extra = 5
    for (let index = 0; index <= LIMITS.channelNotices + extra; index += 1)
      courier.send(makeNotice({ id: `e${index}` }))
    expect(courier.status[0]).toMatchObject({ waiting: LIMITS.channelNotices + 1, dropped: extra })
    expect(outcomes).toHaveLength(extra)
    // The first is under way; those behind it made room.
    expect(outcomes.map(({ escalation }) => escalation)).toEqual(['e1', 'e2', 'e3', 'e4', 'e5'])
    expect(outcomes[0]).toMatchObject({ delivered: false, attempts: 0, reason: expect.stringContaining('Too many') })
  })

  test('lets the lowest severity make room first, whichever is older', () => {
    channel.script = ['hang']
    courier.send(makeNotice({ id: 'under-way' }))
    courier.send(makeNotice({ id: 'budget', severity: 'critical' }))
    courier.send(makeNotice({ id: 'help', severity: 'warning' }))
    for (let index = 2; index < LIMITS.channelNotices; index += 1)
      courier.send(makeNotice({ id: `e${index}`, severity: 'info' }))
    courier.send(makeNotice({ id: 'new', severity: 'critical' }))
    courier.send(makeNotice({ id: 'late', severity: 'info' }))
    expect(outcomes.map(({ escalation }) => escalation)).toEqual(['e2', 'e3'])
    for (let index = 0; index < LIMITS.channelNotices; index += 1)
      courier.send(makeNotice({ id: `c${index}`, severity: 'critical' }))
    const dropped = outcomes.map(({ escalation }) => escalation)
    expect(dropped.slice(-4)).toEqual(['late', 'help', 'budget', 'new'])
  })
})

describe('a close', () => {
  test('aborts the attempt under way, even one that does not listen, and tells no outcome', async () => {
    channel.script = ['hang']
    for (const id of ['a', 'b']) courier.send(makeNotice({ id }))
    await courier.close()
    expect(channel.attempts.map(({ signal }) => signal.aborted)).toEqual([true])
    expect(outcomes).toEqual([])
    expect(timing.pending).toBe(0)
  })

  test('ends a pause', async () => {
    channel.script = [busy()]
    courier.send(makeNotice())
    await until(() => timing.untilNext === 2_000)
    await courier.close()
    expect(timing.pending).toBe(0)
    expect(channel.attempts).toHaveLength(1)
    expect(outcomes).toEqual([])
  })

  test('is the end: nothing is sent afterwards', async () => {
    await courier.close()
    courier.send(makeNotice())
    await courier.close()
    expect(channel.attempts).toEqual([])
  })
})
