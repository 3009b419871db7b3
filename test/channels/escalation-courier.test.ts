import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Channel } from '../../src/channels/channel.js'
import {
  type EscalationChange,
  EscalationCourier,
  type EscalationPort,
  type OpenEscalation,
} from '../../src/channels/escalation-courier.js'
import type { Outcome } from '../../src/channels/lane.js'
import type { Notice } from '../../src/channels/notice.js'
import type { EscalationRow } from '../../src/model/escalation.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { makeEscalation, until } from './samples.js'

/** A fabric that knows escalations and remembers outcomes; nothing else. */
class FakePort implements EscalationPort {
  readonly fabric = 'build'
  readonly notes: Outcome[] = []
  readonly escalations = new Map<string, EscalationRow>()
  /** Failures of the next calls. */
  failures: { follow?: Error; open?: Error; note?: Error } = {}
  /** Holds back what `open` answers. */
  gate: Promise<void> = Promise.resolve()
  followers = 0
  #changes: EscalationChange[] = []
  #wake = () => {}
  #closed = false

  change(event: EscalationChange['event'], escalation: EscalationRow): void {
    this.escalations.set(escalation.id, escalation)
    this.#changes.push({ event, escalation })
    this.#wake()
  }

  closeFabric(): void {
    this.#closed = true
    this.#wake()
  }

  async *follow(signal: AbortSignal): AsyncIterable<EscalationChange> {
    this.#changes = []
    this.followers += 1
    signal.addEventListener('abort', () => this.#wake())
    try {
      while (!signal.aborted && !this.#closed) {
        const failure = this.#take('follow')
        if (failure !== undefined) throw failure
        const change = this.#changes.shift()
        if (change === undefined) await new Promise<void>((resolve) => (this.#wake = resolve))
        else yield change
      }
    } finally {
      this.followers -= 1
    }
  }

  failFollow(): void {
    this.failures.follow = new Error('The journal is being read again.')
    this.#wake()
  }

  async open(): Promise<readonly OpenEscalation[]> {
    const failure = this.#take('open')
    if (failure !== undefined) throw failure
    const open = [...this.escalations.values()].filter(({ state }) => state === 'open')
    const answer = open.map((escalation) => ({ escalation, told: this.#told(escalation.id) }))
    await this.gate
    return answer
  }

  async note(outcome: Outcome): Promise<void> {
    const failure = this.#take('note')
    if (failure !== undefined) throw failure
    this.notes.push(outcome)
  }

  #told(id: string): string[] {
    const told = this.notes.filter(({ event, escalation }) => event === 'opened' && escalation === id)
    return told.map(({ channel }) => channel)
  }

  #take(call: 'follow' | 'open' | 'note'): Error | undefined {
    const failure = this.failures[call]
    delete this.failures[call]
    return failure
  }
}

class MemoryChannel implements Channel {
  readonly minSeverity = 'info'
  readonly taken: string[] = []
  hangs = false

  constructor(readonly name: string) {}

  async deliver({ event, escalation, fabric }: Notice): Promise<void> {
    if (this.hangs) await new Promise(() => {})
    this.taken.push(`${fabric} ${event} ${escalation.id}`)
  }
}

let port: FakePort
let timing: FakeTiming
let reported: unknown[]
let running: EscalationCourier[]
let oncall: MemoryChannel
let mail: MemoryChannel

beforeEach(() => {
  port = new FakePort()
  timing = new FakeTiming()
  reported = []
  running = []
  oncall = new MemoryChannel('oncall')
  mail = new MemoryChannel('mail')
})
afterEach(() => Promise.all(running.map((courier) => courier.close())))

async function start(channels: readonly Channel[] = [oncall, mail]): Promise<EscalationCourier> {
  const report = (error: unknown) => reported.push(error)
  const courier = new EscalationCourier({ port, channels, timing, random: () => 1, report })
  running.push(courier)
  await until(() => port.followers > 0 || channels.length === 0)
  return courier
}

describe('the escalations of a fabric', () => {
  test('are sent when they open, are answered and expire, and what became of it is recorded', async () => {
    await start([oncall])
    port.change('opened', makeEscalation({ id: 'a' }))
    port.change('answered', makeEscalation({ id: 'a', state: 'answered' }))
    port.change('expired', makeEscalation({ id: 'b', state: 'expired' }))
    await until(() => port.notes.length === 3)
    expect(oncall.taken).toEqual(['build opened a', 'build answered a', 'build expired b'])
    expect(port.notes[0]).toEqual({
      escalation: 'a',
      channel: 'oncall',
      event: 'opened',
      delivered: true,
      attempts: 1,
    })
  })

  test('are sent again after a restart where no outcome is recorded, and only there', async () => {
    mail.hangs = true
    const first = await start()
    port.change('opened', makeEscalation({ id: 'a' }))
    port.change('opened', makeEscalation({ id: 'b' }))
    await until(() => port.notes.length === 2)
    await first.close()
    port.escalations.set('b', makeEscalation({ id: 'b', state: 'answered' }))
    port.escalations.set('c', makeEscalation({ id: 'c' }))
    mail.hangs = false
    await start()
    await until(() => port.notes.length === 5)
    expect(oncall.taken).toEqual(['build opened a', 'build opened b', 'build opened c'])
    expect(mail.taken).toEqual(['build opened a', 'build opened c'])
  })

  test('are sent once when they change while the open ones are read', async () => {
    let openGate = () => {}
    port.gate = new Promise((resolve) => (openGate = resolve))
    port.escalations.set('old', makeEscalation({ id: 'old' }))
    port.escalations.set('going', makeEscalation({ id: 'going' }))
    await start([oncall])
    port.change('opened', makeEscalation({ id: 'new' }))
    port.change('answered', makeEscalation({ id: 'going', state: 'answered' }))
    await until(() => port.notes.length === 2)
    openGate()
    await until(() => port.notes.length === 3)
    expect(oncall.taken).toEqual(['build opened new', 'build answered going', 'build opened old'])
  })

  test('are not followed when there is no channel', async () => {
    const courier = await start([])
    expect(port.followers).toBe(0)
    await courier.close()
  })
})

describe('a port that fails', () => {
  test.each(['follow', 'open'] as const)('at %s is asked again, later each time', async (call) => {
    port.escalations.set('a', makeEscalation({ id: 'a' }))
    port.failures = { [call]: new Error('Not now.') }
    const courier = new EscalationCourier({
      port,
      channels: [oncall],
      timing,
      random: () => 1,
      report: (error) => reported.push(error),
    })
    running.push(courier)
    await until(() => reported.length === 1 && timing.untilNext === 1_000)
    if (call === 'open') {
      port.failures = { open: new Error('Not now.') }
      timing.advance(1_000)
      await until(() => reported.length === 2 && timing.untilNext === 2_000)
      timing.advance(1_000)
    }
    timing.advance(1_000)
    await until(() => port.followers === 1)
    port.change('opened', makeEscalation({ id: 'b' }))
    await until(() => oncall.taken.length === 2)
    expect(oncall.taken.sort()).toEqual(['build opened a', 'build opened b'])
    expect(port.followers).toBe(1)
  })

  test('in the middle loses nothing and sends nothing twice', async () => {
    oncall.hangs = true
    await start([oncall])
    port.change('opened', makeEscalation({ id: 'a' }))
    await until(() => running[0]?.status[0]?.waiting === 1)
    port.failFollow()
    await until(() => reported.length === 1)
    port.escalations.set('b', makeEscalation({ id: 'b' }))
    timing.advance(1_000)
    await until(() => running[0]?.status[0]?.waiting === 2)
    expect(port.followers).toBe(1)
  })

  test('to record an outcome is reported', async () => {
    await start([oncall])
    port.failures = { note: new Error('Disk full.') }
    port.change('opened', makeEscalation({ id: 'a' }))
    port.change('opened', makeEscalation({ id: 'b' }))
    await until(() => port.notes.length === 1)
    expect(port.notes[0]?.escalation).toBe('b')
    expect(reported).toEqual([new Error('Disk full.')])
  })
})

describe('a close', () => {
  test('ends what hangs and stops following', async () => {
    oncall.hangs = true
    const courier = await start([oncall])
    port.change('opened', makeEscalation())
    await until(() => courier.status[0]?.waiting === 1)
    await courier.close()
    expect(port.followers).toBe(0)
    expect(port.notes).toEqual([])
    expect(timing.pending).toBe(0)
  })

  test('ends the pause after a failure', async () => {
    const courier = await start([oncall])
    port.failFollow()
    await until(() => timing.pending === 1)
    await courier.close()
    expect(timing.pending).toBe(0)
    expect(port.followers).toBe(0)
  })

  test('of the fabric ends the following, and nothing is asked again', async () => {
    const courier = await start([oncall])
    port.closeFabric()
    await until(() => port.followers === 0)
    await courier.close()
    expect(reported).toEqual([])
    expect(timing.pending).toBe(0)
  })
})
