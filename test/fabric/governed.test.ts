import { describe, expect, test } from 'vitest'
import type { CoordinatorCommand } from '../../src/coordinator/commands.js'
import type { Offer } from '../../src/coordinator/replies.js'
import { policyDigestOf } from '../../src/fabric/policy-digest.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../src/governor/policy/policy.js'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { swarmActor } from '../../src/model/entry.js'
import { LIMITS } from '../../src/model/limits.js'
import { MINUTE_MS, SECOND_MS } from '../../src/model/time.js'
import { makeRegistration, makeTask } from '../../src/testing/factories.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { FaultyJournal } from '../../src/testing/faulty-journal.js'
import { codeOf, type Fixture, logOf, openFixture, settle } from './fixture.js'

const DOLLAR = 1_000_000_000
const { budgets } = DEFAULT_GOVERNOR_POLICY
/** Room for that many holds of ten dollars. */
const roomFor = (holds: number): Partial<GovernorPolicy> => ({
  budgets: { ...budgets, fabric: { total: { nanos: holds * 10 * DOLLAR } } },
})

function as({ fabric }: Fixture, swarm: string, command: CoordinatorCommand): Promise<unknown> {
  return fabric.submit(command, { actor: swarmActor(swarm) })
}

const accountOf = ({ fabric }: Fixture, id: string) => fabric.read((state) => state.governor.books.account(id))
const breakerOf = ({ fabric }: Fixture, swarm: string) => fabric.read((state) => state.governor.breaker(swarm))

/** Code, operation and count of each refusal in the log. */
async function refusalsOf({ journal }: Fixture): Promise<[code: string, operation: string, count: number][]> {
  const refusals: [string, string, number][] = []
  for await (const chunk of journal.read(0)) {
    for (const { bytes } of chunk) {
      const { type, data } = JSON.parse(Buffer.from(bytes).toString())
      if (type.includes('request_refused')) refusals.push([data.code, data.operation, data.count])
    }
  }
  return refusals
}

test('of a thousand swarms that claim at once, as many get a task as there is room for', async () => {
  await using fixture = await openFixture({ governor: roomFor(10) })
  const numbers = Array.from({ length: 1_000 }, (_, at) => at)
  await fixture.register(...numbers.map((at) => `s${at}`))
  await fixture.create(...numbers.map((at) => `t${at}`))
  const answers = await Promise.all(
    numbers.map((at) => codeOf(as(fixture, `s${at}`, { type: 'claim_task', task: `t${at}`, swarm: `s${at}` }))),
  )
  expect(answers.filter((code) => code === 'accepted')).toHaveLength(10)
  expect(answers.filter((code) => code === 'BUDGET_EXCEEDED')).toHaveLength(990)
  expect((await accountOf(fixture, 'fabric/total')).held.nanos).toBe(100 * DOLLAR)
  expect((await logOf(fixture)).filter((line) => line.startsWith('task_claimed'))).toHaveLength(10)
  expect((await fixture.fabric.status()).tasks.claimed).toBe(10)
  expect(fixture.faults).toEqual([])
})

test('usage without a price that a heartbeat brings is refused on the record, and the lease is renewed', async () => {
  await using fixture = await openFixture()
  await fixture.register('s1')
  await fixture.create('t1')
  const { epoch } = await fixture.claim('t1', 's1')
  const usage = { id: 'u', model: 'unheard-of', inputTokens: 1 }
  const reply = await as(fixture, 's1', { type: 'heartbeat', task: 't1', epoch, usage })
  expect(reply).toMatchObject({ task: 't1', usage: { refused: { code: 'POLICY_VIOLATION' } } })
  expect(await refusalsOf(fixture)).toEqual([['POLICY_VIOLATION', 'heartbeat', 1]])
})

test('a hold is not placed where its entry could not be written, nor placed twice where it was after all', async () => {
  await using fixture = await openFixture({ governor: roomFor(1) })
  await fixture.register('s1', 's2')
  await fixture.create('t1', 't2')
  fixture.journal.failNextAppend()
  expect(await codeOf(fixture.claim('t1', 's1'))).toBe('STORAGE_FAILED')
  expect((await accountOf(fixture, 'fabric/total')).held.nanos).toBe(0)
  fixture.journal.loseNextAcknowledgement()
  const codes = await Promise.all([fixture.claim('t1', 's1'), fixture.claim('t2', 's2')].map(codeOf))
  expect(codes).toEqual(['accepted', 'BUDGET_EXCEEDED'])
  expect((await accountOf(fixture, 'fabric/total')).held.nanos).toBe(10 * DOLLAR)
})

test('usage whose acknowledgement was lost is booked once when it is sent again, with and without a restart', async () => {
  const fixture = await openFixture()
  await fixture.register('s1')
  await fixture.create('t1')
  const { epoch } = await fixture.claim('t1', 's1')
  const usage = { id: 'u1', costNanos: 7 }
  const report = { type: 'report_usage', task: 't1', epoch, usage } as const
  fixture.journal.loseNextAppend()
  expect(await codeOf(fixture.send(report))).toBe('AMBIGUOUS')
  expect((await accountOf(fixture, 'fabric/total')).settled.nanos).toBe(0)
  expect(await fixture.send(report)).toMatchObject({ repeated: false, spentNanos: 7 })
  expect(await fixture.send(report)).toMatchObject({ repeated: true, spentNanos: 7 })
  const both = await Promise.all([fixture.send({ ...report, usage: { ...usage, id: 'u2' } }), fixture.send(report)])
  expect(both.map(({ repeated }) => repeated)).toEqual([false, true])
  await fixture.fabric.close()
  await using again = await openFixture({ journal: fixture.journal, timing: new FakeTiming(fixture.timing.now()) })
  expect(await again.send(report)).toMatchObject({ repeated: true, spentNanos: 14 })
  expect((await accountOf(again, 'fabric/total')).settled.nanos).toBe(14)
})

describe('refusals', () => {
  test('for budget, breaker and policy are in the log; those of plain mistakes are not', async () => {
    await using fixture = await openFixture({ governor: roomFor(1) })
    await fixture.register('s1', 's2', 's3')
    await fixture.create('t1', 't2')
    await fixture.send({ type: 'create_task', task: makeTask('dear', { maxCostNanos: 99 * DOLLAR }) })
    const { epoch } = await fixture.claim('t1', 's1')
    await fixture.send({ type: 'trip_breaker', swarm: 's3', cause: 'administrator', reason: 'x' })
    const claim = (task: string, swarm: string) => as(fixture, swarm, { type: 'claim_task', task, swarm })
    const usage = { id: 'u', model: 'unpriced', inputTokens: 1 }
    const codes = await Promise.all(
      [
        claim('t2', 's2'),
        claim('t2', 's3'),
        claim('dear', 's2'),
        as(fixture, 's1', { type: 'report_usage', task: 't1', epoch, usage }),
        as(fixture, 's2', { type: 'extend_budget', account: 'fabric/total', nanos: 1, reason: 'x' }),
        claim('nowhere', 's2'),
        as(fixture, 's1', { type: 'report_usage', task: 't1', epoch, usage: { id: 'u' } }),
      ].map(codeOf),
    )
    const expected = ['BUDGET_EXCEEDED', 'BREAKER_OPEN', 'POLICY_VIOLATION', 'POLICY_VIOLATION', 'FORBIDDEN']
    expect(codes).toEqual([...expected, 'NOT_FOUND', 'INVALID_ARGUMENT'])
    expect((await refusalsOf(fixture)).map(([code]) => code)).toEqual(expected)
  })

  test('of many kinds never trip a breaker, however many they are', async () => {
    await using fixture = await openFixture({ governor: roomFor(1) })
    await fixture.register('s1', 's2')
    await fixture.create('held', ...Array.from({ length: 60 }, (_, at) => `t${at}`))
    const { epoch } = await fixture.claim('held', 's2')
    const flood: Promise<unknown>[] = []
    for (let round = 0; round < 60; round += 1) {
      const task = `t${round}`
      flood.push(
        as(fixture, 's1', { type: 'claim_task', task, swarm: 's1' }),
        as(fixture, 's1', { type: 'complete_task', task, epoch: round, evidence: [] }),
        as(fixture, 's1', { type: 'heartbeat', task, epoch }),
        as(fixture, 's1', { type: 'claim_task', task: 'held', swarm: 's1' }),
        as(fixture, 's1', { type: 'claim_task', task: 'nowhere', swarm: 's1' }),
        as(fixture, 's1', { type: 'reset_breaker', swarm: round % 2 === 0 ? 's1' : 's2', reason: 'x' }),
      )
    }
    // What is no refusal of security may be repeated as often as one likes.
    for (let round = 0; round < 300; round += 1) {
      flood.push(as(fixture, 's1', { type: 'claim_task', task: 'held', swarm: 's1' }))
    }
    const codes = new Set(await Promise.all(flood.map(codeOf)))
    expect(codes).toEqual(new Set(['BUDGET_EXCEEDED', 'STALE_CLAIM', 'ALREADY_CLAIMED', 'NOT_FOUND', 'FORBIDDEN']))
    expect(await breakerOf(fixture, 's1')).toMatchObject({ state: 'closed', outcomes: '' })
    expect(await fixture.fabric.read((state) => state.governor.breakers.size)).toBe(0)
  })
})

describe('a runaway loop', () => {
  const stale = { type: 'heartbeat', task: 't1', epoch: 1 } as const
  const repeat = (fixture: Fixture, times: number, swarm = 's1') =>
    Promise.all(Array.from({ length: times }, () => codeOf(as(fixture, swarm, stale))))

  async function opened(): Promise<Fixture> {
    const fixture = await openFixture()
    await fixture.register('s1', 's2')
    await fixture.create('t1', 't2')
    return fixture
  }

  test('latches with the hundredth refusal of a kind, in the same batch', async () => {
    await using fixture = await opened()
    await fixture.claim('t2', 's1')
    await repeat(fixture, 99)
    expect((await breakerOf(fixture, 's1')).state).toBe('closed')
    const gate = fixture.journal.holdNextAppend()
    const first = fixture.create('t3')
    await gate.reached
    const last = [
      as(fixture, 's1', stale),
      as(fixture, 's1', { type: 'claim_task', task: 't1', swarm: 's1' }),
      as(fixture, 's2', { type: 'claim_task', task: 't2', swarm: 's2' }),
    ].map(codeOf)
    gate.release()
    await first
    expect(await Promise.all(last)).toEqual(['STALE_CLAIM', 'BREAKER_OPEN', 'accepted'])
    const opening = (await logOf(fixture)).filter((line) => /^(breaker|escalation|task_released)/.test(line))
    expect(opening.map((line) => line.split(' ')[0])).toEqual(['breaker_opened', 'task_released', 'escalation_opened'])
    const { cause, latched, reason } = await breakerOf(fixture, 's1')
    expect([cause, latched]).toEqual(['runaway', true])
    expect(reason).toContain('100 times')
    expect(fixture.faults).toEqual([])
  })

  test('is none with a pause of five seconds between, and none of several swarms together', async () => {
    await using fixture = await opened()
    for (let round = 0; round < 3; round += 1) {
      await Promise.all([repeat(fixture, 99), repeat(fixture, 99, 's2')])
      await fixture.advance(5 * SECOND_MS)
    }
    expect(await fixture.fabric.read((state) => state.governor.breakers.size)).toBe(0)
  })

  test('is one also when it is slow, as long as there is no pause', async () => {
    await using fixture = await opened()
    for (let call = 0; call < 100; call += 1) {
      expect((await breakerOf(fixture, 's1')).state).toBe('closed')
      await repeat(fixture, 1)
      await fixture.advance(4 * SECOND_MS)
    }
    expect((await breakerOf(fixture, 's1')).latched).toBe(true)
  })

  test('that goes on after a reset is stopped again', async () => {
    await using fixture = await opened()
    await repeat(fixture, 130)
    await fixture.send({ type: 'reset_breaker', swarm: 's1', reason: 'looked at' })
    await repeat(fixture, 100)
    expect((await breakerOf(fixture, 's1')).latched).toBe(true)
  })

  test('is stopped also when the batch of the hundredth was lost', async () => {
    await using fixture = await opened()
    await repeat(fixture, 99)
    fixture.journal.failNextAppend()
    expect(await codeOf(Promise.all([as(fixture, 's1', stale), fixture.create('t3')]))).toBe('STORAGE_FAILED')
    expect((await breakerOf(fixture, 's1')).state).toBe('closed')
    await repeat(fixture, 100)
    expect((await breakerOf(fixture, 's1')).latched).toBe(true)
  })

  test('of somebody who is no swarm opens no breaker', async () => {
    await using fixture = await opened()
    const asked = Array.from({ length: 250 }, () => codeOf(fixture.send(stale)))
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['STALE_CLAIM']))
    await repeat(fixture, 250, 'stranger')
    expect(await fixture.fabric.read((state) => state.governor.breakers.size)).toBe(0)
  })
})

describe('a swarm that waits', () => {
  /** Waits for work as that swarm; what comes of it is put into `offers`. */
  function wait({ fabric }: Fixture, offers: string[], swarm: string): void {
    const describe = ({ kind, task, short }: Offer) => [kind, task?.id, short && 'short'].filter(Boolean).join(' ')
    const command = { type: 'offer_next', swarm, claim: true } as const
    void fabric
      .next(command, { actor: swarmActor(swarm) }, 2 * MINUTE_MS)
      .then(describe, (error) => error.code)
      .then((outcome) => offers.push(`${swarm}: ${outcome}`))
  }

  async function waiting(fixture: Fixture): Promise<{ offers: string[]; epoch: number }> {
    await fixture.register('s1', 's2')
    await fixture.create('t1', 't2')
    const { epoch } = await fixture.claim('t1', 's1')
    const offers: string[] = []
    wait(fixture, offers, 's2')
    await settle(200)
    expect([offers, (await fixture.fabric.status()).waitingSwarms]).toEqual([[], 1])
    return { offers, epoch }
  }

  const ROOM: readonly (readonly [string, (fixture: Fixture, epoch: number) => Promise<unknown>])[] = [
    ['a task is completed', ({ send }, epoch) => send({ type: 'complete_task', task: 't1', epoch, evidence: [] })],
    [
      'a budget is extended',
      ({ send }) => send({ type: 'extend_budget', account: 'fabric/total', nanos: 10 * DOLLAR, reason: 'x' }),
    ],
    [
      'the policy allows more',
      ({ send }) => {
        const policy = { ...DEFAULT_GOVERNOR_POLICY, ...roomFor(2) }
        return send({ type: 'apply_policy', policy, digest: policyDigestOf(policy) })
      },
    ],
    [
      'the holder’s breaker opens',
      ({ send }) => send({ type: 'trip_breaker', swarm: 's1', cause: 'administrator', reason: 'x' }),
    ],
    ['a lease ends', ({ advance }) => advance(MINUTE_MS)],
  ]

  test.each(ROOM)('for room in a budget hears of it when %s', async (_, makeRoom) => {
    await using fixture = await openFixture({
      governor: roomFor(1),
      policy: { leaseMs: MINUTE_MS, stallMs: MINUTE_MS },
    })
    const { offers, epoch } = await waiting(fixture)
    await makeRoom(fixture, epoch)
    await settle()
    expect(offers).toHaveLength(1)
    expect(offers[0]).toMatch(/^s2: primary t/)
    const { held } = await accountOf(fixture, 'fabric/total')
    expect(held.nanos % (10 * DOLLAR)).toBe(0)
  })

  test.each(ROOM)('from before a task came that no budget had room for hears of it when %s', async (_, makeRoom) => {
    await using fixture = await openFixture({
      governor: roomFor(1),
      policy: { leaseMs: MINUTE_MS, stallMs: MINUTE_MS },
    })
    await fixture.register('s1', 's2')
    await fixture.create('t1')
    const { epoch } = await fixture.claim('t1', 's1')
    const offers: string[] = []
    wait(fixture, offers, 's2')
    await settle(200)
    await fixture.create('t2')
    await settle(200)
    expect(offers).toEqual([])
    await makeRoom(fixture, epoch)
    await settle(200)
    expect(offers).toHaveLength(1)
  })

  test('for what it can pay is offered it, however many tasks that it cannot pay stand before it', async () => {
    await using fixture = await openFixture()
    await fixture.send(makeRegistration('poor', { budgetNanos: 5 * DOLLAR }))
    await fixture.send(makeRegistration('poorer', { budgetNanos: 5 * DOLLAR }))
    const dear = Array.from({ length: LIMITS.offeredTasks + 4 }, (_, at) => ({
      // Some of about the same cost: those are not told apart by their group.
      spec: makeTask(`dear${at}`, { priority: 90, maxCostNanos: (at % 2 === 0 ? 10 : 5.5) * DOLLAR }),
    }))
    await fixture.send({ type: 'import_board', board: 'b', tasks: dear, dryRun: false })
    const offers: string[] = []
    wait(fixture, offers, 'poor')
    wait(fixture, offers, 'poorer')
    await settle(200)
    const cheap = makeTask('cheap', { board: 'b', maxCostNanos: 4.5 * DOLLAR })
    await fixture.send({ type: 'create_task', task: cheap })
    await settle(200)
    expect(offers).toEqual(['poor: primary cheap'])
  })

  test('for room in a budget of tokens hears of it too, where tokens are all that is limited', async () => {
    await using fixture = await openFixture()
    const { maxCostPerTaskNanos: _, ...rest } = DEFAULT_GOVERNOR_POLICY
    const holdTokens = { inputTokens: 0, outputTokens: 10, cachedTokens: 0 }
    const policy = { ...rest, budgets: { ...budgets, fabric: { total: { outputTokens: 10 } }, holdTokens } }
    await fixture.send({ type: 'apply_policy', policy, digest: policyDigestOf(policy) })
    const { offers, epoch } = await waiting(fixture)
    await fixture.send({ type: 'complete_task', task: 't1', epoch, evidence: [] })
    await settle()
    expect(offers).toEqual(['s2: primary t2'])
  })

  test('asks a few times when it comes, and as often each time that there may be room; never again and again', async () => {
    await using fixture = await openFixture({ governor: roomFor(1) })
    await fixture.register('s1', 's2')
    await fixture.create('t1', 't2')
    await fixture.claim('t1', 's1')
    let asked = 0
    const origin = {
      get actor() {
        asked += 1
        return swarmActor('s2')
      },
    }
    const command = { type: 'offer_next', swarm: 's2', claim: true } as const
    const offered = fixture.fabric.next(command, origin, 2 * MINUTE_MS)
    await settle(200)
    const asksOf = async (what: () => Promise<unknown>) => {
      const before = asked
      await what()
      await settle(200)
      return asked - before
    }
    // Once when it comes, and once more when it is known to wait; each looks at the actor several times.
    const begin = asked
    expect(await asksOf(async () => undefined)).toBe(0)
    const extend = (account: string) => ({ type: 'extend_budget', account, nanos: 1, reason: 'x' }) as const
    expect(await asksOf(() => fixture.send(extend('fabric/total')))).toBe(begin)
    expect(await asksOf(() => fixture.create('t3'))).toBe(0)
    await fixture.send({ type: 'release_task', task: 't1' })
    expect(await offered).toMatchObject({ kind: 'primary', task: { id: 't1' } })
  })

  test('hears at the end of its time that there is work, and no budget for it', async () => {
    await using fixture = await openFixture({ governor: roomFor(1) })
    const { offers } = await waiting(fixture)
    await fixture.advance(2 * MINUTE_MS)
    await settle()
    expect(offers).toEqual(['s2: none short'])
  })

  test('gets an answer when its own breaker opens', async () => {
    await using fixture = await openFixture({ governor: roomFor(1) })
    const { offers } = await waiting(fixture)
    await fixture.send({ type: 'trip_breaker', swarm: 's2', cause: 'administrator', reason: 'x' })
    await settle()
    expect(offers).toEqual(['s2: BREAKER_OPEN'])
  })

  test('gets a turn when the room of one claim is enough for several small ones', async () => {
    await using fixture = await openFixture({ governor: roomFor(1) })
    await fixture.register('s1', 's2', 's3', 's4')
    await fixture.create('big')
    const { epoch } = await fixture.claim('big', 's1')
    const offers: string[] = []
    for (const swarm of ['s2', 's3', 's4']) wait(fixture, offers, swarm)
    for (const task of ['a', 'b', 'c']) {
      await fixture.send({ type: 'create_task', task: makeTask(task, { maxCostNanos: 3 * DOLLAR }) })
    }
    await settle(60)
    expect(offers).toEqual([])
    await fixture.send({ type: 'complete_task', task: 'big', epoch, evidence: [] })
    await settle(60)
    expect(offers.sort()).toEqual([
      expect.stringMatching(/^s2: primary [abc]$/),
      expect.stringMatching(/^s3: primary [abc]$/),
      expect.stringMatching(/^s4: primary [abc]$/),
    ])
    expect((await accountOf(fixture, 'fabric/total')).held.nanos).toBe(9 * DOLLAR)
  })
})

test('a snapshot and a restart keep books, breakers, questions, policy and grants', async () => {
  const governor: Partial<GovernorPolicy> = { ...roomFor(9), minReputation: 0.1 }
  const fixture = await openFixture({ governor })
  await fixture.register('s1', 's2', 's3', 's4')
  await fixture.send(makeRegistration('poor', { budgetNanos: 10 * DOLLAR }))
  await fixture.send({ type: 'grant_capabilities', swarm: 's1', capabilities: ['deploy:production'] })
  await fixture.create('t1', 't2', 't3', 't4')
  const { epoch } = await fixture.claim('t1', 's1')
  await fixture.send({ type: 'heartbeat', task: 't1', epoch, usage: { id: 'u', costNanos: 11 * DOLLAR } })
  const help = { task: 't1', epoch, kind: 'help', needs: 'x', requires: [] } as const
  const first = await fixture.send({ type: 'raise_blocker', ...help })
  const second = await fixture.send({ type: 'raise_blocker', ...help })
  await fixture.send({ type: 'resolve_blocker', blocker: first.id })
  const poor = await fixture.claim('t2', 'poor')
  const usage = { id: 'u', costNanos: 10 * DOLLAR }
  await fixture.send({ type: 'report_usage', task: 't2', epoch: poor.epoch, usage })
  await fixture.create('f1', 'f2', 'f3')
  for (const task of ['f1', 'f2', 'f3']) {
    const failing = await fixture.claim(task, 's4')
    await fixture.send({ type: 'fail_task', task, epoch: failing.epoch, reason: 'x', retry: false })
  }
  await fixture.advance(40 * SECOND_MS)
  const question = { severity: 'info', question: 'Why?', context: {}, options: [] } as const
  await fixture.send({ type: 'ask_human', ...question })
  const rows = ({ fabric }: Fixture) => fabric.read((state) => [...state.rows()].map((one) => JSON.stringify(one)))
  const before = await rows(fixture)
  for (const table of ['policy', 'account', 'hold', 'breaker', 'escalation']) {
    expect(
      before.some((row) => row.startsWith(`{"table":"${table}"`)),
      table,
    ).toBe(true)
  }
  expect(await breakerOf(fixture, 's4')).toMatchObject({ trips: 1 })
  const covered = await fixture.fabric.snapshot()
  const crashed = fixture.journal
  await crashed.close()
  await using again = await openFixture({ journal: crashed, governor, timing: new FakeTiming(fixture.timing.now()) })
  const { size } = await crashed.head()
  expect(size).toBe(covered + 1)
  expect(await rows(again)).toEqual(before)
  await again.send({ type: 'resolve_blocker', blocker: second.id })
  await again.send({ type: 'release_task', task: 't1' })
  const { held } = await accountOf(again, 'fabric/total')
  expect(held.nanos).toBe(0)
  expect(await codeOf(again.claim('t4', 'poor'))).toBe('BREAKER_OPEN')
  // The whole log gives what the snapshot gave.
  const folded = await rows(again)
  const copy = new MemoryJournal()
  await copy.open()
  for await (const chunk of crashed.read(0)) {
    const entries = chunk.map((entry) => entry.bytes.slice())
    await copy.append((await copy.head()).size, { writerId: 'copy', batchId: `${chunk[0]?.index}`, entries })
  }
  await copy.close()
  const journal = new FaultyJournal(copy)
  await using whole = await openFixture({ journal, governor, timing: new FakeTiming(fixture.timing.now()) })
  expect(await rows(whole)).toEqual(folded)
})

test('a hold remembers the names of its newest thousand reports', async () => {
  await using fixture = await openFixture()
  await fixture.register('s1')
  await fixture.create('t1')
  const { epoch } = await fixture.claim('t1', 's1')
  const report = (at: number) =>
    fixture.send({ type: 'report_usage', task: 't1', epoch, usage: { id: `u${at}`, costNanos: 1 } })
  await Promise.all(Array.from({ length: LIMITS.usageReportsPerHold }, (_, at) => report(at)))
  expect(await report(0)).toMatchObject({ repeated: true, spentNanos: LIMITS.usageReportsPerHold })
})
