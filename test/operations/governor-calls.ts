import { expect } from 'vitest'
import type { FabricClient } from '../../src/client/client.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../src/governor/policy/policy.js'
import { NANOS_PER_DOLLAR } from '../../src/model/money.js'
import type { FakeTiming } from '../../src/testing/fake-timing.js'

/** Calls of the governor's operations, in the fabric that the round trip made. */

/** Prices for a model, a breaker that trips soon, and what a swarm may do. */
export async function decidePolicy({ policy, swarm, governor }: FabricClient) {
  const shown = await policy.show()
  expect(shown).toMatchObject({ builtIn: true, policy: { maxSwarmsPerTask: 3 } })
  const opus = { inputNanos: 5 * NANOS_PER_DOLLAR, outputNanos: 25 * NANOS_PER_DOLLAR, cachedNanos: 0 }
  const breaker = { ...DEFAULT_GOVERNOR_POLICY.breaker, failureThreshold: 2, openMs: 1_000, probes: 1 }
  const own = { breaker, prices: { version: '2026-01', models: { opus } } }
  const next = { ...DEFAULT_GOVERNOR_POLICY, tiers: [...DEFAULT_GOVERNOR_POLICY.tiers], ...own }
  const applied = await policy.apply({ policy: next })
  expect(applied).toEqual({ digest: expect.not.stringMatching(shown.digest), changed: true })
  expect(await policy.apply({ policy: next })).toEqual({ ...applied, changed: false })
  expect(await policy.show()).toMatchObject({ digest: applied.digest, builtIn: false, policy: own })
  const granted = await swarm.grant({ swarm: 'sip', capabilities: ['deploy:production'] })
  expect(granted).toMatchObject({ id: 'sip', granted: ['deploy:production'] })
  const { capabilities } = await governor.capabilities()
  expect(capabilities).toContainEqual(expect.objectContaining({ name: 'code:typescript', own: false }))
}

/** Spends all that the task may cost, 5 dollars, and goes on with more. */
export async function chargeUsage(
  { task, cost, governor, policy, escalation }: FabricClient,
  held: { readonly task: string; readonly as: string; readonly epoch: number },
) {
  const checks = (await policy.explain({ task: held.task, swarm: 'webrtc' })).checks
  expect(checks.find(({ check }) => check === 'capabilities')).toMatchObject({ passed: false })
  expect((await governor.match({ task: held.task })).items.map(({ swarm }) => swarm)).toContain('webrtc')

  const tokens = { model: 'opus', inputTokens: 500_000, outputTokens: 60_000 }
  const booked = await task.usage({ ...held, usage: { id: 'turn-1', ...tokens } })
  expect(booked).toMatchObject({ amount: { nanos: 4 * NANOS_PER_DOLLAR }, repeated: false, late: false })
  expect(await task.usage({ ...held, usage: { id: 'turn-1', ...tokens } })).toMatchObject({ repeated: true })
  const last = { id: 'turn-2', costNanos: NANOS_PER_DOLLAR }
  const beat = await task.heartbeat({ ...held, usage: last })
  const spent = { heldNanos: 5 * NANOS_PER_DOLLAR, spentNanos: 5 * NANOS_PER_DOLLAR }
  expect(beat).toMatchObject({ budget: spent, stop: { reason: expect.stringContaining('budget') } })
  const [question] = (await escalation.list({ kind: 'budget' })).items
  expect(question).toMatchObject({ task: held.task, swarm: 'sip', account: 'task:P0.1:a/total' })

  const account = 'task:P0.1:a/total'
  const more = await cost.extend({ account, nanos: NANOS_PER_DOLLAR, reason: 'nearly done' })
  expect(more).toMatchObject({ id: account, extendedNanos: NANOS_PER_DOLLAR, limit: { nanos: 6 * NANOS_PER_DOLLAR } })
  expect(await escalation.show({ escalation: question?.id ?? '' })).toMatchObject({ state: 'answered' })
  expect(await task.heartbeat(held)).not.toHaveProperty('stop')
  expect((await cost.budget({ tasks: true })).items.map(({ id }) => id)).toContain(account)
  expect(await cost.report({ by: 'model' })).toMatchObject({ total: { settled: { nanos: 5 * NANOS_PER_DOLLAR } } })
}

/** Opens a breaker by failures, closes it by a trial call, and latches it by hand. */
export async function tripBreakers({ breaker }: FabricClient, timing: FakeTiming) {
  const { generation } = await breaker.admit({ swarm: 'sip' })
  for (const _ of [1, 2]) await breaker.report({ swarm: 'sip', succeeded: false, generation })
  expect(await breaker.show({ swarm: 'sip' })).toMatchObject({ state: 'open', cause: 'failures', trips: 1 })
  await expect(breaker.admit({ swarm: 'sip' })).rejects.toMatchObject({ code: 'BREAKER_OPEN' })
  await timing.advance(2_000)
  const permit = await breaker.admit({ swarm: 'sip' })
  expect(permit).toMatchObject({ probe: expect.any(Number), deadline: expect.stringMatching(/Z$/) })
  const { probe = -1 } = permit
  const reported = await breaker.report({ swarm: 'sip', succeeded: true, generation: permit.generation, probe })
  expect(reported).toMatchObject({ counted: true, breaker: { state: 'closed' } })

  const tripped = await breaker.trip({ swarm: 'sip', reason: 'it edits what is not its own' })
  expect(tripped).toMatchObject({ state: 'open', latched: true, cause: 'administrator' })
  expect((await breaker.list({ open: true })).items.map(({ swarm }) => swarm)).toEqual(['sip'])
  expect(await breaker.reset({ swarm: 'sip', reason: 'mended' })).toMatchObject({ state: 'closed', latched: false })
}

/** A question with an answer, and an approval that is used once. */
export async function askPeople({ escalation, approval }: FabricClient) {
  const asked = await escalation.ask({ as: 'sip', question: 'Which dialect?', options: ['rfc3261', 'lync'] })
  expect(asked).toMatchObject({ state: 'open', kind: 'question', asker: 'swarm:sip', swarm: 'sip' })
  expect((await escalation.list()).items.map(({ id }) => id)).toEqual([asked.id])
  const answered = await escalation.answer({ escalation: asked.id, option: 'lync', answer: 'they said so' })
  expect(answered).toMatchObject({ state: 'answered', option: 'lync', answeredBy: 'admin' })

  const action = { action: 'deploy', arguments: { service: 'edge', to: 'production' } }
  const requested = await approval.request({ as: 'sip', ...action, reason: 'release 1.4' })
  expect(requested).toMatchObject({ kind: 'approval', options: ['approve', 'deny'] })
  await escalation.answer({ escalation: requested.id, option: 'approve' })
  const taking = { escalation: requested.id, as: 'sip', ...action }
  expect(await approval.take(taking)).toMatchObject({ state: 'taken' })
  await expect(approval.take(taking)).rejects.toMatchObject({ code: 'FORBIDDEN' })
}
