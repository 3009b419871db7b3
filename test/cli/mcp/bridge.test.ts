import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hostFabric } from '../../../src/cli/host.js'
import { usualName } from '../../../src/cli/mcp/session-name.js'
import { connectLocal } from '../../../src/client/connect-local.js'
import { ownIdentity } from '../../../src/journal/file/process-identity.js'
import { until } from '../../support/served-fabric.js'
import { openSite, type Site } from '../console.js'
import { bridged } from './pipes.js'

const USUAL = await usualName('Test Agent')

/** What an administrator sees. */
async function administrator({ env }: Site) {
  return connectLocal({ data: String(env.IFAB_DATA) })
}

function dataOf({ env }: Site): string {
  return String(env.IFAB_DATA)
}

describe.each(['2026-07-28', '2025-06-18', '2024-11-05'] as const)('an agent over stdio that speaks %s', (revision) => {
  test('is a swarm of its own, works through a task, and takes its token along when it goes', async () => {
    await using site = await openSite()
    const admin = await administrator(site)
    const { agent, terminal, end } = await bridged({ data: dataOf(site), revision })
    expect((await agent.client.listTools()).tools).toHaveLength(12)
    const wait = agent.done('wait_for_work')
    await until(async () => (await admin.fabric.status()).waitingSwarms === 1)
    await admin.task.create({ id: 'A', title: 'First' })
    const { epoch, ...work } = await wait
    expect(work).toMatchObject({ kind: 'primary', task: { id: 'A', holder: USUAL } })
    await agent.done('report_milestone', { task: 'A', epoch, percent: 25 })
    await admin.swarm.send({ to: USUAL, text: 'Well done.' })
    const beat = await agent.done('heartbeat', { task: 'A', epoch })
    expect(beat).toMatchObject({ unread: 1, messages: [{ text: 'Well done.' }] })
    const { acknowledge } = beat
    expect(await agent.done('heartbeat', { task: 'A', epoch, acknowledge })).toMatchObject({ unread: 0 })
    expect((await admin.token.list({ name: USUAL })).items).toHaveLength(1)
    await end()
    expect((await admin.token.list({ name: USUAL })).items).toEqual([])
    // The claim stays, and the next session of the same name goes on with it.
    await using again = await bridged({ data: dataOf(site), revision })
    expect(await again.agent.done('next_task')).toMatchObject({ kind: 'resume', task: { id: 'A' }, epoch })
    await again.agent.done('complete_task', { task: 'A', epoch })
    expect(terminal.output + terminal.errors).toBe('')
  })

  test('leaves no trace when it only asks what there is', async () => {
    await using site = await openSite()
    const { agent, end } = await bridged({ data: dataOf(site), revision })
    await agent.client.listTools()
    await end()
    expect((await (await administrator(site)).swarm.list()).items).toEqual([])
  })
})

test('a client that takes a wait back ends it, and goes on', async () => {
  await using site = await openSite()
  const admin = await administrator(site)
  await using session = await bridged({ data: dataOf(site) })
  const ending = new AbortController()
  const wait = session.agent.call('wait_for_work', {}, { signal: ending.signal })
  await until(async () => (await admin.fabric.status()).waitingSwarms === 1)
  ending.abort()
  await expect(wait).rejects.toThrow()
  await until(async () => (await admin.fabric.status()).waitingSwarms === 0)
  expect(await session.agent.done('next_task')).toMatchObject({ kind: 'none' })
})

test('a client that vanishes in a wait ends it', async () => {
  await using site = await openSite()
  const admin = await administrator(site)
  const { agent, end } = await bridged({ data: dataOf(site) })
  const wait = agent.call('wait_for_work').catch(() => 'gone')
  await until(async () => (await admin.fabric.status()).waitingSwarms === 1)
  await end()
  expect(await wait).toBe('gone')
  await until(async () => (await admin.fabric.status()).waitingSwarms === 0)
})

describe('the name of a session', () => {
  test('gets a number while another session has it', async () => {
    await using site = await openSite()
    const admin = await administrator(site)
    const first = await bridged({ data: dataOf(site) })
    await using second = await bridged({ data: dataOf(site) })
    await admin.task.create({ id: 'A', title: 'One' })
    await admin.task.create({ id: 'B', title: 'Two' })
    expect(await first.agent.done('next_task')).toMatchObject({ task: { holder: USUAL } })
    expect(await second.agent.done('next_task')).toMatchObject({ task: { holder: `${USUAL}-2` } })
    await first.end()
    await using third = await bridged({ data: dataOf(site) })
    expect(await third.agent.done('next_task')).toMatchObject({ kind: 'resume', task: { holder: USUAL } })
  })

  test('of one that died is free again, and its token is ended', async () => {
    await using site = await openSite()
    const admin = await administrator(site)
    await admin.swarm.register({ swarm: 'alice', capabilities: ['code:go'], tier: 'opus' })
    const { id } = await admin.token.issue({ name: 'alice' })
    const directory = join(dataOf(site), 'sessions', 'alice')
    await mkdir(directory, { recursive: true })
    const dead = { ...ownIdentity(), startTime: '1', since: '2026-01-01T00:00:00.000Z', note: id }
    await writeFile(join(directory, 'owner.1'), JSON.stringify(dead))
    await using session = await bridged({ data: dataOf(site), env: { IFAB_SWARM: 'alice' } })
    await admin.task.create({ id: 'A', title: 'One', requires: ['code:go'] })
    expect(await session.agent.done('next_task')).toMatchObject({ task: { holder: 'alice' } })
    const tokens = (await admin.token.list({ name: 'alice' })).items
    expect(tokens).toHaveLength(1)
    expect(tokens[0]?.id).not.toBe(id)
    // Nothing was said about its profile, so it is as it was.
    const { swarm } = await admin.swarm.show({ swarm: 'alice' })
    expect(swarm).toMatchObject({ capabilities: ['code:go'], tier: 'opus' })
  })

  test('has a profile that the command line changes', async () => {
    await using site = await openSite()
    const admin = await administrator(site)
    await admin.swarm.register({ swarm: 'alice', capabilities: ['code:go'], tier: 'opus', capacity: 3 })
    const options = { as: 'alice', capabilities: ['code:rust'] }
    await using session = await bridged({ data: dataOf(site), options })
    await session.agent.done('wait_for_work', { waitSeconds: 0 })
    const { swarm } = await admin.swarm.show({ swarm: 'alice' })
    expect(swarm).toMatchObject({ capabilities: ['code:rust'], tier: 'opus', capacity: 3 })
  })

  test('must be one', async () => {
    await using site = await openSite()
    await expect(bridged({ data: dataOf(site), env: { IFAB_SWARM: 'no name' } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })
})

describe('a session whose fabric', () => {
  test('was started anew elsewhere goes on', async () => {
    await using site = await openSite()
    const { agent, end } = await bridged({ data: dataOf(site) })
    await agent.done('create_task', { id: 'A', title: 'One' })
    const { epoch } = await agent.done('next_task')
    await site.hosted.close()
    const again = await hostFabric({ data: dataOf(site), listen: '127.0.0.1:0', onFault: () => undefined })
    try {
      expect(again.running.url).not.toBe(site.hosted.running.url)
      expect(await agent.done('complete_task', { task: 'A', epoch })).toMatchObject({ state: 'completed' })
      await end()
    } finally {
      await again.close()
    }
  })

  test('ended its token gets another', async () => {
    await using site = await openSite()
    const admin = await administrator(site)
    await using session = await bridged({ data: dataOf(site) })
    await session.agent.done('create_task', { id: 'A', title: 'One' })
    const [token] = (await admin.token.list()).items
    await admin.token.revoke({ id: String(token?.id) })
    const [first, second] = await Promise.all([
      session.agent.done('show_task', { task: 'A' }),
      session.agent.done('show_task', { task: 'A' }),
    ])
    expect(first).toEqual(second)
    expect((await admin.token.list()).items).toHaveLength(1)
  })
})

describe('a session with a token that it was given', () => {
  test('is who the token says, and leaves it as it is', async () => {
    await using site = await openSite()
    const admin = await administrator(site)
    await admin.swarm.register({ swarm: 'alice' })
    const { token } = await admin.token.issue({ name: 'alice' })
    const { url } = site.hosted.running
    const env = { IFAB_URL: url, IFAB_TOKEN: token, IFAB_TOOLS: 'all' }
    const { agent, end } = await bridged({ data: '/nowhere', url, env })
    expect((await agent.client.listTools()).tools.map(({ name }) => name)).toContain('task_list')
    expect(await agent.done('token_whoami')).toMatchObject({ actor: 'swarm:alice' })
    expect(await agent.done('inbox_read')).toMatchObject({ swarm: 'alice' })
    await end()
    expect((await admin.token.list()).items).toHaveLength(1)
  })

  test('takes no work as a viewer', async () => {
    await using site = await openSite()
    const { token } = await (await administrator(site)).token.issue({ name: 'screen', role: 'viewer' })
    await using session = await bridged({ data: dataOf(site), env: { IFAB_TOKEN: token, IFAB_TOOLS: 'all' } })
    const names = (await session.agent.client.listTools()).tools.map(({ name }) => name)
    expect(names).toContain('task_list')
    expect(names).not.toContain('task_cancel')
    expect(await session.agent.refused('next_task')).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('IFAB_TOKEN'),
    })
  })

  test('is told when nobody knows it', async () => {
    await using site = await openSite()
    const env = { IFAB_TOKEN: 'ifab_0000000000000000_nothing' }
    await using session = await bridged({ data: dataOf(site), env })
    expect(await session.agent.refused('next_task')).toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})
