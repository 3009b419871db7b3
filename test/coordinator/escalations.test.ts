import { beforeEach, describe, expect, test } from 'vitest'
import type { CommandOf } from '../../src/coordinator/commands.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../src/governor/policy/policy.js'
import { ADMIN_ACTOR, FABRIC_ACTOR, swarmActor } from '../../src/model/entry.js'
import { APPROVE, DENY, type EscalationRow } from '../../src/model/escalation.js'
import { LIMITS } from '../../src/model/limits.js'
import { NANOS_PER_DOLLAR as DOLLAR } from '../../src/model/money.js'
import { ORCHESTRATOR } from '../../src/model/swarm.js'
import { DAY_MS, MINUTE_MS } from '../../src/model/time.js'
import { World } from './world.js'

const DIGEST = 'd'.repeat(64)
const PERSON = 'person:ada'
let world: World

beforeEach(() => {
  world = new World({}, {})
  for (const swarm of ['s1', 's2']) world.register(swarm)
  world.create('t1')
})

function ask(changes: Partial<CommandOf<'ask_human'>> = {}, actor?: string): EscalationRow {
  return world.send(question(changes), actor)
}

function question(changes: Partial<CommandOf<'ask_human'>> = {}): CommandOf<'ask_human'> {
  const words = { question: 'Which dialect?', context: { partner: 'acme' }, options: [] }
  return { type: 'ask_human', swarm: 's1', severity: 'warning', ...words, ...changes }
}

/** Asked as the administrator, who speaks for no swarm. */
function asAdmin({ swarm: _, ...rest } = question()): CommandOf<'ask_human'> {
  return rest
}

const approval = (changes: Partial<CommandOf<'ask_human'>> = {}, actor?: string) =>
  ask({ approvalOf: DIGEST, ...changes }, actor)
const answer = (escalation: string, said: { option?: string; answer?: string }, actor?: string) =>
  world.send({ type: 'answer_escalation', escalation, ...said }, actor)
const refuse = (escalation: string, said: { option?: string; answer?: string }, actor?: string) =>
  world.refused({ type: 'answer_escalation', escalation, ...said }, actor).code
const takeOf = (escalation: string, changes: Partial<CommandOf<'take_approval'>> = {}): CommandOf<'take_approval'> => ({
  type: 'take_approval',
  escalation,
  swarm: 's1',
  digest: DIGEST,
  ...changes,
})
const refuseTake = (escalation: string, changes: Partial<CommandOf<'take_approval'>> = {}) => {
  const error = world.refused(takeOf(escalation, changes))
  expect(error.code).toBe('FORBIDDEN')
  return error.message
}
const row = (id: string) => world.state.governor.escalation(id)
const kinds = (reader: string) => world.mail(reader).map(({ kind }) => kind)

describe('a question', () => {
  test('with options is answered with one of them; the answer reaches the inbox of the asker', () => {
    const asked = ask({ options: ['rfc3261', 'lync'], task: 't1' })
    expect(asked).toMatchObject({
      id: `escalation-${world.log.length - 1}`,
      kind: 'question',
      state: 'open',
      asker: 'swarm:s1',
      swarm: 's1',
      task: 't1',
      context: { partner: 'acme' },
      openedAt: world.now,
      expiresAt: world.now + DAY_MS,
    })
    expect(world.mail(ORCHESTRATOR)).toMatchObject([{ kind: 'escalation_opened', escalation: asked.id, task: 't1' }])
    for (const said of [{}, { answer: 'lync' }, { option: 'other' }]) {
      expect(refuse(asked.id, said)).toBe('INVALID_ARGUMENT')
    }
    world.now += MINUTE_MS
    expect(answer(asked.id, { option: 'lync', answer: 'they said so' })).toMatchObject({
      state: 'answered',
      option: 'lync',
      answer: 'they said so',
      answeredBy: ADMIN_ACTOR,
      endedAt: world.now,
    })
    expect(world.mail('s1')).toMatchObject([{ kind: 'escalation_answered', escalation: asked.id, from: ADMIN_ACTOR }])
    expect(world.mail('s1')[0]?.text).toMatch(/Which dialect\?.*lync: they said so/)
    expect(kinds('s2')).toEqual([])
  })

  test('without options takes a free answer, and needs one', () => {
    const { id } = ask()
    expect(refuse(id, {})).toBe('INVALID_ARGUMENT')
    expect(answer(id, { answer: 'the old one' })).toMatchObject({ state: 'answered', answer: 'the old one' })
    expect(world.mail('s1')[0]?.text).toContain('the old one')
  })

  test('of the administrator is answered by a person, also of that name, and told to whoever steers', () => {
    const { id } = world.send(asAdmin(), ADMIN_ACTOR)
    expect(row(id)).toMatchObject({ asker: ADMIN_ACTOR })
    expect(row(id)).not.toHaveProperty('swarm')
    expect(answer(id, { answer: 'yes' }).answeredBy).toBe(ADMIN_ACTOR)
    expect(kinds(ORCHESTRATOR)).toEqual(['escalation_opened', 'escalation_answered'])
  })

  test('is never answered by who asked it, also where the operator asked in the name of a swarm', () => {
    const own = ask()
    expect(refuse(own.id, { answer: 'yes' }, swarmActor('s1'))).toBe('FORBIDDEN')
    const inItsName = ask({}, ADMIN_ACTOR)
    expect(inItsName.asker).toBe('swarm:s1')
    expect(refuse(inItsName.id, { answer: 'yes' }, swarmActor('s1'))).toBe('FORBIDDEN')
    expect(answer(own.id, { answer: 'yes' }, PERSON).answeredBy).toBe(PERSON)
  })

  test('is answered once', () => {
    const { id } = ask({ options: ['a', 'b'] })
    answer(id, { option: 'a' })
    const again = world.refused({ type: 'answer_escalation', escalation: id, option: 'b' }, PERSON)
    expect(again).toMatchObject({ code: 'WRONG_STATE', details: { escalation: id, state: 'answered' } })
    expect(row(id)).toMatchObject({ option: 'a' })
    expect(kinds('s1')).toHaveLength(1)
  })

  test('that nobody answers expires at its time, by itself, and that is what is recorded', () => {
    const { id } = ask({ ttlMs: 10 * MINUTE_MS })
    const start = world.now
    world.pass(10 * MINUTE_MS - 1)
    expect(row(id)?.state).toBe('open')
    world.pass(1)
    expect(row(id)).toMatchObject({ state: 'expired', endedAt: start + 10 * MINUTE_MS })
    expect(row(id)).not.toHaveProperty('answeredBy')
    expect(world.log.at(-1)).toMatchObject({ type: 'escalation_expired', subject: id, actor: FABRIC_ACTOR, data: {} })
    expect(world.mail('s1')).toMatchObject([{ kind: 'escalation_expired', escalation: id, from: FABRIC_ACTOR }])
    expect(refuse(id, { answer: 'late' })).toBe('WRONG_STATE')
    world.pass(10 * DAY_MS)
    expect(world.log.filter(({ subject }) => subject === id)).toHaveLength(2)
  })

  test('is not answered after its time either when the timer is late', () => {
    const { id } = ask({ ttlMs: MINUTE_MS })
    world.now += MINUTE_MS
    const late = world.refused({ type: 'answer_escalation', escalation: id, answer: 'late' })
    expect(late).toMatchObject({ code: 'WRONG_STATE', details: { state: 'expired' } })
    world.now -= 1
    expect(answer(id, { answer: 'in time' }).state).toBe('answered')
  })

  test('survives a restart with its time', () => {
    const { id } = ask({ ttlMs: 10 * MINUTE_MS })
    world.restart()
    expect(row(id)?.state).toBe('open')
    world.pass(10 * MINUTE_MS)
    expect(row(id)?.state).toBe('expired')
  })

  test('is asked by swarms in service about tasks that exist', () => {
    expect(world.refused(question({ swarm: 'nobody' })).code).toBe('NOT_FOUND')
    expect(world.refused(question({ task: 'nothing' })).code).toBe('NOT_FOUND')
    world.send({ type: 'retire_swarm', swarm: 's2' })
    expect(world.refused(question({ swarm: 's2' })).code).toBe('NOT_ELIGIBLE')
    expect(refuse('escalation-999', { answer: 'x' })).toBe('NOT_FOUND')
  })
})

describe('a swarm decides nothing about', () => {
  const OPEN: Record<string, () => string> = {
    'a question': () => ask().id,
    'what stops another': () => {
      world.block('t1', world.claim('t1', 's1'), { kind: 'human', needs: 'may I delete prod?' })
      return questionOf('help')
    },
    'an approval': () => approval().id,
    'a budget': () => {
      const usage = { id: 'all', costNanos: 10 * DOLLAR }
      world.send({ type: 'report_usage', task: 't1', epoch: world.claim('t1', 's1'), usage })
      return questionOf('budget')
    },
    'a breaker': () => {
      const trip = { type: 'trip_breaker', swarm: 's1', cause: 'administrator', reason: 'no' } as const
      world.send(trip, ADMIN_ACTOR)
      return questionOf('breaker')
    },
  }

  function questionOf(kind: string): string {
    const rows = [...world.state.governor.escalations.values()].filter((one) => one.kind === kind)
    expect(rows).toHaveLength(1)
    return rows[0]?.id ?? ''
  }

  test.each(Object.entries(OPEN))('%s; a person does', (_, open) => {
    const id = open()
    const decides = ['budget', 'breaker'].includes(row(id)?.kind ?? '')
    const said = { option: decides ? 'keep-stopped' : APPROVE, answer: 'yes' }
    for (const swarm of ['s1', 's2', 'stranger']) expect(refuse(id, said, swarmActor(swarm))).toBe('FORBIDDEN')
    expect(row(id)?.state).toBe('open')
    for (const blocker of world.state.blockers.values()) expect(blocker.state).toBe('open')
    expect(answer(id, said)).toMatchObject({ state: 'answered', answeredBy: ADMIN_ACTOR })
  })

  test('the end of the question about a latched breaker: only the reset does, and it settles it', () => {
    const id = OPEN['a breaker']?.() ?? ''
    expect(refuse(id, { answer: 'let it work' })).toBe('INVALID_ARGUMENT')
    expect(refuse(id, { option: 'yes' })).toBe('INVALID_ARGUMENT')
    answer(id, { option: 'keep-stopped' })
    expect(world.state.governor.breaker('s1').state).toBe('open')
    world.send({ type: 'reset_breaker', swarm: 's1', reason: 'mended' }, ADMIN_ACTOR)
    const again = OPEN['a breaker']?.() ?? ''
    expect(again).not.toBe(id)
    world.send({ type: 'reset_breaker', swarm: 's1', reason: 'mended' }, ADMIN_ACTOR)
    expect(row(again)?.state).toBe('settled')
    expect(refuse(again, { answer: 'yes' })).toBe('WRONG_STATE')
  })
})

describe('an approval', () => {
  function approved(changes: Partial<CommandOf<'ask_human'>> = {}, actor?: string): string {
    const { id } = approval(changes, actor)
    answer(id, { option: APPROVE })
    return id
  }

  test('offers two answers, whatever the asker would like, and keeps what it is for', () => {
    const asked = approval({ options: ['yes', 'sure'] })
    expect(asked).toMatchObject({ kind: 'approval', options: [APPROVE, DENY], digest: DIGEST, state: 'open' })
    expect(refuse(asked.id, { option: 'sure' })).toBe('INVALID_ARGUMENT')
  })

  test('is taken once, by its requester, for exactly what was approved', () => {
    const id = approved()
    expect(refuseTake(id, { digest: 'e'.repeat(64) })).toContain('something else was approved')
    expect(refuseTake(id, { swarm: 's2' })).toContain('given to s1')
    world.now += MINUTE_MS
    expect(world.send(takeOf(id))).toMatchObject({ state: 'taken', endedAt: world.now })
    expect(world.log.at(-1)).toMatchObject({ type: 'approval_taken', subject: id, data: { digest: DIGEST } })
    expect(refuseTake(id)).toContain('used already')
    world.restart()
    expect(refuseTake(id)).toContain('used already')
    world.pass(2 * DAY_MS)
    expect(row(id)?.state).toBe('taken')
  })

  test('is not taken by a swarm that is out of service, or whose breaker is open', () => {
    const id = approved()
    const trip = { type: 'trip_breaker', swarm: 's1', cause: 'administrator', reason: 'dangerous' } as const
    world.send(trip, ADMIN_ACTOR)
    expect(world.refused(takeOf(id)).code).toBe('BREAKER_OPEN')
    world.send({ type: 'retire_swarm', swarm: 's1' })
    expect(world.refused(takeOf(id)).code).toBe('NOT_ELIGIBLE')
    world.register('s1')
    world.send({ type: 'reset_breaker', swarm: 's1', reason: 'mended' }, ADMIN_ACTOR)
    expect(world.send(takeOf(id)).state).toBe('taken')
  })

  test('that is not given is not taken: open, denied, answered in words, or no approval at all', () => {
    const open = approval().id
    expect(refuseTake(open)).toContain('nobody has answered')
    const denied = approval().id
    answer(denied, { option: DENY, answer: 'not today' })
    expect(world.mail('s1').at(-1)?.text).toContain('deny: not today')
    expect(refuseTake(denied)).toContain('denied')
    const plain = ask().id
    answer(plain, { answer: APPROVE })
    expect(refuseTake(plain)).toContain('not an approval')
    expect(world.refused(takeOf('escalation-999')).code).toBe('NOT_FOUND')
  })

  test('expires: unanswered, or given and not used in time; a late timer changes nothing', () => {
    const open = approval({ ttlMs: MINUTE_MS }).id
    const given = approved({ ttlMs: 2 * MINUTE_MS })
    world.pass(MINUTE_MS)
    expect(row(open)?.state).toBe('expired')
    expect(refuse(open, { option: APPROVE })).toBe('WRONG_STATE')
    expect(refuseTake(open)).toContain('expired')
    world.now += MINUTE_MS
    expect(row(given)?.state).toBe('answered')
    expect(refuseTake(given)).toContain('expired')
    world.pass(0)
    expect(row(given)?.state).toBe('expired')
    expect(world.mail('s1').at(-1)).toMatchObject({ kind: 'escalation_expired', escalation: given })
    expect(refuseTake(given)).toContain('expired')
  })

  test('can be taken up to the last millisecond', () => {
    const id = approved({ ttlMs: MINUTE_MS })
    world.pass(MINUTE_MS - 1)
    expect(world.send(takeOf(id)).state).toBe('taken')
    world.pass(MINUTE_MS)
    expect(row(id)?.state).toBe('taken')
  })

  test('is void when the policy has changed since it was asked for, and good again under the same one', () => {
    const apply = (letter: string, maxSwarmsPerTask: number) => {
      const policy = { ...DEFAULT_GOVERNOR_POLICY, maxSwarmsPerTask }
      world.send({ type: 'apply_policy', policy, digest: letter.repeat(64) }, ADMIN_ACTOR)
    }
    const before = approved()
    apply('a', 3)
    expect(refuseTake(before)).toContain('the policy has changed')
    const under = approved()
    expect(row(under)?.policy).toBe('a'.repeat(64))
    apply('b', 2)
    expect(refuseTake(under)).toContain('the policy has changed')
    apply('a', 3)
    expect(world.send(takeOf(under)).state).toBe('taken')
  })

  test('is never given by who asked, as a swarm or as the administrator', () => {
    const own = approval()
    expect(refuse(own.id, { option: APPROVE }, swarmActor('s1'))).toBe('FORBIDDEN')
    const ofAdmin = world.send({ ...asAdmin(), approvalOf: DIGEST }, ADMIN_ACTOR)
    expect(refuse(ofAdmin.id, { option: APPROVE }, ADMIN_ACTOR)).toBe('FORBIDDEN')
    expect(refuse(ofAdmin.id, { option: APPROVE }, swarmActor('s1'))).toBe('FORBIDDEN')
    answer(ofAdmin.id, { option: APPROVE }, PERSON)
    const { swarm: _, ...take } = takeOf(ofAdmin.id)
    expect(world.refused(take, PERSON).code).toBe('FORBIDDEN')
    expect(world.refused(takeOf(ofAdmin.id)).code).toBe('FORBIDDEN')
    expect(world.send(take, ADMIN_ACTOR).state).toBe('taken')
  })
})

describe('limits', () => {
  const forAll = LIMITS.openEscalations - LIMITS.reservedEscalations
  const waiting = () => world.state.governor.escalations.size
  const told = () => world.mail(ORCHESTRATOR).at(-1)

  /** People's own questions, and those of swarms, until nobody may ask any more. */
  function fill(): void {
    while (waiting() < forAll) world.send(asAdmin(), ADMIN_ACTOR)
  }

  test('a swarm asks as much as people could answer; those that are over make room, and others have theirs', () => {
    const first = ask()
    for (let asked = 1; asked < LIMITS.openEscalationsPerSwarm; asked += 1) ask()
    expect(world.refused(question()).code).toBe('RATE_LIMITED')
    expect(world.refused(question({ approvalOf: DIGEST })).code).toBe('RATE_LIMITED')
    expect(world.refused(question(), ADMIN_ACTOR).code, 'also when somebody asks in its name').toBe('RATE_LIMITED')
    expect(ask({ swarm: 's2' }).state).toBe('open')
    world.restart()
    expect(world.refused(question()).code).toBe('RATE_LIMITED')
    answer(first.id, { answer: 'yes' })
    expect(ask().state).toBe('open')
    expect(world.refused(question()).code).toBe('RATE_LIMITED')
    world.pass(DAY_MS)
    expect(ask().state).toBe('open')
  })

  test('a blocker of a swarm that may ask no more is raised, and whoever steers hears what would have been asked', () => {
    for (let asked = 0; asked < LIMITS.openEscalationsPerSwarm; asked += 1) ask()
    const blocker = world.block('t1', world.claim('t1', 's1'), { kind: 'human', needs: 'the key of the lab' })
    expect(world.state.blockers.get(blocker)).toMatchObject({ state: 'open' })
    expect(world.state.blockers.get(blocker)).not.toHaveProperty('escalation')
    expect(told()).toMatchObject({ kind: 'direct', task: 't1', text: expect.stringContaining('the key of the lab') })
    expect(told()?.text).toContain('100 questions of s1')
  })

  test('however much others ask, the fabric asks about budgets and breakers', () => {
    fill()
    expect(world.refused(question()).code).toBe('RATE_LIMITED')
    expect(world.refused(asAdmin(), ADMIN_ACTOR).code).toBe('RATE_LIMITED')
    const usage = { id: 'all', costNanos: 10 * DOLLAR }
    world.send({ type: 'report_usage', task: 't1', epoch: world.claim('t1', 's1'), usage })
    world.send({ type: 'trip_breaker', swarm: 's2', cause: 'administrator', reason: 'no' }, ADMIN_ACTOR)
    expect([...world.state.governor.escalations.values()].slice(forAll).map(({ kind }) => kind)).toEqual([
      'budget',
      'breaker',
    ])
  })

  test('where even the fabric has no room, whoever steers hears what it would have asked', () => {
    fill()
    for (let at = 0; waiting() < LIMITS.openEscalations; at += 1) {
      world.register(`w${at}`)
      world.send({ type: 'trip_breaker', swarm: `w${at}`, cause: 'administrator', reason: 'no' }, ADMIN_ACTOR)
    }
    world.send({ type: 'trip_breaker', swarm: 's1', cause: 'administrator', reason: 'it deletes files' }, ADMIN_ACTOR)
    expect(waiting()).toBe(LIMITS.openEscalations)
    expect(told()).toMatchObject({ kind: 'direct', text: expect.stringContaining('it deletes files') })
  })

  test('a notice that made room for others was told to nobody', () => {
    const { id } = ask()
    const notice = { channel: 'oncall', event: 'opened', delivered: false, reason: 'too many' } as const
    const record = (attempts: number) =>
      world.send({ type: 'record_notice', escalation: id, notice: { ...notice, attempts } }, FABRIC_ACTOR)
    expect(record(0)).not.toHaveProperty('notified')
    expect(record(20)).toMatchObject({ notified: ['oncall'] })
  })

  test('ended ones stay in memory as far as is useful, the newest', () => {
    const ids: string[] = []
    for (let ended = 0; ended < LIMITS.endedEscalations + 5; ended += 1) {
      const { id } = ask()
      answer(id, { answer: 'yes' })
      ids.push(id)
    }
    const { endedEscalations, escalations } = world.state.governor
    expect([...endedEscalations.keys()]).toEqual(ids.slice(5))
    expect(escalations.size).toBe(0)
    expect(refuse(ids[0] ?? '', { answer: 'again' })).toBe('NOT_FOUND')
    world.restart()
    expect([...world.state.governor.endedEscalations.keys()]).toEqual(ids.slice(5))
  })

  test('an approval that was taken and forgotten cannot be taken again', () => {
    const { id } = approval()
    answer(id, { option: APPROVE })
    world.send(takeOf(id))
    for (let ended = 0; ended < LIMITS.endedEscalations; ended += 1) answer(ask().id, { answer: 'yes' })
    expect(row(id)).toBeUndefined()
    expect(world.refused(takeOf(id)).code).toBe('NOT_FOUND')
  })
})
