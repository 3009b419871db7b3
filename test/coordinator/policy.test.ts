import { beforeEach, describe, expect, test } from 'vitest'
import type { CommandOf, CommandType } from '../../src/coordinator/commands.js'
import { policyDigestOf } from '../../src/fabric/policy-digest.js'
import { type CapabilityRule, DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../src/governor/policy/policy.js'
import type { Journal } from '../../src/journal/journal.js'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { ADMIN_ACTOR, swarmActor } from '../../src/model/entry.js'
import { makeRegistration, makeTask } from '../../src/testing/factories.js'
import { openTestFabric, type TestFabric } from '../../src/testing/test-fabric.js'
import { World } from './world.js'

const DOLLAR = 1_000_000_000

let world: World

beforeEach(() => {
  world = new World()
})

function apply(changes: Partial<GovernorPolicy>, digest = JSON.stringify(changes)) {
  const policy = { ...DEFAULT_GOVERNOR_POLICY, help: { ...DEFAULT_GOVERNOR_POLICY.help, automatic: false }, ...changes }
  return world.send({ type: 'apply_policy', policy, digest })
}

const rule = (capability: string, what: CapabilityRule) => apply({ capabilityRules: { [capability]: what } })
const grant = (swarm: string, ...capabilities: string[]) =>
  world.send({ type: 'grant_capabilities', swarm, capabilities }, ADMIN_ACTOR)

/** Whether a swarm may claim a task; it is given back at once. */
function tryClaim(task: string, swarm: string): string {
  try {
    const epoch = world.claim(task, swarm)
    world.send({ type: 'release_task', task, epoch })
    return 'yes'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('who qualifies', () => {
  beforeEach(() => {
    world.create(makeTask('t1', { requires: ['a:1', 'a:2', 'a:3'] }), makeTask('free'))
    world.register('two', { capabilities: ['a:1', 'a:2', 'b:1', 'b:2', 'b:3'] })
    world.register('three', { capabilities: ['a:1', 'a:2', 'a:3'] })
  })

  test('is who has enough of what is needed: the least is the policy’s, and more than needed does not help', () => {
    expect([tryClaim('t1', 'two'), tryClaim('t1', 'three')]).toEqual(['NOT_ELIGIBLE', 'yes'])
    const refusal = world.refused({ type: 'claim_task', task: 't1', swarm: 'two' })
    expect(refusal.message).toContain('a:3')
    apply({ minCapabilityMatch: 0.66 })
    expect(tryClaim('t1', 'two')).toBe('yes')
    apply({ minCapabilityMatch: 1 })
    expect([tryClaim('t1', 'two'), tryClaim('t1', 'three')]).toEqual(['NOT_ELIGIBLE', 'yes'])
  })

  test('the same capability named twice is one', () => {
    world.register('one', { capabilities: ['a:1', 'a:1', 'a:1'] })
    expect(tryClaim('t1', 'one')).toBe('NOT_ELIGIBLE')
  })

  test('is who is trusted enough; a swarm of which nobody said anything is', () => {
    world.register('bad', { reputation: 0.4 })
    world.register('good', { reputation: 0.5 })
    world.register('new')
    expect(['bad', 'good', 'new'].map((swarm) => tryClaim('free', swarm))).toEqual(['yes', 'yes', 'yes'])
    apply({ minReputation: 0.5 })
    expect(['bad', 'good', 'new'].map((swarm) => tryClaim('free', swarm))).toEqual(['NOT_ELIGIBLE', 'yes', 'yes'])
    expect(world.next('bad')).toBe('none')
  })

  test('for help too', () => {
    world.register('bad', { capabilities: ['a:1'], reputation: 0.4 })
    apply({ minReputation: 0.5 })
    const blocker = world.block('t1', world.claim('t1', 'three'), { requires: ['a:1'] })
    const ask = (swarm: string) => ({ type: 'assign_helpers', blocker, swarms: [swarm] }) as const
    expect(world.refused(ask('bad')).code).toBe('NOT_ELIGIBLE')
    expect(world.send(ask('two')).helpers).toHaveLength(1)
  })
})

describe('the rule of a capability', () => {
  beforeEach(() => {
    world.create(makeTask('ship', { requires: ['deploy:production'] }))
    world.register('s1', { capabilities: ['deploy:production'], reputation: 0.6, tier: 'sonnet' })
    world.register('s2', { capabilities: ['deploy:production'], reputation: 0.95, tier: 'opus' })
  })

  test('may want it granted: what a swarm says of itself does not count, what a person says does', () => {
    rule('deploy:*', { grantedOnly: true })
    const refusal = world.refused({ type: 'claim_task', task: 'ship', swarm: 's1' })
    expect(refusal).toMatchObject({ code: 'NOT_ELIGIBLE', details: { match: 0 } })
    expect(refusal.message).toContain('only when an administrator grants it')
    grant('s1', 'deploy:production')
    expect([tryClaim('ship', 's1'), tryClaim('ship', 's2')]).toEqual(['yes', 'NOT_ELIGIBLE'])
    world.restart()
    expect(tryClaim('ship', 's1')).toBe('yes')
    grant('s1')
    expect(tryClaim('ship', 's1')).toBe('NOT_ELIGIBLE')
    expect(world.state.swarms.get('s1')).not.toHaveProperty('granted')
  })

  test('a grant outlives what the swarm says about itself, and counts without being said', () => {
    rule('deploy:production', { grantedOnly: true })
    grant('s1', 'deploy:production')
    world.register('s1', { reputation: 0.6 })
    expect(tryClaim('ship', 's1')).toBe('yes')
  })

  test('may want a reputation, a tier, or that it costs no more than so much', () => {
    rule('deploy:*', { minimumReputation: 0.9 })
    expect([tryClaim('ship', 's1'), tryClaim('ship', 's2')]).toEqual(['NOT_ELIGIBLE', 'yes'])
    rule('deploy:*', { minimumTier: 'opus' })
    expect([tryClaim('ship', 's1'), tryClaim('ship', 's2')]).toEqual(['NOT_ELIGIBLE', 'yes'])
    rule('deploy:*', { maxCostNanos: 2 * DOLLAR })
    const epoch = world.claim('ship', 's1')
    expect(world.state.governor.books.holds.get(`claim-${epoch}`)?.amount.nanos).toBe(2 * DOLLAR)
  })

  test('its own comes before that of its domain', () => {
    apply({ capabilityRules: { 'deploy:*': { grantedOnly: true }, 'deploy:production': { minimumTier: 'haiku' } } })
    expect(tryClaim('ship', 's1')).toBe('yes')
  })

  test('says who is offered such a task', () => {
    rule('deploy:*', { grantedOnly: true })
    expect([world.next('s1'), world.next('s2')]).toEqual(['none', 'none'])
    grant('s2', 'deploy:production')
    expect([world.next('s1'), world.next('s2')]).toEqual(['none', 'primary ship'])
  })
})

describe('a swarm', () => {
  const self = swarmActor('s1')

  beforeEach(() => {
    world.register('s1', { reputation: 0.5, budgetNanos: 5, costPerHourNanos: 7, capabilities: ['a:b'] })
    world.register('s2')
  })

  test('may change what it says of itself, by repeating what a person said of it', () => {
    const known = { reputation: 0.5, budgetNanos: 5, costPerHourNanos: 7 }
    world.send(makeRegistration('s1', { ...known, capabilities: ['c:d'], capacity: 3, metadata: { host: 'x' } }), self)
    expect(world.state.swarms.get('s1')).toMatchObject({ ...known, capabilities: ['c:d'], capacity: 3 })
  })

  test.each([
    ['budget', { budgetNanos: 6 }, 'budgetNanos'],
    ['reputation', { reputation: 1 }, 'reputation'],
    ['rate', { costPerHourNanos: 0 }, 'costPerHourNanos'],
  ])('cannot set its own %s', (_, change, field) => {
    const known = { reputation: 0.5, budgetNanos: 5, costPerHourNanos: 7, capabilities: ['a:b'] }
    const before = world.state.swarms.get('s1')
    const command = makeRegistration('s1', { ...known, ...change })
    expect(world.refused(command, self)).toMatchObject({ code: 'FORBIDDEN', details: { field } })
    expect(world.state.swarms.get('s1')).toBe(before)
  })

  test.each([self, ADMIN_ACTOR])('loses no limit by a registration of %s that does not speak of it', (actor) => {
    const known = { reputation: 0.5, budgetNanos: 5, costPerHourNanos: 7 }
    world.send(makeRegistration('s1', { capacity: 4 }), actor)
    expect(world.state.swarms.get('s1')).toMatchObject({ ...known, capacity: 4, capabilities: [] })
  })

  test('registers nobody, neither another nor itself for the first time', () => {
    expect(world.refused(makeRegistration('s2', { capacity: 99 }), self).code).toBe('FORBIDDEN')
    expect(world.refused(makeRegistration('s9'), self).code).toBe('FORBIDDEN')
    expect(world.refused(makeRegistration('s9'), swarmActor('s9')).code).toBe('FORBIDDEN')
    expect(world.state.swarms.has('s9')).toBe(false)
  })

  test('grants nothing and changes no policy, no budget and no breaker', () => {
    const commands = [
      { type: 'grant_capabilities', swarm: 's1', capabilities: ['deploy:production'] },
      { type: 'apply_policy', policy: DEFAULT_GOVERNOR_POLICY, digest: 'mine' },
      { type: 'extend_budget', account: 'swarm:s1/total', nanos: 1, reason: 'I need it' },
      { type: 'trip_breaker', swarm: 's2', cause: 'administrator', reason: 'rival' },
      { type: 'reset_breaker', swarm: 's1', reason: 'I am fine' },
    ] as const
    for (const command of commands) expect(world.refused(command, self).code, command.type).toBe('FORBIDDEN')
  })

  test('is granted the same once', () => {
    expect(world.written(() => grant('s1', 'x:y', 'x:y'))).toEqual(['capabilities_granted s1'])
    expect(world.written(() => grant('s1', 'x:y'))).toEqual([])
    expect(world.state.swarms.get('s1')?.granted).toEqual(['x:y'])
  })
})

test('where only known capabilities are allowed, a swarm names no other', () => {
  apply({ knownCapabilitiesOnly: true, capabilityRegistry: { 'own:thing': 'What only we do' } })
  world.register('s1', { capabilities: ['code:typescript', 'own:thing'] })
  const refusal = world.refused(makeRegistration('s2', { capabilities: ['code:typescript', 'code:klingon'] }))
  expect(refusal).toMatchObject({ code: 'POLICY_VIOLATION', details: { capabilities: ['code:klingon'] } })
  expect(world.state.swarms.has('s2')).toBe(false)
  apply({ knownCapabilitiesOnly: false })
  world.register('s2', { capabilities: ['code:klingon'] })
})

describe('a policy that is replaced while claims are live', () => {
  const budgets = { ...DEFAULT_GOVERNOR_POLICY.budgets, fabric: { total: { nanos: 30 * DOLLAR } } }

  beforeEach(() => {
    for (const swarm of ['s1', 's2', 's3']) world.register(swarm)
    world.create(makeTask('t1', { board: 'b' }), makeTask('t2', { board: 'c' }), 't3')
  })

  const held = (id: string) => world.state.governor.books.account(id).held.nanos / DOLLAR
  const accounts = (epoch: number) => world.state.governor.books.holds.get(`claim-${epoch}`)?.accounts

  test('binds their holds to the scopes that it limits, and frees them from those it does not', () => {
    const [first, second] = [world.claim('t1', 's1'), world.claim('t2', 's2')]
    expect([accounts(first), held('fabric/total')]).toEqual([['task:t1/total'], 0])
    world.send({ type: 'report_usage', task: 't1', epoch: first, usage: { id: 'u', costNanos: DOLLAR } })
    apply({ budgets: { ...budgets, boards: { b: { month: { nanos: 20 * DOLLAR } } } } })
    expect([held('fabric/total'), held('board:b/month:2026-01'), held('task:t1/total')]).toEqual([19, 9, 9])
    expect(accounts(second)).toEqual(['task:t2/total', 'fabric/total'])
    expect(world.claim('t3', 's3')).toBeGreaterThan(second)
    apply({ budgets: { ...budgets, fabric: {}, swarms: { '*': { total: { nanos: DOLLAR } } } } })
    expect([held('fabric/total'), held('board:b/month:2026-01'), held('swarm:s1/total')]).toEqual([0, 0, 9])
    for (const task of ['t1', 't2', 't3']) world.send({ type: 'release_task', task })
    for (const { id, held: left } of world.state.governor.books.accounts.values()) expect(left.nanos, id).toBe(0)
  })

  test('counts what they hold when the next one asks', () => {
    world.claim('t1', 's1')
    world.claim('t2', 's2')
    apply({ budgets: { ...budgets, fabric: { total: { nanos: 25 * DOLLAR } } } })
    expect(world.refused({ type: 'claim_task', task: 't3', swarm: 's3' }).details).toMatchObject({
      account: 'fabric/total',
      held: 20 * DOLLAR,
    })
  })

  test('is written once: the same again changes nothing, another names the one it replaces', () => {
    expect(world.written(() => apply({ minReputation: 0.1 }, 'one'))).toEqual(['policy_applied one'])
    expect(world.written(() => expect(apply({ minReputation: 0.1 }, 'one').changed).toBe(false))).toEqual([])
    expect(apply({ minReputation: 0.2 }, 'two')).toEqual({ digest: 'two', changed: true })
    expect(world.log.at(-1)).toMatchObject({ subject: 'two', data: { replaces: 'one' } })
  })

  test('decides at once, and folds to the same state', () => {
    const first = world.claim('t1', 's1')
    apply({ budgets, maxCostPerTaskNanos: 3 * DOLLAR })
    expect(world.state.governor.books.holds.get(`claim-${world.claim('t2', 's2')}`)?.amount.nanos).toBe(3 * DOLLAR)
    expect(world.state.governor.books.holds.get(`claim-${first}`)?.amount.nanos).toBe(10 * DOLLAR)
    const rows = JSON.stringify([...world.state.rows()])
    world.restart()
    expect(JSON.stringify([...world.state.rows()])).toBe(rows)
  })
})

describe('the digest of the policy', () => {
  interface Read {
    readonly type: string
    readonly subject: string
    readonly actor: string
    readonly data: Readonly<Record<string, unknown>>
  }

  async function entriesOf(journal: Journal): Promise<Read[]> {
    const entries: Read[] = []
    for await (const chunk of journal.read(0)) {
      for (const { bytes } of chunk) {
        const event = JSON.parse(Buffer.from(bytes).toString())
        entries.push({ ...event, type: event.type.split('.')[2] })
      }
    }
    return entries
  }

  const DECIDED = [
    'task_claimed',
    'help_requested',
    'breaker_opened',
    'escalation_opened',
    'budget_extended',
    'claim_stopped',
  ]

  /** Makes one entry of each kind that is decided by the policy. */
  async function live({ fabric }: TestFabric, name: string): Promise<void> {
    const send = <Type extends CommandType>(command: CommandOf<Type>) => fabric.submit(command, { actor: ADMIN_ACTOR })
    const [holder, asked, bad] = [`holder-${name}`, `asked-${name}`, `bad-${name}`]
    for (const swarm of [holder, asked, bad]) await send(makeRegistration(swarm))
    await send({ type: 'create_task', task: makeTask(name, { maxCostNanos: 5 }) })
    const { epoch } = await send({ type: 'claim_task', task: name, swarm: holder })
    const blocker = { task: name, epoch, needs: 'x', requires: [] } as const
    await send({ type: 'raise_blocker', kind: 'help', ...blocker })
    const { id } = await send({ type: 'raise_blocker', kind: 'human', ...blocker })
    await send({ type: 'assign_helpers', blocker: id, swarms: [asked] })
    await send({ type: 'heartbeat', task: name, epoch, usage: { id: 'u', costNanos: 5 } })
    await send({ type: 'extend_budget', account: `task:${name}/total`, nanos: 5, reason: 'x' })
    await send({ type: 'trip_breaker', swarm: bad, cause: 'administrator', reason: 'x' })
  }

  test('is named by every entry that was decided under it, the built-in one’s too', async () => {
    const opened = await openTestFabric()
    await live(opened, 'a')
    const later = { ...DEFAULT_GOVERNOR_POLICY, minReputation: 0.1 }
    const digest = policyDigestOf(later)
    const apply = { type: 'apply_policy', policy: later, digest } as const
    expect(await opened.fabric.submit(apply, { actor: ADMIN_ACTOR })).toEqual({ digest, changed: true })
    expect(await opened.fabric.submit(apply, { actor: ADMIN_ACTOR })).toEqual({ digest, changed: false })
    await live(opened, 'b')
    const entries = await entriesOf(opened.journal)
    const applied = entries.findIndex(({ type }) => type === 'policy_applied')
    const first = policyDigestOf(DEFAULT_GOVERNOR_POLICY)
    expect(entries[applied]).toMatchObject({ subject: digest, data: { replaces: first } })
    for (const [part, name] of [
      [entries.slice(0, applied), first],
      [entries.slice(applied + 1), digest],
    ] as const) {
      const decided = part.filter(({ type }) => DECIDED.includes(type))
      expect(new Set(decided.map(({ type }) => type))).toEqual(new Set(DECIDED))
      // One that the governor planned, and one by hand.
      expect(decided.filter(({ type }) => type === 'help_requested')).toHaveLength(2)
      for (const { type, subject, data } of decided) expect(data.policy, `${type} ${subject}`).toBe(name)
    }
    expect(entries.filter(({ type }) => type === 'policy_applied')).toHaveLength(1)
    expect(opened.faults).toEqual([])
    await opened.fabric.close()
  })

  test('is that of the content: a restart with the same policy writes nothing, with another one an entry', async () => {
    const journal = new MemoryJournal()
    const governor = { minReputation: 0.25, tiers: ['small', 'large'] }
    const applied = async () => {
      await journal.open()
      const entries = await entriesOf(journal)
      await journal.close()
      return entries.filter(({ type }) => type === 'policy_applied')
    }
    for (const policy of [governor, { tiers: ['small', 'large'], minReputation: 0.25 }]) {
      await (await openTestFabric({ journal, governor: policy })).fabric.close()
      expect(await applied()).toHaveLength(1)
    }
    // Without a policy of its own the one in the log stays.
    const opened = await openTestFabric({ journal })
    expect(await opened.fabric.read((state) => state.governor.policy.minReputation)).toBe(0.25)
    await opened.fabric.close()
    await (await openTestFabric({ journal, governor: {} })).fabric.close()
    const all = await applied()
    expect(all.map(({ subject, actor }) => [subject, actor])).toEqual([
      [policyDigestOf({ ...DEFAULT_GOVERNOR_POLICY, ...governor }), 'fabric'],
      [policyDigestOf(DEFAULT_GOVERNOR_POLICY), 'fabric'],
    ])
  })
})

describe('what a swarm says of itself', () => {
  test('does not bring it back when an administrator retired it', () => {
    world.register('s1')
    world.send({ type: 'retire_swarm', swarm: 's1' }, ADMIN_ACTOR)
    expect(world.refused(makeRegistration('s1'), swarmActor('s1')).code).toBe('FORBIDDEN')
  })

  test.each([[{ tier: 'opus' }], [{}]])('does not raise its tier to %o', (said) => {
    world.register('s1', { tier: 'haiku' })
    expect(world.refused(makeRegistration('s1', said), swarmActor('s1')).code).toBe('FORBIDDEN')
  })
})
