import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BlockerView, GrantView, InboxView, SwarmDetailView } from '../../src/operations/views.js'
import { openSite, type Site } from './console.js'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site[Symbol.asyncDispose]())

const EPOCH = /epoch (\d+)/

async function claim(task: string, swarm: string): Promise<string> {
  return String((await site.json<GrantView>('claim', task, '--as', swarm)).epoch)
}

describe('a blocker', () => {
  test('is raised, assigned, accepted and resolved, and each side hears of it', async () => {
    await site.run('swarm', 'register', 'stuck', '--capacity', '2')
    await site.run('swarm', 'register', 'helper', '--capacity', '2')
    await site.run('swarm', 'register', 'busy')
    await site.run('task', 'create', 'hard', '--title', 'Hard')
    const epoch = await claim('hard', 'stuck')
    const raised = await site.json<BlockerView>(
      'block',
      'hard',
      '--epoch',
      epoch,
      '--kind',
      'external',
      '--needs',
      'a second opinion',
    )
    expect(raised).toMatchObject({ task: 'hard', swarm: 'stuck', kind: 'external', state: 'open' })
    const { id } = raised
    expect(await site.run('blocker', 'list')).toMatch(
      new RegExp(`${id} +open +external +hard +stuck +- +a second opinion`),
    )
    expect(await site.run('task', 'list', '--stuck')).toContain('claimed, stuck')
    expect(await site.run('inbox')).toContain('blocker_raised')

    expect(await site.run('blocker', 'assign', id, '--to', 'helper,busy')).toBe(
      `Asked helper, busy to help with ${id}.\n`,
    )
    expect(await site.run('next', '--as', 'helper')).toContain(`Next: ifab blocker accept ${id} --as helper`)
    expect(await site.run('blocker', 'decline', id, '--as', 'busy', '--reason', 'no time')).toContain('does not help')
    const accepted = await site.run('blocker', 'accept', id, '--as', 'helper')
    const helperEpoch = EPOCH.exec(accepted)?.[1] ?? ''
    expect(accepted).toContain(`helper helps with ${id}, epoch ${helperEpoch}.`)
    expect(await site.run('swarm', 'show', 'helper')).toContain(`${id} on hard, epoch ${helperEpoch}`)
    const resolved = await site.run('resolve', id, '--epoch', helperEpoch, '--resolution', 'turn it off and on')
    expect(resolved).toBe(`${id} is resolved; stuck hears of it.\n`)
    expect(await site.run('inbox', '--as', 'stuck')).toContain('blocker_resolved')
    expect(await site.run('blocker', 'list', '--all')).toContain('turn it off and on')
  })

  test('of kind task is meant when it names what it waits for', async () => {
    await site.run('swarm', 'register', 'patient', '--capacity', '9')
    await site.run('task', 'create', 'before', '--title', 'Before')
    await site.run('task', 'create', 'after', '--title', 'After')
    const epoch = await claim('after', 'patient')
    const wait = ['--needs', 'the schema', '--waits-for', 'before']
    expect(await site.json('block', 'after', '--epoch', epoch, ...wait)).toMatchObject({
      kind: 'task',
      waitsFor: 'before',
    })
    const human = ['--needs', 'a decision', '--kind', 'human', '--requires', 'law:contracts']
    expect(await site.json('block', 'after', '--epoch', epoch, ...human)).toMatchObject({
      kind: 'human',
      requires: ['law:contracts'],
    })
  })
})

describe('swarm and inbox', () => {
  test('register, list, show and retire', async () => {
    const words = ['--capabilities', 'code:go', '--capabilities', 'code:c', '--tier', 'opus', '--capacity', '3']
    words.push('--metadata', 'host=vm=1', '--metadata', 'team=blue')
    expect(await site.json('swarm', 'register', 'gopher', ...words)).toMatchObject({
      id: 'gopher',
      capabilities: expect.arrayContaining(['code:go', 'code:c']),
      tier: 'opus',
      capacity: 3,
      metadata: { host: 'vm=1', team: 'blue' },
    })
    await site.run('task', 'create', 'dig', '--title', 'Dig')
    const epoch = await claim('dig', 'gopher')
    const list = await site.json<{ items: SwarmDetailView[] }>('swarm', 'list', '--limit', '1', '--cursor', 'gophel')
    expect(list.items.map(({ swarm }) => swarm.id)).toEqual(['gopher'])
    expect(await site.run('swarm', 'list')).toMatch(/gopher +active +opus +dig +\d+ +code:go, code:c/)
    const text = await site.run('swarm', 'show', 'gopher')
    expect(text).toContain(`dig, epoch ${epoch}`)
    expect(text).toContain('vm=1')
    expect(await site.run('swarm', 'retire', 'gopher', '--reason', 'done')).toBe('gopher is retired. Released: dig\n')
  })

  test('messages are read in full, acknowledged, and waited for', async () => {
    await site.run('swarm', 'register', 'reader')
    await site.run('swarm', 'register', 'writer')
    expect(await site.run('inbox', '--as', 'reader')).toBe('No unread messages.\n')
    const long = `${'x'.repeat(200)}\nsecond line`
    await site.run('task', 'create', 'topic', '--title', 'Topic')
    const sent = await site.json<{ index: number }>(
      'swarm',
      'send',
      'reader',
      long,
      '--as',
      'writer',
      '--task',
      'topic',
    )
    const text = await site.run('inbox', '--as', 'reader')
    expect(text).toContain('direct from swarm:writer about topic\n')
    expect(text).toContain(`    ${'x'.repeat(200)}\n    second line\n`)
    expect(text).toContain(`Next: ifab inbox --as reader --ack ${sent.index} `)

    const waiting = site.json<InboxView>('inbox', '--as', 'reader', '--ack', String(sent.index), '--wait', '60s')
    const next = await site.json<{ index: number }>('swarm', 'send', 'reader', 'short')
    expect(await waiting).toMatchObject({ acknowledged: sent.index, messages: [{ index: next.index, text: 'short' }] })
    const after = await site.json<InboxView>('inbox', '--as', 'reader', '--cursor', String(next.index), '--limit', '5')
    expect(after).toMatchObject({ messages: [], unread: 1 })
  })
})

describe('log', () => {
  test('shows the last entries, or those from an index on', async () => {
    const { size } = await site.json<{ size: number }>('log', '--limit', '1')
    await site.run('task', 'create', 'logged', '--title', 'Logged')
    const page = await site.json<{ entries: { type: string; subject: string }[] }>('log', '--cursor', String(size))
    expect(page.entries[0]).toMatchObject({ type: 'infrafabric.coordinator.task_created.v1', subject: 'logged' })
    expect(await site.run('log', '--cursor', '0', '--limit', '1')).toMatch(/^INDEX .*\n0 .*\n\nMore: --cursor 1\n$/)
    expect(await site.run('log')).toMatch(/task_created +logged +admin/)
  })
})
