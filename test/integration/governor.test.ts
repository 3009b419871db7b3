import { beforeEach, describe, expect, test } from 'vitest'
import type { FabricClient } from '../../src/client/client.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../src/governor/policy/policy.js'
import { isFabricError } from '../../src/model/errors.js'
import { NANOS_PER_DOLLAR as DOLLAR } from '../../src/model/money.js'
import { MINUTE_MS, SECOND_MS } from '../../src/model/time.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { Place, until } from './place.js'

const POLICY: GovernorPolicy = {
  ...DEFAULT_GOVERNOR_POLICY,
  minReputation: 0.4,
  capabilityRules: { 'deploy:*': { grantedOnly: true }, 'crypto:keys': { minimumTier: 'opus' } },
  budgets: { ...DEFAULT_GOVERNOR_POLICY.budgets, boards: { sprint: { total: { nanos: 12 * DOLLAR } } } },
  prices: {
    version: '2026-01',
    models: { sonnet: { inputNanos: 3 * DOLLAR, outputNanos: 15 * DOLLAR, cachedNanos: DOLLAR / 4 } },
  },
}

let place: Place
let client: FabricClient
let timing: FakeTiming

beforeEach(async () => {
  timing = new FakeTiming()
  place = await Place.open({ governor: POLICY, timing })
  client = place.connect()
  return () => place.remove()
})

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'accepted',
    (error: unknown) => (isFabricError(error) ? error.code : String(error)),
  )

/** Everything in the log after the start, by name. */
async function log(): Promise<{ type: string; subject: unknown; actor: unknown; data: Record<string, unknown> }[]> {
  const { entries } = await client.log.read({ limit: 1_000 })
  return entries.map(({ type, subject, actor, data }) => ({
    type: String(type).split('.')[2] ?? '',
    subject,
    actor,
    data: data as Record<string, unknown>,
  }))
}
const logOf = async (type: string) => (await log()).filter((entry) => entry.type === type)

describe('capability matching with various profiles', () => {
  beforeEach(async () => {
    const profiles = {
      half: { capabilities: ['net:sip', 'net:ice'] },
      most: { capabilities: ['net:sip', 'net:ice', 'net:rtp'] },
      all: { capabilities: ['net:sip', 'net:ice', 'net:rtp', 'code:go'] },
      dear: { capabilities: ['net:sip', 'net:ice', 'net:rtp', 'code:go', 'doc:md'], costPerHourNanos: 20 * DOLLAR },
      distrusted: { capabilities: ['net:sip', 'net:ice', 'net:rtp', 'code:go'], reputation: 0.3 },
      small: { capabilities: ['net:sip', 'net:ice', 'net:rtp', 'code:go'], tier: 'haiku' },
    }
    for (const [swarm, profile] of Object.entries(profiles)) await client.swarm.register({ swarm, ...profile })
    const requires = ['net:sip', 'net:ice', 'net:rtp', 'code:go']
    await client.task.create({ id: 'bridge', title: 'Bridge', requires, tier: 'sonnet' })
  })

  test('the candidates are those who qualify, best first, and each of the others with its reason', async () => {
    const { items } = await client.governor.match({ task: 'bridge' })
    expect(items.map(({ swarm, eligible }) => `${swarm} ${eligible}`)).toEqual([
      'all true',
      'most true',
      'dear true',
      'distrusted false',
      'half false',
      'small false',
    ])
    expect(items.find(({ swarm }) => swarm === 'half')?.obstacle).toMatchObject({ check: 'capabilities' })
    expect(items.find(({ swarm }) => swarm === 'half')?.match).toBe(0.5)
    expect(items.find(({ swarm }) => swarm === 'distrusted')?.obstacle?.reason).toMatch(/reputation/)
    expect(items.find(({ swarm }) => swarm === 'small')?.obstacle?.reason).toMatch(/tier haiku/)
  })

  test('what is refused to one is explained, and given to another', async () => {
    for (const as of ['half', 'distrusted', 'small']) {
      expect(await codeOf(client.task.claim({ task: 'bridge', as }))).toBe('NOT_ELIGIBLE')
      expect(await client.task.next({ as, claim: true })).toMatchObject({ kind: 'none' })
      const { allowed, checks } = await client.policy.explain({ task: 'bridge', swarm: as })
      expect([allowed, checks.filter(({ passed }) => !passed).map(({ check }) => check)]).toEqual([
        false,
        ['capabilities'],
      ])
    }
    expect((await client.policy.explain({ task: 'bridge', swarm: 'most' })).allowed).toBe(true)
    expect(await client.task.next({ as: 'most', claim: true })).toMatchObject({ task: { id: 'bridge' } })
  })

  test('a swarm that waits is woken when it begins to qualify', async () => {
    const waiting = client.task.next({ as: 'half', claim: true, waitMs: 60_000 })
    await until(async () => (await client.fabric.status()).waitingSwarms === 1)
    await client.swarm.register({ swarm: 'half', capabilities: ['net:sip', 'net:ice', 'net:rtp'] })
    expect(await waiting).toMatchObject({ kind: 'primary', task: { id: 'bridge' } })
  })

  test('a capability that has to be granted counts only when an administrator grants it', async () => {
    await client.swarm.register({ swarm: 'releaser', capabilities: ['deploy:production'] })
    await client.task.create({ id: 'release', title: 'Release', requires: ['deploy:production'] })
    expect(await codeOf(client.task.claim({ task: 'release', as: 'releaser' }))).toBe('NOT_ELIGIBLE')
    const grant = { swarm: 'releaser', capabilities: ['deploy:production'] }
    expect(await codeOf(client.swarm.grant({ ...grant, as: 'releaser' }))).toBe('FORBIDDEN')
    await client.swarm.grant(grant)
    expect(await client.task.claim({ task: 'release', as: 'releaser' })).toMatchObject({ reclaimed: false })
  })
})

describe('budget enforcement', () => {
  const spend = (task: string, as: string, epoch: number, id: string, costNanos: number) =>
    client.task.usage({ task, as, epoch, usage: { id, costNanos } })

  beforeEach(async () => {
    for (const swarm of ['s1', 's2', 's3']) await client.swarm.register({ swarm })
    for (const id of ['a', 'b', 'c'])
      await client.task.create({ id, title: id, board: 'sprint', maxCostNanos: 5 * DOLLAR })
  })

  test('claims hold what they may cost: of all that come at once, as many as the budget has room for', async () => {
    const claims = ['a', 'b', 'c'].map((task, position) => client.task.claim({ task, as: `s${position + 1}` }))
    const codes = await Promise.all(claims.map(codeOf))
    expect(codes.sort()).toEqual(['BUDGET_EXCEEDED', 'accepted', 'accepted'])
    const { items } = await client.cost.budget({ scope: 'board:sprint' })
    expect(items).toMatchObject([{ id: 'board:sprint/total', held: { nanos: 10 * DOLLAR } }])
    expect((await logOf('request_refused')).map(({ data }) => data.code)).toEqual(['BUDGET_EXCEEDED'])
  })

  test('what is not spent comes back, and who waited for it is woken', async () => {
    const { epoch } = await client.task.claim({ task: 'a', as: 's1' })
    await client.task.claim({ task: 'b', as: 's2' })
    expect(await client.task.next({ as: 's3', claim: true })).toMatchObject({ kind: 'none' })
    const waiting = client.task.next({ as: 's3', claim: true, waitMs: 60_000 })
    await until(async () => (await client.fabric.status()).waitingSwarms === 1)
    await spend('a', 's1', epoch, 'one', 2 * DOLLAR)
    await client.task.complete({ task: 'a', as: 's1', epoch })
    expect(await waiting).toMatchObject({ kind: 'primary', task: { id: 'c' } })
    const costs = await client.cost.report({ by: 'board' })
    expect(costs.rows).toMatchObject([{ name: 'sprint', settled: { nanos: 2 * DOLLAR } }])
  })

  test('a claim that spends what it holds is stopped; an extension lets it go on', async () => {
    const { epoch } = await client.task.claim({ task: 'a', as: 's1' })
    expect(await spend('a', 's1', epoch, 'one', 4 * DOLLAR)).not.toHaveProperty('stop')
    expect(await spend('a', 's1', epoch, 'two', DOLLAR)).toHaveProperty('stop')
    expect(await spend('a', 's1', epoch, 'two', DOLLAR)).toMatchObject({ repeated: true, spentNanos: 5 * DOLLAR })
    expect(await client.task.heartbeat({ task: 'a', as: 's1', epoch })).toHaveProperty('stop')
    const { items } = await client.escalation.list({ kind: 'budget' })
    expect(items).toMatchObject([{ task: 'a', account: 'task:a/total' }])
    const extension = { account: 'task:a/total', nanos: 2 * DOLLAR, reason: 'nearly there' }
    expect(await codeOf(client.cost.extend({ ...extension, as: 's1' }))).toBe('FORBIDDEN')
    await client.cost.extend(extension)
    expect(await client.task.heartbeat({ task: 'a', as: 's1', epoch })).not.toHaveProperty('stop')
    expect((await client.escalation.list({ kind: 'budget' })).items).toEqual([])
    const types = (await log()).map(({ type }) => type)
    expect(types.filter((type) => /budget_warned|claim_|budget_extended/.test(type))).toEqual([
      'budget_warned',
      'claim_stopped',
      'budget_extended',
      'claim_resumed',
    ])
  })

  test('tokens become money by the price list; a model without a price is refused', async () => {
    const { epoch } = await client.task.claim({ task: 'a', as: 's1' })
    const report = (usage: object) => client.task.usage({ task: 'a', as: 's1', epoch, usage: usage as never })
    const usage = { id: 'one', model: 'sonnet', inputTokens: 100_000, outputTokens: 10_000 }
    expect(await report(usage)).toMatchObject({ amount: { nanos: 0.45 * DOLLAR } })
    expect(await codeOf(report({ ...usage, id: 'two', model: 'unknown' }))).toBe('POLICY_VIOLATION')
    expect(await codeOf(report({ id: 'three', costNanos: -1 }))).toBe('INVALID_ARGUMENT')
    expect((await client.cost.report({ by: 'model' })).rows).toMatchObject([{ name: 'sonnet' }])
  })

  test('the books are the same after a restart', async () => {
    const { epoch } = await client.task.claim({ task: 'a', as: 's1' })
    await spend('a', 's1', epoch, 'one', 2 * DOLLAR)
    const before = [await client.cost.budget({ tasks: true }), await client.cost.report({ by: 'swarm' })]
    await place.restart()
    expect([await client.cost.budget({ tasks: true }), await client.cost.report({ by: 'swarm' })]).toEqual(before)
    expect(await spend('a', 's1', epoch, 'one', 2 * DOLLAR)).toMatchObject({ repeated: true })
  })
})

test('circuit breaker trip and reset', async () => {
  for (const swarm of ['flaky', 'steady']) await client.swarm.register({ swarm })
  for (const id of ['t1', 't2', 't3', 't4', 't5', 't6', 't7']) await client.task.create({ id, title: id })
  for (const task of ['t1', 't2', 't3']) {
    const { epoch } = await client.task.claim({ task, as: 'flaky' })
    await client.task.fail({ task, as: 'flaky', epoch, reason: 'it does not build' })
  }
  expect(await client.breaker.show({ swarm: 'flaky' })).toMatchObject({ state: 'open', cause: 'failures' })
  expect(await codeOf(client.task.claim({ task: 't4', as: 'flaky' }))).toBe('BREAKER_OPEN')
  expect(await codeOf(client.task.next({ as: 'flaky', claim: true }))).toBe('BREAKER_OPEN')
  expect(await codeOf(client.breaker.admit({ swarm: 'flaky' }))).toBe('BREAKER_OPEN')
  expect(await client.task.claim({ task: 't4', as: 'steady' })).toMatchObject({ reclaimed: false })

  await place.restart()
  expect(await codeOf(client.task.claim({ task: 't5', as: 'flaky' })), 'after a restart').toBe('BREAKER_OPEN')
  timing.advance(40 * SECOND_MS)
  await until(async () => (await client.breaker.show({ swarm: 'flaky' })).state === 'half_open')
  for (const task of ['t5', 't6', 't7']) {
    const { epoch } = await client.task.claim({ task, as: 'flaky' })
    await client.task.complete({ task, as: 'flaky', epoch })
  }
  expect(await client.breaker.show({ swarm: 'flaky' })).toMatchObject({ state: 'closed' })

  const { epoch } = await client.task.claim({ task: 't1', as: 'flaky' }).catch(async () => {
    timing.advance(MINUTE_MS)
    await until(async () => (await client.task.show({ task: 't1' })).task.notBefore === undefined)
    return client.task.claim({ task: 't1', as: 'flaky' })
  })
  const trip = { swarm: 'flaky', reason: 'it edits what is not its own' }
  expect(await codeOf(client.breaker.trip({ ...trip, as: 'steady' }))).toBe('FORBIDDEN')
  expect(await client.breaker.trip(trip)).toMatchObject({ state: 'open', latched: true })
  expect(await codeOf(client.task.complete({ task: 't1', as: 'flaky', epoch }))).toBe('STALE_CLAIM')
  expect((await client.task.show({ task: 't1' })).task.state).toBe('available')
  expect((await client.escalation.list({ kind: 'breaker' })).items).toMatchObject([{ swarm: 'flaky' }])
  timing.advance(60 * MINUTE_MS)
  expect(await client.breaker.show({ swarm: 'flaky' }), 'time alone').toMatchObject({ state: 'open', latched: true })
  expect(await codeOf(client.breaker.reset({ swarm: 'flaky', reason: 'I am fine', as: 'flaky' }))).toBe('FORBIDDEN')
  expect(await client.breaker.reset({ swarm: 'flaky', reason: 'prompt mended' })).toMatchObject({ state: 'closed' })
  expect((await client.escalation.list({ kind: 'breaker' })).items).toEqual([])
  expect(await client.task.claim({ task: 't1', as: 'flaky' })).toMatchObject({ reclaimed: false })
  expect((await log()).filter(({ type }) => type.startsWith('breaker_')).map(({ type }) => type)).toEqual([
    'breaker_opened',
    'breaker_half_opened',
    'breaker_closed',
    'breaker_opened',
    'breaker_closed',
  ])
})

test('gang up on a blocker with qualified swarms', async () => {
  await client.swarm.register({ swarm: 'stuck' })
  await client.swarm.register({ swarm: 'sip', capabilities: ['net:sip'] })
  await client.swarm.register({ swarm: 'ice', capabilities: ['net:ice'], budgetNanos: 20 * DOLLAR })
  await client.swarm.register({ swarm: 'ice-2', capabilities: ['net:ice'], reputation: 0.5 })
  await client.swarm.register({ swarm: 'writer', capabilities: ['doc:md'] })
  await client.task.create({ id: 't1', title: 'Hard' })
  const { epoch } = await client.task.claim({ task: 't1', as: 'stuck' })
  const waiting = ['sip', 'ice'].map((as) => client.task.next({ as, claim: true, waitMs: 60_000 }))
  await until(async () => (await client.fabric.status()).waitingSwarms === 2)

  const requires = ['net:sip', 'net:ice']
  const raised = await client.task.block({ task: 't1', as: 'stuck', epoch, kind: 'help', needs: 'a trace', requires })
  const { id: blocker } = raised
  expect(raised).toMatchObject({ state: 'assigned' })
  expect(raised.helpers.map(({ swarm, asks }) => [swarm, asks])).toEqual(
    expect.arrayContaining([
      ['sip', ['net:sip']],
      ['ice', ['net:ice']],
    ]),
  )
  for (const offer of await Promise.all(waiting))
    expect(offer).toMatchObject({ kind: 'help', blocker: { id: blocker } })
  expect((await logOf('help_requested')).map(({ data }) => data.hold)).toMatchObject([
    { amount: { nanos: 10 * DOLLAR }, accounts: ['help:t1/total'] },
  ])

  await client.blocker.answer({ blocker, as: 'ice', accept: false, reason: 'no time' })
  timing.advance(0)
  await until(async () => (await client.inbox.read({ swarm: 'ice-2' })).messages.length > 0)
  const { helpers } = await client.blocker.answer({ blocker, as: 'ice-2', accept: true })
  await client.blocker.answer({ blocker, as: 'sip', accept: true })
  const own = helpers.find(({ swarm }) => swarm === 'ice-2')?.epoch ?? -1
  const usage = { id: 'first', costNanos: 2 * DOLLAR }
  expect(await client.task.usage({ task: 't1', as: 'ice-2', epoch: own, usage })).toMatchObject({ late: false })
  const back = client.task.next({ as: 'stuck', claim: true, waitMs: 60_000 })
  await until(async () => (await client.fabric.status()).waitingSwarms === 1)
  await client.blocker.resolve({ blocker, as: 'ice-2', epoch: own, resolution: 'a candidate was filtered' })
  expect(await back).toMatchObject({ kind: 'resume', claim: { epoch } })
  expect(
    await client.task.usage({ task: 't1', as: 'ice-2', epoch: own, usage: { ...usage, id: 'last' } }),
  ).toMatchObject({ late: true })
  const { rows } = await client.cost.report({ by: 'swarm' })
  expect(rows.find(({ name }) => name === 'ice-2')?.settled.nanos).toBe(4 * DOLLAR)
  const { items } = await client.cost.budget({ scope: 'help:t1' })
  expect(items).toMatchObject([{ settled: { nanos: 4 * DOLLAR }, held: { nanos: 0 } }])
  expect((await client.escalation.list({})).items).toEqual([])
})

test('gang up on a blocker without qualified swarms', async () => {
  await client.swarm.register({ swarm: 'stuck', capabilities: ['net:sip'] })
  await client.swarm.register({ swarm: 'writer', capabilities: ['doc:md'] })
  await client.swarm.register({ swarm: 'novice', capabilities: ['net:sip'], reputation: 0.1 })
  await client.task.create({ id: 't1', title: 'Hard' })
  const { epoch } = await client.task.claim({ task: 't1', as: 'stuck' })
  const raised = { task: 't1', as: 'stuck', epoch, kind: 'help' as const, needs: 'a trace', requires: ['net:sip'] }
  const { id: blocker } = await client.task.block(raised)
  const { items } = await client.escalation.list({})
  expect(items).toMatchObject([{ kind: 'help', state: 'open', task: 't1', blocker, context: { needs: 'a trace' } }])
  expect((await log()).filter(({ type }) => type.startsWith('help_')).map(({ type }) => type)).toEqual([
    'help_unavailable',
  ])
  for (const swarm of ['writer', 'novice']) expect((await client.inbox.read({ swarm })).messages).toEqual([])

  await place.restart()
  const back = client.task.next({ as: 'stuck', claim: true, waitMs: 60_000 })
  await until(async () => (await client.fabric.status()).waitingSwarms === 1)
  const escalation = items[0]?.id ?? ''
  expect(await codeOf(client.escalation.answer({ escalation, as: 'stuck', answer: 'I know' }))).toBe('FORBIDDEN')
  await client.escalation.answer({ escalation, answer: 'use the recording of May' })
  expect(await back).toMatchObject({ kind: 'resume', claim: { epoch } })
  const { messages } = await client.inbox.read({ swarm: 'stuck' })
  expect(messages.map(({ kind }) => kind)).toEqual(['escalation_answered', 'blocker_resolved'])
  expect(messages[1]?.text).toContain('use the recording of May')
  expect((await client.blocker.list({ open: true })).items).toEqual([])
  expect(await codeOf(client.escalation.answer({ escalation, answer: 'or that of June' }))).toBe('WRONG_STATE')
})

describe('policy violation prevention', () => {
  test('no more swarms and no more cost than the policy allows, whoever asks', async () => {
    await client.swarm.register({ swarm: 's1' })
    for (const part of ['a', 'b', 'c']) await client.swarm.register({ swarm: part, capabilities: [`part:${part}`] })
    await client.task.create({ id: 'dear', title: 'Dear', maxCostNanos: 11 * DOLLAR })
    expect(await codeOf(client.task.claim({ task: 'dear', as: 's1' }))).toBe('POLICY_VIOLATION')
    await client.task.create({ id: 't1', title: 'One' })
    const { epoch } = await client.task.claim({ task: 't1', as: 's1' })
    const blocked = ['a', 'b', 'c'].map((part) =>
      client.task.block({ task: 't1', as: 's1', epoch, kind: 'help', needs: 'a hand', requires: [`part:${part}`] }),
    )
    const helpers = (await Promise.all(blocked)).map((blocker) => blocker.helpers.map(({ swarm }) => swarm))
    expect(helpers.flat()).toHaveLength(2)
    const position = helpers.findIndex((swarms) => swarms.length === 0)
    const { id: blocker } = (await blocked[position]) ?? { id: '' }
    const missing = ['a', 'b', 'c'][position] ?? ''
    expect(await codeOf(client.blocker.assign({ blocker, swarms: [missing] }))).toBe('POLICY_VIOLATION')
    expect((await client.escalation.list({})).items).toMatchObject([{ kind: 'help', blocker }])
    const refusals = (await logOf('request_refused')).map(({ subject, data }) => `${data.code} ${subject}`)
    expect(refusals).toEqual(['POLICY_VIOLATION dear', 'POLICY_VIOLATION t1'])
  })

  test('a swarm changes neither the policy nor what it is trusted with', async () => {
    await client.swarm.register({ swarm: 's1', reputation: 0.5, budgetNanos: DOLLAR })
    const { policy, digest } = await client.policy.show({})
    const loose = { ...policy, maxSwarmsPerTask: 64 } as never
    expect(await codeOf(client.policy.apply({ policy: loose, as: 's1' }))).toBe('FORBIDDEN')
    const better = { swarm: 's1', as: 's1', reputation: 1, budgetNanos: DOLLAR }
    expect(await codeOf(client.swarm.register(better))).toBe('FORBIDDEN')
    const richer = { swarm: 's1', as: 's1', reputation: 0.5, budgetNanos: 2 * DOLLAR }
    expect(await codeOf(client.swarm.register(richer))).toBe('FORBIDDEN')
    await client.swarm.register({ swarm: 's1', as: 's1', capabilities: ['a:b'] })
    const { swarm } = await client.swarm.show({ swarm: 's1' })
    expect(swarm).toMatchObject({ reputation: 0.5, budgetNanos: DOLLAR })
    expect(await client.policy.show({})).toMatchObject({ digest, builtIn: false })
    expect(await codeOf(client.policy.apply({ policy: { ...policy, maxSwarmsPerTask: -1 } as never }))).toBe(
      'INVALID_ARGUMENT',
    )
  })

  test('a new policy counts from the next decision on, is in the log, and stays after a restart', async () => {
    for (const swarm of ['s1', 's2']) await client.swarm.register({ swarm, capabilities: ['a:b'] })
    await client.task.create({ id: 't1', title: 'One', requires: ['a:b', 'c:d'] })
    expect(await codeOf(client.task.claim({ task: 't1', as: 's1' }))).toBe('NOT_ELIGIBLE')
    const { policy, digest } = await client.policy.show({})
    const applied = await client.policy.apply({ policy: { ...policy, minCapabilityMatch: 0.5 } as never })
    expect(applied.changed).toBe(true)
    await client.task.claim({ task: 't1', as: 's1' })
    const [claimed] = await logOf('task_claimed')
    expect(claimed?.data.policy).toBe(applied.digest)
    expect((await logOf('policy_applied')).map(({ subject, data }) => [subject, data.replaces])).toMatchObject([
      [digest, expect.any(String)],
      [applied.digest, digest],
    ])
  })

  test('an unanswered loop of refused calls is ended', async () => {
    await client.swarm.register({ swarm: 'loop' })
    await client.task.create({ id: 't1', title: 'One', requires: ['a:b'] })
    const codes = new Set<string>()
    for (let call = 0; call < POLICY.breaker.runawayRefusals + 1; call += 1) {
      codes.add(await codeOf(client.task.claim({ task: 't1', as: 'loop' })))
    }
    expect([...codes]).toEqual(['NOT_ELIGIBLE', 'BREAKER_OPEN'])
    expect(await client.breaker.show({ swarm: 'loop' })).toMatchObject({ latched: true, cause: 'runaway' })
  })
})
