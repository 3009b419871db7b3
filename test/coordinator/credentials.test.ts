import { describe, expect, test } from 'vitest'
import type { CredentialEndpoint, CredentialRow } from '../../src/chassis/credential/credential.js'
import type { IssueCredential } from '../../src/coordinator/chassis-commands.js'
import { ADMIN_ACTOR, FABRIC_ACTOR, swarmActor } from '../../src/model/entry.js'
import { LIMITS } from '../../src/model/limits.js'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/model/time.js'
import { World } from './world.js'

const ENDPOINT: CredentialEndpoint = {
  host: 'api.example.com',
  port: 443,
  scheme: 'https',
  methods: ['GET'],
  paths: ['/v1/'],
  inject: { name: 'example', header: 'authorization', prefix: 'Bearer ' },
}
const GRACE_MS = 30 * SECOND_MS

/** Task A in the hands of s1, and B in those of s2. */
class Credentials extends World {
  readonly epoch: number

  constructor() {
    super()
    this.register('s1')
    this.register('s2')
    this.create('A', 'B')
    this.epoch = this.claim('A', 's1')
    this.claim('B', 's2')
  }

  wanted(more: Partial<IssueCredential> = {}): IssueCredential {
    const holder = { swarm: 's1', task: 'A', epoch: this.epoch }
    return { type: 'issue_credential', ...holder, endpoints: [ENDPOINT], ttlMs: 5 * MINUTE_MS, ...more }
  }

  issue(more: Partial<IssueCredential> = {}): CredentialRow {
    return this.send(this.wanted(more), ADMIN_ACTOR)
  }

  rotate(id: string): CredentialRow {
    return this.send({ type: 'rotate_credential', id, ttlMs: 5 * MINUTE_MS, graceMs: GRACE_MS }, ADMIN_ACTOR)
  }

  live(epoch = this.epoch): string[] {
    return this.state.chassis.credentialsOf(epoch, this.now).map(({ id }) => id)
  }
}

describe('a credential', () => {
  test('is issued to a live claim, by an administrator or the fabric', () => {
    const world = new Credentials()
    const row = world.issue()
    expect(row).toEqual({
      id: `credential-${world.log.length - 1}`,
      ...{ swarm: 's1', task: 'A', epoch: world.epoch },
      endpoints: [ENDPOINT],
      ...{ issuedAt: world.now, issuedBy: ADMIN_ACTOR, expiresAt: world.now + 5 * MINUTE_MS },
    })
    expect(world.send(world.wanted(), FABRIC_ACTOR)).toMatchObject({ issuedBy: FABRIC_ACTOR })
    expect(world.live()).toHaveLength(2)
    for (const actor of [swarmActor('s1'), 'orchestrator:lead', 'viewer:eve']) {
      expect(world.refused(world.wanted(), actor)).toMatchObject({ code: 'FORBIDDEN' })
    }
  })

  test('is for the holder of the live claim and nobody else', () => {
    const world = new Credentials()
    const foreign = [{ swarm: 's2' }, { task: 'B' }, { epoch: world.epoch + 1 }, { epoch: 0 }]
    for (const more of foreign) {
      expect(world.refused(world.wanted(more), ADMIN_ACTOR), JSON.stringify(more)).toMatchObject({
        code: 'STALE_CLAIM',
      })
    }
    world.send({ type: 'release_task', task: 'A', epoch: world.epoch })
    expect(world.refused(world.wanted(), ADMIN_ACTOR).code).toBe('STALE_CLAIM')
  })

  test('is not given to a swarm whose breaker is open', () => {
    const world = new Credentials()
    world.issue()
    const trip = { type: 'trip_breaker', swarm: 's1', cause: 'administrator', reason: 'odd' } as const
    world.send(trip, ADMIN_ACTOR)
    expect(world.live(), 'its claim has ended, and with it what it was given').toEqual([])
    expect(world.refused(world.wanted(), ADMIN_ACTOR).code).toBe('BREAKER_OPEN')
    expect(world.refused(world.wanted(), FABRIC_ACTOR).code).toBe('BREAKER_OPEN')
  })

  test('is given to a swarm on probation, which works at its trial', () => {
    const breaker = { failureThreshold: 1, openMs: MINUTE_MS, probes: 1 }
    const world = new World({}, {})
    const policy = { ...world.state.governor.policy, breaker: { ...world.state.governor.policy.breaker, ...breaker } }
    world.state.applyPolicy({ policy })
    world.register('s1')
    world.create('A', 'B')
    const reason = 'it broke'
    world.send({ type: 'fail_task', task: 'A', epoch: world.claim('A', 's1'), reason, retry: true })
    world.pass(2 * MINUTE_MS)
    expect(world.state.governor.breaker('s1').state).toBe('half_open')
    const holder = { swarm: 's1', task: 'B', epoch: world.claim('B', 's1') }
    const command = { type: 'issue_credential', ...holder, endpoints: [ENDPOINT], ttlMs: MINUTE_MS } as const
    expect(world.send(command, ADMIN_ACTOR)).toMatchObject(holder)
  })

  test('ends with its time, by the clock of the fabric, and never lasts longer than the limit', () => {
    const world = new Credentials()
    const { id, expiresAt } = world.issue({ ttlMs: 24 * HOUR_MS })
    expect(expiresAt).toBe(world.now + LIMITS.credentialTtlMs)
    world.send({ type: 'revoke_credential', id }, ADMIN_ACTOR)
    const short = world.issue({ ttlMs: MINUTE_MS })
    world.now += MINUTE_MS - 1
    expect(world.live()).toEqual([short.id])
    world.now += 1
    expect(world.live()).toEqual([])
    for (const type of ['rotate_credential', 'revoke_credential'] as const) {
      const command = { type, id: short.id, ttlMs: MINUTE_MS, graceMs: GRACE_MS }
      expect(world.refused(command, ADMIN_ACTOR).code).toBe('NOT_FOUND')
    }
  })

  const ENDS: readonly (readonly [how: string, run: (world: Credentials) => unknown])[] = [
    ['completed', (world) => world.send({ type: 'complete_task', task: 'A', epoch: world.epoch, evidence: [] })],
    ['released', (world) => world.send({ type: 'release_task', task: 'A', epoch: world.epoch })],
    ['taken back', (world) => world.send({ type: 'release_task', task: 'A' })],
    ['failed', (world) => world.send({ type: 'fail_task', task: 'A', epoch: world.epoch, reason: 'no', retry: true })],
    [
      'given up',
      (world) => world.send({ type: 'fail_task', task: 'A', epoch: world.epoch, reason: 'no', retry: false }),
    ],
    ['cancelled', (world) => world.send({ type: 'cancel_task', task: 'A', cascade: false })],
    ['expired', (world) => world.pass(HOUR_MS)],
    ['of a retired swarm', (world) => world.send({ type: 'retire_swarm', swarm: 's1' })],
  ]
  test.each(ENDS)('dies with the claim that is %s', (_how, run) => {
    const world = new Credentials()
    world.issue({ ttlMs: HOUR_MS })
    world.issue({ ttlMs: HOUR_MS })
    run(world)
    expect([...world.state.chassis.credentials.values()]).toEqual([])
    const rows = [...world.state.rows()]
    world.restart()
    expect([...world.state.rows()]).toEqual(rows)
  })

  test('does not die with another claim, nor with a heartbeat or a stuck task', () => {
    const world = new Credentials()
    const { id } = world.issue()
    world.send({ type: 'heartbeat', task: 'A', epoch: world.epoch })
    world.block('A', world.epoch)
    world.send({ type: 'release_task', task: 'B' })
    expect(world.live()).toEqual([id])
  })

  test('allows nothing where it names no endpoints, and is refused where it names too many', () => {
    const world = new Credentials()
    expect(world.issue({ endpoints: [] }).endpoints).toEqual([])
    const endpoints = Array.from({ length: 100 }, () => ENDPOINT)
    expect(world.refused(world.wanted({ endpoints }), ADMIN_ACTOR)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { field: 'endpoints' },
    })
  })

  test('of one claim there are so many that are good, and those that are over make room', () => {
    const world = new Credentials()
    for (let count = 0; count < LIMITS.credentialsPerClaim; count += 1) world.issue({ ttlMs: MINUTE_MS })
    expect(world.refused(world.wanted(), ADMIN_ACTOR).code).toBe('CONFLICT')
    world.now += MINUTE_MS
    world.issue()
    expect(world.state.chassis.credentials.size, 'those that are over are forgotten').toBe(1)
  })
})

describe('a rotation', () => {
  test('puts another in the place of a credential, which stays good for a moment', () => {
    const world = new Credentials()
    const old = world.issue()
    const row = world.rotate(old.id)
    expect(row).toMatchObject({ epoch: world.epoch, endpoints: [ENDPOINT], replaces: old.id })
    expect(world.live()).toEqual([old.id, row.id])
    world.now += GRACE_MS
    expect(world.live()).toEqual([row.id])
    const again = { type: 'rotate_credential', id: row.id, ttlMs: MINUTE_MS, graceMs: GRACE_MS } as const
    expect(world.refused(again, swarmActor('s1')).code).toBe('FORBIDDEN')
  })

  test('never lengthens the life of the old one', () => {
    const world = new Credentials()
    const old = world.issue({ ttlMs: SECOND_MS })
    const row = world.rotate(old.id)
    world.now += SECOND_MS
    expect(world.live()).toEqual([row.id])
  })

  test('does not save a credential from its revocation, whichever of the line is revoked', () => {
    for (const chosen of [0, 1, 2]) {
      const world = new Credentials()
      const other = world.issue()
      const first = world.issue()
      const second = world.rotate(first.id)
      const third = world.rotate(second.id)
      const line = [first.id, second.id, third.id]
      const revoke = { type: 'revoke_credential', id: line[chosen] ?? '', reason: 'leaked' } as const
      expect(world.refused(revoke, swarmActor('s1')).code).toBe('FORBIDDEN')
      const written = world.written(() => world.send(revoke, ADMIN_ACTOR))
      expect(written).toEqual(line.map((id) => `credential_revoked ${id}`))
      expect(world.live()).toEqual([other.id])
    }
  })
})

describe('what was done with a credential', () => {
  const request = { host: 'api.example.com', port: 443, method: 'GET' }

  test('is written down by the fabric only, also when the credential is over', () => {
    const world = new Credentials()
    const { id, swarm, task, epoch } = world.issue()
    const use = {
      ...({ type: 'record_credential_use', id, swarm, task, epoch } as const),
      ...request,
      outcome: 'answered' as const,
      status: 200,
    }
    expect(world.refused(use, ADMIN_ACTOR).code).toBe('FORBIDDEN')
    expect(world.refused(use, swarmActor('s1')).code).toBe('FORBIDDEN')
    world.send({ type: 'revoke_credential', id }, ADMIN_ACTOR)
    expect(world.written(() => world.send(use, FABRIC_ACTOR))).toEqual([`credential_used ${id}`])
    const { type: _, id: __, ...data } = use
    expect(world.log.at(-1)?.data).toEqual(data)
  })

  test('a refusal names the credential, or else the task, and quotes no more than a bit of what a guest wrote', () => {
    const world = new Credentials()
    const holder = { swarm: 's1', task: 'A', epoch: world.epoch }
    const refusal = { type: 'record_credential_refusal', ...holder, ...request, reason: 'endpoint', count: 1 } as const
    expect(world.refused(refusal, ADMIN_ACTOR).code).toBe('FORBIDDEN')
    expect(world.written(() => world.send(refusal, FABRIC_ACTOR))).toEqual(['credential_refused A'])
    const hostile = { ...refusal, id: 'credential-9', host: 'x'.repeat(100_000), method: 'Y'.repeat(100_000) }
    world.send(hostile, FABRIC_ACTOR)
    const entry = world.log.at(-1)
    expect(entry).toMatchObject({ subject: 'credential-9', data: { host: 'x'.repeat(253), method: 'Y'.repeat(16) } })
  })
})

test('credentials come back with the log', () => {
  const world = new Credentials()
  const row = world.rotate(world.issue().id)
  const rows = [...world.state.chassis.rows()]
  expect(rows.map((stored) => stored.row)).toContainEqual(row)
  world.restart()
  expect([...world.state.chassis.rows()]).toEqual(rows)
})
