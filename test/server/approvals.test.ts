import { beforeEach, describe, expect, test } from 'vitest'
import type { FabricClient } from '../../src/client/client.js'
import { isFabricError } from '../../src/model/errors.js'
import { LIMITS } from '../../src/model/limits.js'
import { MINUTE_MS } from '../../src/model/time.js'
import { type ServedFabric, serveFabric } from '../support/served-fabric.js'

let served: ServedFabric
let client: FabricClient

beforeEach(async () => {
  served = await serveFabric()
  client = served.client
  for (const swarm of ['s1', 's2']) await client.swarm.register({ swarm })
  return () => served[Symbol.asyncDispose]()
})

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'accepted',
    (error: unknown) => (isFabricError(error) ? error.code : String(error)),
  )

const WHAT = {
  action: 'deploy',
  arguments: { service: 'sip-edge', to: { region: 'eu', hosts: ['a', 'b'] }, replicas: 3, dryRun: false },
}

async function approved(changes: { ttlMs?: number } = {}): Promise<string> {
  const { id } = await client.approval.request({ as: 's1', ...WHAT, reason: 'release 1.4', ...changes })
  await client.escalation.answer({ escalation: id, option: 'approve' })
  return id
}

describe('an approval', () => {
  test('shows a person all of what is asked, and says what to do with the answer', async () => {
    const asked = await client.approval.request({ as: 's1', ...WHAT, reason: 'release 1.4' })
    expect(asked).toMatchObject({
      kind: 'approval',
      state: 'open',
      asker: 'swarm:s1',
      options: ['approve', 'deny'],
      context: { action: 'deploy', reason: 'release 1.4' },
    })
    expect(JSON.parse(asked.context.arguments ?? '')).toEqual(WHAT.arguments)
    expect((await client.escalation.list({ kind: 'approval' })).items.map(({ id }) => id)).toEqual([asked.id])
  })

  const MUTATED: Record<string, { action: string; arguments: Record<string, never> | object }> = {
    'another action': { ...WHAT, action: 'deploy ' },
    'another value': { ...WHAT, arguments: { ...WHAT.arguments, service: 'sip-core' } },
    'a number as text': { ...WHAT, arguments: { ...WHAT.arguments, replicas: '3' } },
    'another number': { ...WHAT, arguments: { ...WHAT.arguments, replicas: 30 } },
    'one argument more': { ...WHAT, arguments: { ...WHAT.arguments, force: true } },
    'one that is null': { ...WHAT, arguments: { ...WHAT.arguments, force: null } },
    'one argument less': { ...WHAT, arguments: { service: 'sip-edge' } },
    'no arguments': { action: WHAT.action, arguments: {} },
    'another value deep inside': {
      ...WHAT,
      arguments: { ...WHAT.arguments, to: { region: 'us', hosts: ['a', 'b'] } },
    },
    'another order of a list': { ...WHAT, arguments: { ...WHAT.arguments, to: { region: 'eu', hosts: ['b', 'a'] } } },
    'lists joined': { ...WHAT, arguments: { ...WHAT.arguments, to: { region: 'eu', hosts: ['a,b'] } } },
  }

  test.each(Object.entries(MUTATED))('is not for %s', async (_, mutated) => {
    const escalation = await approved()
    const take = { escalation, as: 's1', ...(mutated as typeof WHAT) }
    expect(await codeOf(client.approval.take(take))).toBe('FORBIDDEN')
    expect((await client.escalation.show({ escalation })).state).toBe('answered')
    expect(await client.approval.take({ escalation, as: 's1', ...WHAT })).toMatchObject({ state: 'taken' })
  })

  test('is for the same arguments in another order', async () => {
    const escalation = await approved()
    const reordered = {
      dryRun: false,
      replicas: 3,
      to: { hosts: ['a', 'b'], region: 'eu' },
      service: 'sip-edge',
    }
    const take = { escalation, as: 's1', action: 'deploy', arguments: reordered }
    expect(await client.approval.take(take)).toMatchObject({ state: 'taken' })
  })

  test('is taken once, however many try at the same moment', async () => {
    const escalation = await approved()
    const tries = Array.from({ length: 20 }, () => codeOf(client.approval.take({ escalation, as: 's1', ...WHAT })))
    const answers = await Promise.all(tries)
    expect(answers.filter((code) => code === 'accepted')).toHaveLength(1)
    expect(answers.filter((code) => code === 'FORBIDDEN')).toHaveLength(19)
    const { entries } = await client.log.read({ limit: 1_000 })
    expect(entries.filter(({ type }) => String(type).includes('approval_taken'))).toHaveLength(1)
    const refusals = entries.filter(({ type, data }) => isRefusal(type, data))
    expect(refusals, 'the refusal is in the log').toMatchObject([{ actor: 'swarm:s1' }])
  })

  const isRefusal = (type: unknown, data: unknown) =>
    String(type).includes('request_refused') && (data as { operation: string }).operation === 'take_approval'

  test('is given by a person and used by who asked, never by others or by themselves', async () => {
    const { id: escalation } = await client.approval.request({ as: 's1', ...WHAT, reason: 'release' })
    for (const as of ['s1', 's2']) {
      expect(await codeOf(client.escalation.answer({ escalation, as, option: 'approve' }))).toBe('FORBIDDEN')
    }
    await client.escalation.answer({ escalation, option: 'approve' })
    expect(await codeOf(client.approval.take({ escalation, as: 's2', ...WHAT }))).toBe('FORBIDDEN')
    expect(await codeOf(client.approval.take({ escalation, ...WHAT }))).toBe('FORBIDDEN')
    expect(await codeOf(client.approval.take({ escalation, as: 's1', ...WHAT }))).toBe('accepted')

    const own = await client.approval.request({ ...WHAT, reason: 'as the administrator' })
    expect(await codeOf(client.escalation.answer({ escalation: own.id, option: 'approve' }))).toBe('FORBIDDEN')
    expect(await codeOf(client.escalation.answer({ escalation: own.id, option: 'approve', as: 's1' }))).toBe(
      'FORBIDDEN',
    )
  })

  test('is void under another policy', async () => {
    const escalation = await approved()
    const { policy } = await client.policy.show({})
    await client.policy.apply({ policy: { ...policy, maxSwarmsPerTask: 2 } as never })
    expect(await codeOf(client.approval.take({ escalation, as: 's1', ...WHAT }))).toBe('FORBIDDEN')
    await client.policy.apply({ policy: policy as never })
    expect(await codeOf(client.approval.take({ escalation, as: 's1', ...WHAT }))).toBe('accepted')
  })

  test('runs out', async () => {
    const escalation = await approved({ ttlMs: MINUTE_MS })
    served.timing.advance(MINUTE_MS)
    expect(await codeOf(client.approval.take({ escalation, as: 's1', ...WHAT }))).toBe('FORBIDDEN')
    expect((await client.escalation.show({ escalation })).state).toBe('expired')
  })

  test('is not asked for more than a person is shown', async () => {
    const large = { content: 'x'.repeat(LIMITS.noteChars) }
    const request = client.approval.request({ as: 's1', action: 'write', arguments: large, reason: 'x' })
    expect(await codeOf(request)).toBe('INVALID_ARGUMENT')
  })

  test('repeated under its key is the same request, and the same use', async () => {
    const key = { idempotencyKey: 'one-request' }
    const request = { as: 's1', ...WHAT, reason: 'release' }
    const first = await client.approval.request(request, key)
    expect((await client.approval.request(request, key)).id).toBe(first.id)
    await client.escalation.answer({ escalation: first.id, option: 'approve' })
    const take = { escalation: first.id, as: 's1', ...WHAT }
    const use = { idempotencyKey: 'one-use' }
    expect(await client.approval.take(take, use)).toEqual(await client.approval.take(take, use))
    expect(await codeOf(client.approval.take(take))).toBe('FORBIDDEN')
  })
})
