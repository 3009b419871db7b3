import { describe, expect, test } from 'vitest'
import type { RunEnd } from '../../../src/chassis/sandbox/run.js'
import { MemoryJournal } from '../../../src/journal/memory/memory-journal.js'
import { FABRIC_ACTOR } from '../../../src/model/entry.js'
import { FORMATS } from '../../../src/server/metrics/exposition.js'
import { FaultyJournal } from '../../../src/testing/faulty-journal.js'
import { makeRun } from '../../coordinator/make-run.js'
import { type ServedFabric, serveFabric, until } from '../../support/served-fabric.js'

/** Value of each series that is not a bucket. */
async function scrape(served: ServedFabric): Promise<Record<string, number>> {
  const answer = await served.request('/metrics')
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe(FORMATS.text)
  const lines = (await answer.text()).split('\n').filter((line) => /^\w/.test(line) && !line.includes('_bucket{'))
  return Object.fromEntries(lines.map((line) => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line)?.[0])]))
}

describe('the metrics', () => {
  test('are for callers with a token, whatever their role', async () => {
    await using served = await serveFabric()
    const refused = await served.request('/metrics', { headers: { authorization: '' } })
    expect(refused.status).toBe(401)
    const { token } = await served.client.token.issue({ role: 'viewer', name: 'prometheus' })
    const read = await served.request('/metrics', { headers: { authorization: `Bearer ${token}` } })
    expect(read.status).toBe(200)
    expect(read.headers.get('cache-control')).toBe('no-store')
    const openmetrics = await served.request('/metrics', { headers: { accept: 'application/openmetrics-text' } })
    expect(openmetrics.headers.get('content-type')).toBe(FORMATS.openmetrics)
    expect(await openmetrics.text()).toMatch(/\n# EOF\n$/)
  })

  test('count claims, refusals and what became of tasks', async () => {
    await using served = await serveFabric({ version: '1.2.3' })
    const { client } = served
    for (const swarm of ['alice', 'bob']) await client.swarm.register({ swarm })
    for (const id of ['T1', 'T2', 'T3']) await client.task.create({ id, title: id })
    const { epoch } = await client.task.claim({ task: 'T1', as: 'alice' })
    await client.task.claim({ task: 'T2', as: 'bob' })
    await expect(client.task.claim({ task: 'T1', as: 'bob' })).rejects.toMatchObject({ code: 'ALREADY_CLAIMED' })
    await client.task.complete({ task: 'T1', as: 'alice', epoch, evidence: [] })
    expect(await scrape(served)).toMatchObject({
      'infrafabric_build_info{version="1.2.3",fabric="test"}': 1,
      infrafabric_ready: 1,
      'infrafabric_state{state="running"}': 1,
      'infrafabric_state{state="failed"}': 0,
      'infrafabric_operation_duration_seconds_count{operation="task.claim",outcome="done"}': 2,
      'infrafabric_operation_duration_seconds_count{operation="task.claim",outcome="refused"}': 1,
      infrafabric_claims_granted_total: 2,
      'infrafabric_claims_refused_total{code="ALREADY_CLAIMED"}': 1,
      'infrafabric_commands_refused_total{command="claim_task",code="ALREADY_CLAIMED"}': 1,
      infrafabric_tasks_completed_total: 1,
      'infrafabric_tasks{state="available"}': 1,
      'infrafabric_tasks{state="claimed"}': 1,
      'infrafabric_tasks{state="completed"}': 1,
      infrafabric_swarms_active: 2,
      'infrafabric_entries_written_total{type="task_claimed"}': 2,
      'infrafabric_http_request_duration_seconds_count{operation="task.claim",status="2xx"}': 2,
      'infrafabric_http_request_duration_seconds_count{operation="task.claim",status="4xx"}': 1,
      infrafabric_http_requests_in_flight: 1,
      infrafabric_journal_open: 1,
      infrafabric_journal_entries: served.fabric.health().entries,
    })
  })

  test('name no path that a stranger typed', async () => {
    await using served = await serveFabric()
    await served.request('/secret-path')
    await served.request('/v1/tasks/secret-task')
    const names = Object.keys(await scrape(served))
    expect(names.filter((name) => name.includes('secret'))).toEqual([])
    expect(names).toContain('infrafabric_http_request_duration_seconds_count{operation="unknown",status="4xx"}')
  })

  test('tell how far readers of inboxes are behind, and nothing of retired ones', async () => {
    await using served = await serveFabric()
    const { client, timing } = served
    for (const swarm of ['alice', 'bob']) await client.swarm.register({ swarm })
    await client.swarm.send({ to: 'alice', text: 'one' })
    timing.advance(60_000)
    const second = await client.swarm.send({ to: 'alice', text: 'two' })
    await client.swarm.send({ to: 'bob', text: 'three' })
    timing.advance(1_000)
    expect(await scrape(served)).toMatchObject({
      'infrafabric_inbox_messages_unread{reader="swarms"}': 3,
      'infrafabric_inbox_oldest_unread_seconds{reader="swarms"}': 61,
    })
    // The cursor is known at once, although it is written down later.
    await client.inbox.acknowledge({ swarm: 'alice', upTo: second.index - 1 })
    const acknowledged = await scrape(served)
    expect(acknowledged['infrafabric_inbox_messages_unread{reader="swarms"}']).toBe(2)
    expect(acknowledged['infrafabric_inbox_oldest_unread_seconds{reader="swarms"}']).toBe(1)
    await client.swarm.retire({ swarm: 'bob' })
    await client.inbox.acknowledge({ swarm: 'alice', upTo: second.index })
    expect(await scrape(served)).toMatchObject({
      'infrafabric_inbox_messages_unread{reader="swarms"}': 0,
      'infrafabric_inbox_oldest_unread_seconds{reader="swarms"}': 0,
    })
  })

  test('tell how long a waiting caller took to get what it was woken for', async () => {
    await using served = await serveFabric()
    await served.client.swarm.register({ swarm: 'alice' })
    const waiting = served.client.task.next({ as: 'alice', waitMs: 10_000 })
    await until(() => served.fabric.health().waiting === 1)
    expect(await scrape(served)).toMatchObject({
      infrafabric_callers_waiting: 1,
      infrafabric_wait_wake_seconds_count: 0,
    })
    await served.client.task.create({ id: 'T1', title: 'x' })
    await waiting
    expect(await scrape(served)).toMatchObject({
      infrafabric_callers_waiting: 0,
      infrafabric_wait_wake_seconds_count: 1,
    })
  })

  test('tell money of the fabric, of boards that the policy names, of holds and of models', async () => {
    const limit = (dollars: number) => ({ nanos: dollars * 1e9 })
    const governor = {
      budgets: {
        fabric: { day: limit(50) },
        boards: { sprint: { total: limit(20) }, '*': { total: limit(9) } },
        swarms: {},
        holdTokens: { inputTokens: 0, outputTokens: 0, cachedTokens: 0 },
        warnPercent: 80,
      },
      prices: { version: 'test', models: { small: { inputNanos: 1e9, outputNanos: 2e9, cachedNanos: 0 } } },
    }
    await using served = await serveFabric({ of: { governor } })
    const { client } = served
    await client.swarm.register({ swarm: 'alice' })
    await client.task.create({ id: 'T1', title: 'x' })
    const { epoch } = await client.task.claim({ task: 'T1', as: 'alice' })
    const usage = { id: 'u1', model: 'small', inputTokens: 2_500_000 }
    await client.task.usage({ task: 'T1', as: 'alice', epoch, usage })
    const values = await scrape(served)
    expect(values).toMatchObject({
      'infrafabric_budget_spent_dollars{scope="fabric",name="",window="total"}': 2.5,
      'infrafabric_budget_spent_dollars{scope="fabric",name="",window="day"}': 2.5,
      'infrafabric_budget_held_dollars{scope="fabric",name="",window="day"}': 7.5,
      'infrafabric_budget_limit_dollars{scope="fabric",name="",window="day"}': 50,
      'infrafabric_budget_limit_dollars{scope="board",name="sprint",window="total"}': 20,
      'infrafabric_holds{kind="claim"}': 1,
      'infrafabric_holds_reserved_dollars{kind="claim"}': 7.5,
      'infrafabric_holds_spent_dollars{kind="claim"}': 2.5,
      'infrafabric_model_spent_dollars{model="small"}': 2.5,
    })
    expect(values).not.toHaveProperty(['infrafabric_budget_limit_dollars{scope="fabric",name="",window="week"}'])
    expect(Object.keys(values).filter((name) => name.includes('name="*"'))).toEqual([])
  })

  test('count breakers that are not closed and questions for people', async () => {
    await using served = await serveFabric()
    const { client } = served
    for (const swarm of ['alice', 'bob']) await client.swarm.register({ swarm })
    await client.breaker.trip({ swarm: 'alice', reason: 'odd' })
    await client.escalation.ask({ as: 'bob', question: 'Which one?' })
    const values = await scrape(served)
    const breakers = ['open', 'half_open', 'latched'].map((state) => values[`infrafabric_breakers{state="${state}"}`])
    expect(breakers.reduce((sum, count) => (sum ?? 0) + (count ?? 0), 0)).toBe(1)
    expect(values['infrafabric_escalations_open{kind="question"}']).toBe(1)
  })

  test('count runs of modules, broken promises and what is held against swarms in service', async () => {
    await using served = await serveFabric()
    const { client, fabric } = served
    for (const swarm of ['alice', 'bob', 'carol']) await client.swarm.register({ swarm })
    const run = (swarm: string, end: RunEnd) =>
      fabric.submit(makeRun(swarm, { end, wallMs: 1_500, levels: { successRate: 0.9 } }), { actor: FABRIC_ACTOR })
    for (let count = 0; count < 5; count += 1) {
      for (const swarm of ['alice', 'carol']) await Promise.all([run(swarm, 'completed'), run(swarm, 'trap')])
      await Promise.all([run('bob', 'completed'), run('bob', 'completed')])
    }
    const names = (values: Record<string, number>) =>
      Object.fromEntries(Object.entries(values).filter(([name]) => /_runs?_|service_level|reputation/.test(name)))
    const expected = {
      'infrafabric_runs_total{end="completed"}': 20,
      'infrafabric_runs_total{end="trap"}': 10,
      infrafabric_run_duration_seconds_count: 30,
      infrafabric_run_duration_seconds_sum: 45,
      'infrafabric_service_levels_violated{level="p99"}': 0,
      'infrafabric_service_levels_violated{level="success"}': 2,
      'infrafabric_service_levels_violated{level="availability"}': 0,
      infrafabric_service_level_violations_total: 2,
      infrafabric_reputation_lowest_ratio: 0.35,
      infrafabric_reputation_reduced_swarms: 2,
    }
    expect(names(await scrape(served))).toMatchObject(expected)
    for (const swarm of ['alice', 'carol']) await client.swarm.retire({ swarm })
    expect(names(await scrape(served))).toMatchObject({
      ...expected,
      'infrafabric_service_levels_violated{level="success"}': 0,
      infrafabric_reputation_lowest_ratio: 1,
      infrafabric_reputation_reduced_swarms: 0,
    })
  })

  test('are there for a fabric that has failed, without what only its state knows', async () => {
    const journal = new FaultyJournal(new MemoryJournal())
    await using served = await serveFabric({ of: { journal } })
    journal.failNextFlush()
    await expect(served.client.task.create({ id: 'T1', title: 'x' })).rejects.toThrow()
    const values = await scrape(served)
    expect(values).toMatchObject({ infrafabric_ready: 0, 'infrafabric_state{state="failed"}': 1 })
    expect(values.infrafabric_swarms).toBeUndefined()
    expect(values.process_resident_memory_bytes).toBeGreaterThan(0)
  })

  test('count recoveries', async () => {
    const journal = new FaultyJournal(new MemoryJournal())
    await using served = await serveFabric({ of: { journal } })
    journal.failNextAppend()
    // The client asks again, as the refusal says.
    await served.client.task.create({ id: 'T1', title: 'x' })
    expect(await scrape(served)).toMatchObject({ infrafabric_recoveries_total: 1, infrafabric_ready: 1 })
  })

  test('say from the second scrape on how late timers fired in between', async () => {
    await using served = await serveFabric()
    expect(await scrape(served)).not.toHaveProperty('nodejs_eventloop_lag_max_seconds')
    const end = performance.now() + 150
    await new Promise((resolve) => setTimeout(resolve, 30))
    while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 30))
    const { nodejs_eventloop_lag_max_seconds: lag } = await scrape(served)
    expect(lag).toBeGreaterThan(0.05)
  })
})

describe('an operation', () => {
  test('counts as failed when the program fails, and as refused for a caller without the role', async () => {
    await using served = await serveFabric()
    served.fabric.status = () => Promise.reject(new TypeError('odd'))
    await served.request('/v1/status')
    const { token } = await served.client.token.issue({ role: 'viewer', name: 'eager' })
    const asViewer = served.connect({ token })
    await expect(asViewer.policy.apply({ policy: '' } as never)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await scrape(served)).toMatchObject({
      'infrafabric_operation_duration_seconds_count{operation="fabric.status",outcome="failed"}': 1,
      'infrafabric_operation_duration_seconds_count{operation="policy.apply",outcome="refused"}': 1,
    })
  })
})

describe('the connections and rates of callers', () => {
  test('are counted', async () => {
    await using served = await serveFabric({ requestsPerSecond: 1, now: () => 0 })
    const stream = new AbortController()
    const events = await served.request('/v1/events', { signal: stream.signal })
    expect(events.status).toBe(200)
    const { token } = await served.client.token.issue({ role: 'viewer', name: 'eager' })
    const headers = { authorization: `Bearer ${token}` }
    const statuses: number[] = []
    for (let count = 0; count < 4; count += 1) statuses.push((await served.request('/v1/status', { headers })).status)
    expect(statuses).toEqual([200, 200, 429, 429])
    expect(await scrape(served)).toMatchObject({
      infrafabric_rate_limited_total: 2,
      'infrafabric_push_connections{kind="sse"}': 1,
      'infrafabric_push_connections{kind="websocket"}': 0,
    })
    stream.abort()
    await until(async () => (await scrape(served))['infrafabric_push_connections{kind="sse"}'] === 0)
  })
})
