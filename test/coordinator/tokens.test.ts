import { describe, expect, test } from 'vitest'
import type { IssueToken } from '../../src/coordinator/commands.js'
import { ADMIN_ACTOR, swarmActor } from '../../src/model/entry.js'
import { LIMITS } from '../../src/model/limits.js'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/model/time.js'
import { makeRegistration } from '../../src/testing/factories.js'
import { World } from './world.js'

let made = 0

function newToken(ttlMs = DAY_MS) {
  made += 1
  return { id: made.toString(16).padStart(16, '0'), hash: made.toString(16).padStart(64, '0'), ttlMs }
}

function issue(more: Partial<IssueToken> = {}): IssueToken {
  return { type: 'issue_token', role: 'swarm', name: 's1', ...newToken(), ...more }
}

function openWorld(): World {
  const world = new World()
  world.send(makeRegistration('s1'))
  world.send(makeRegistration('s2'))
  return world
}

describe('a token', () => {
  test('is issued with its hash, by an administrator only, and to a swarm that there is', () => {
    const world = openWorld()
    const row = world.send(issue({ ttlMs: HOUR_MS }), ADMIN_ACTOR)
    expect(row).toMatchObject({ role: 'swarm', name: 's1', issuedBy: ADMIN_ACTOR, expiresAt: world.now + HOUR_MS })
    expect(world.state.tokens.get(row.id)).toEqual(row)
    for (const actor of [swarmActor('s1'), 'orchestrator:lead', 'viewer:eve']) {
      expect(world.refused(issue(), actor)).toMatchObject({ code: 'FORBIDDEN' })
    }
    expect(world.refused(issue({ name: 'nobody' }), ADMIN_ACTOR).code).toBe('NOT_FOUND')
    expect(world.send(issue({ role: 'viewer', name: 'nobody' }), 'admin:carol')).toMatchObject({ role: 'viewer' })
  })

  test('of one caller there are so many that are good, and those that are over make room', () => {
    const world = openWorld()
    for (let count = 0; count < LIMITS.tokensPerCaller; count += 1) world.send(issue({ ttlMs: HOUR_MS }), ADMIN_ACTOR)
    expect(world.refused(issue(), ADMIN_ACTOR).code).toBe('CONFLICT')
    world.send(issue({ name: 's2' }), ADMIN_ACTOR)
    world.pass(HOUR_MS)
    world.send(issue(), ADMIN_ACTOR)
    expect(world.state.tokens.size, 'those that are over are forgotten').toBe(2)
  })

  test('comes with a registration that asks for one, where there is none that is good', () => {
    const world = openWorld()
    const registration = () => ({ ...makeRegistration('s1'), issue: newToken(HOUR_MS) })
    expect(world.send(registration(), ADMIN_ACTOR).issued).toMatchObject({ name: 's1' })
    expect(world.send(registration(), ADMIN_ACTOR).issued).toBeUndefined()
    world.pass(HOUR_MS)
    expect(world.refused(registration(), swarmActor('s1')).code).toBe('FORBIDDEN')
    expect(world.send(registration(), ADMIN_ACTOR).issued).toMatchObject({ name: 's1' })
  })

  test('is rotated by its owner; the old one stays good for a moment, and never longer than it was', () => {
    const world = openWorld()
    const old = world.send(issue({ ttlMs: 2 * MINUTE_MS }), ADMIN_ACTOR)
    const rotate = (previous: string) =>
      ({ type: 'rotate_token', previous, graceMs: MINUTE_MS, ...newToken() }) as const
    expect(world.refused(rotate(old.id), swarmActor('s2')).code).toBe('FORBIDDEN')
    expect(world.refused(rotate(old.id), ADMIN_ACTOR).code).toBe('FORBIDDEN')
    const fresh = world.send(rotate(old.id), swarmActor('s1'))
    expect(fresh).toMatchObject({ role: 'swarm', name: 's1', expiresAt: world.now + DAY_MS })
    expect(world.state.tokens.get(old.id)?.expiresAt).toBe(world.now + MINUTE_MS)
    world.pass(30_000)
    world.send(rotate(old.id), swarmActor('s1'))
    expect(world.state.tokens.get(old.id)?.expiresAt, 'rotating again lengthens nothing').toBe(world.now + 30_000)
    world.pass(30_000)
    expect(world.refused(rotate(old.id), swarmActor('s1')).code).toBe('NOT_FOUND')
  })

  test('is revoked by an administrator or by its owner, and with its swarm', () => {
    const world = openWorld()
    const [first, second, third] = [issue(), issue(), issue()].map((command) => world.send(command, ADMIN_ACTOR).id)
    const revoke = (id = '') => ({ type: 'revoke_token', id, reason: 'lost' }) as const
    for (const actor of [swarmActor('s2'), 'orchestrator:lead']) {
      expect(world.refused(revoke(first), actor).code).toBe('FORBIDDEN')
    }
    world.send(revoke(first), swarmActor('s1'))
    expect(world.refused(revoke(first), ADMIN_ACTOR).code).toBe('NOT_FOUND')
    const rotate = (previous: string) =>
      ({ type: 'rotate_token', previous, graceMs: MINUTE_MS, ...newToken() }) as const
    const next = world.send(rotate(second ?? ''), swarmActor('s1')).id
    const last = world.send(rotate(next), swarmActor('s1')).id
    world.send(revoke(second), ADMIN_ACTOR)
    for (const gone of [second, next, last]) expect(world.state.tokens.get(gone ?? '')).toBeUndefined()
    expect(world.state.tokens.get(third ?? '')).toBeDefined()
    world.send({ type: 'retire_swarm', swarm: 's1' }, ADMIN_ACTOR)
    expect(world.state.tokens.size).toBe(0)
  })

  test('says nothing about trust: an orchestrator registers swarms, and does not say what they may spend', () => {
    const world = openWorld()
    world.send(makeRegistration('s3'), 'orchestrator:lead')
    const rich = { ...makeRegistration('s3'), budgetNanos: 1 }
    expect(world.refused(rich, 'orchestrator:lead').code).toBe('FORBIDDEN')
    world.send({ type: 'retire_swarm', swarm: 's3' }, ADMIN_ACTOR)
    expect(world.refused(makeRegistration('s3'), 'orchestrator:lead').code).toBe('FORBIDDEN')
    const report = { type: 'report_call', swarm: 's1', succeeded: false, generation: 0 } as const
    expect(world.refused(report, 'orchestrator:lead').code).toBe('FORBIDDEN')
  })
})
