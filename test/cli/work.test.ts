import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GrantView, OfferView, TaskDetailView, TaskView } from '../../src/operations/views.js'
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

async function show(task: string): Promise<TaskView> {
  return (await site.json<TaskDetailView>('task', 'show', task)).task
}

test('beat says whose inbox holds unread messages', async () => {
  await site.run('swarm', 'register', 'addressee')
  await site.run('task', 'create', 'noisy', '--title', 'Noisy')
  const epoch = await claim('noisy', 'addressee')
  expect(await site.run('beat', 'noisy', '--epoch', epoch)).not.toContain('unread')
  await site.run('swarm', 'send', 'addressee', 'Hello')
  const text = await site.run('beat', 'noisy', '--epoch', epoch)
  expect(text).toContain(' 1 unread message: see `ifab inbox --as addressee`.\n')
  await site.run('done', 'noisy', '--epoch', epoch, '--note', 'over')
})

describe('task', () => {
  test('create takes over everything a task can say', async () => {
    await site.run('task', 'create', 'full-base', '--title', 'Base')
    const words = ['--title', 'All of it', '--description', 'At length', '--deps', 'full-base', '--deliverable', 'code']
    words.push('--requires', 'code:ts,net:sip', '--priority', '80', '--estimate', '1h 30m', '--tier', 'sonnet')
    words.push('--kind', 'filler', '--accept', 'fast', '--accept', 'small, and clean', '--key-test', 'test_all')
    words.push('--milestone', '25=started', '--milestone', '100=done', '--board', 'b', '--owner', 'x')
    words.push('--max-cost', '$2.50')
    const row = await site.json<TaskView>('task', 'create', 'full', ...words)
    expect(row).toMatchObject({
      id: 'full',
      title: 'All of it',
      description: 'At length',
      dependencies: ['full-base'],
      deliverable: 'code',
      requires: ['code:ts', 'net:sip'],
      priority: 80,
      estimateMinutes: 90,
      tier: 'sonnet',
      kind: 'filler',
      acceptance: ['fast', 'small, and clean'],
      keyTests: ['test_all'],
      milestones: [
        { percent: 25, text: 'started' },
        { percent: 100, text: 'done' },
      ],
      board: 'b',
      owner: 'x',
      maxCostNanos: 2_500_000_000,
      state: 'blocked',
    })
    const text = await site.run('task', 'show', 'full')
    for (const part of ['full-base', '1h 30m', '$2.50', 'small, and clean', '25% started', 'test_all']) {
      expect(text).toContain(part)
    }
  })

  test('create says what the new task waits for', async () => {
    expect(await site.run('task', 'create', 'wait-a', '--title', 'A')).toBe('Created wait-a: available.\n')
    expect(await site.run('task', 'create', 'wait-b', '--title', 'B', '--deps', 'wait-a')).toBe(
      'Created wait-b: blocked, waiting for 1 dependency.\n',
    )
  })

  test('list filters, pages by cursor and says how to go on', async () => {
    for (const id of ['page-1', 'page-2', 'page-3']) {
      await site.run('task', 'create', id, '--title', `Title of ${id}`, '--board', 'pages')
    }
    const list = ['task', 'list', '--board', 'pages', '--state', 'available', '--kind', 'primary']
    const first = await site.json<{ items: TaskView[]; nextCursor: string }>(...list, '--limit', '2')
    expect(first.items.map(({ id }) => id)).toEqual(['page-1', 'page-2'])
    const second = await site.json(...list, '--limit', '2', '--cursor', first.nextCursor)
    expect(second).toMatchObject({ items: [{ id: 'page-3' }] })
    expect(second).not.toHaveProperty('nextCursor')
    const text = await site.run(...list, '--limit', '2')
    expect(text).toMatch(
      /^TASK +STATE +PRIORITY +ESTIMATE +SWARM +TITLE\npage-1 +available +50 +- +- +Title of page-1\n/,
    )
    expect(text).toMatch(/\nMore: --cursor page-2\n$/)
    expect(await site.run('task', 'list', '--board', 'no-such')).toBe('No such tasks.\n')
  })

  test('cancel names the dependents that it strands, or cancels them too', async () => {
    await site.run('task', 'create', 'cancel-a', '--title', 'A')
    await site.run('task', 'create', 'cancel-b', '--title', 'B', '--deps', 'cancel-a')
    expect(await site.run('task', 'cancel', 'cancel-a', '--reason', 'not needed')).toContain('never come: cancel-b.')
    await site.run('task', 'create', 'cancel-c', '--title', 'C')
    await site.run('task', 'create', 'cancel-d', '--title', 'D', '--deps', 'cancel-c')
    const report = await site.json('task', 'cancel', 'cancel-c', '--cascade')
    expect(report).toMatchObject({ cancelled: expect.arrayContaining(['cancel-c', 'cancel-d']) })
  })

  test('a failed task is claimable again after retry', async () => {
    await site.run('swarm', 'register', 'retrier')
    await site.run('task', 'create', 'retry-a', '--title', 'A')
    const epoch = await claim('retry-a', 'retrier')
    const failed = await site.run('fail', 'retry-a', '--epoch', epoch, '--reason', 'no compiler', '--no-retry')
    expect(failed).toBe('retry-a is failed after 1 failed attempt.\n')
    expect(await site.run('task', 'show', 'retry-a')).toContain('1, last by retrier: no compiler')
    expect(await site.run('task', 'retry', 'retry-a')).toBe('retry-a is available.\n')
  })

  test('what an agent writes cannot move the cursor of whoever reads it', async () => {
    await site.run('task', 'create', 'escape-a', '--title', 'turned \u202earound')
    expect(await site.run('task', 'show', 'escape-a')).toContain('turned \\u202earound')
    expect((await show('escape-a')).title).toBe('turned \u202earound')
  })
})

describe('a holder', () => {
  test('claims, beats, reports, and completes with evidence', async () => {
    await site.run('swarm', 'register', 'holder')
    await site.run('task', 'create', 'work-a', '--title', 'A')
    await site.run('task', 'create', 'work-b', '--title', 'B', '--deps', 'work-a')
    const claimed = await site.run('claim', 'work-a', '--as', 'holder', '--lease', '10m')
    const epoch = EPOCH.exec(claimed)?.[1] ?? ''
    expect(claimed).toContain(`holder holds work-a, epoch ${epoch}, until `)
    const again = await site.json<GrantView>('claim', 'work-a', '--as', 'holder')
    expect(again).toMatchObject({ epoch: Number(epoch), reclaimed: true, leaseMs: 600_000 })
    expect(await site.run('beat', 'work-a', '--epoch', epoch, '--as', 'holder')).toMatch(/^work-a is yours until /)
    const report = ['--note', 'half', '--passed', '8', '--failed', '1', '--next-action', 'mend it']
    expect(await site.run('milestone', 'work-a', '50', '--epoch', epoch, ...report)).toBe('work-a is at 50%.\n')
    expect(await site.run('task', 'list', '--swarm', 'holder')).toContain('claimed 50%')
    expect(await site.run('task', 'show', 'work-a')).toContain('50%, half, 8 tests passed, 1 failed, next: mend it')

    const file = join(site.directory, 'deliverable.txt')
    await writeFile(file, 'what was asked for')
    const evidence = ['--commit', '1f3a9c2', '--file', file, '--command', 'npm test', '--exit-code', '0']
    evidence.push('--command', 'npm run lint', '--exit-code', '-1', '--note', 'see above', '--summary', 'all of it')
    const done = await site.run('done', 'work-a', '--epoch', epoch, ...evidence)
    expect(done).toBe('work-a is completed.\nClaimable now: work-b\n')
    const sha256 = createHash('sha256').update('what was asked for').digest('hex')
    expect(await show('work-a')).toMatchObject({
      state: 'completed',
      completedBy: 'holder',
      summary: 'all of it',
      evidence: [
        { kind: 'commit', commit: '1f3a9c2' },
        { kind: 'file', path: file, sha256 },
        { kind: 'command', command: 'npm test', exitCode: 0 },
        { kind: 'command', command: 'npm run lint', exitCode: -1 },
        { kind: 'note', text: 'see above' },
      ],
    })
    expect(await site.run('task', 'show', 'work-a')).toContain(`file ${file} sha256 ${sha256}`)
  })

  test('gives a task back with a note', async () => {
    await site.run('swarm', 'register', 'giver')
    await site.run('task', 'create', 'give-a', '--title', 'A')
    const epoch = await claim('give-a', 'giver')
    expect(await site.run('release', 'give-a', '--epoch', epoch, '--note', 'out of context')).toBe(
      'give-a is available.\n',
    )
    const { entries } = await site.json<{ entries: { type: string; data: unknown }[] }>('log', '--limit', '5')
    const released = entries.find(({ type }) => type.includes('task_released'))
    expect(released?.data).toMatchObject({ note: 'out of context' })
    await claim('give-a', 'giver')
    expect(await site.run('release', 'give-a')).toBe('give-a is available.\n')
  })

  test('is refused under an old epoch, and so is a rival', async () => {
    await site.run('swarm', 'register', 'first')
    await site.run('swarm', 'register', 'second')
    await site.run('task', 'create', 'race-a', '--title', 'A')
    const epoch = await claim('race-a', 'first')
    expect(await site.refused('claim', 'race-a', '--as', 'second')).toMatchObject({ exit: 4, code: 'ALREADY_CLAIMED' })
    const stale = String(Number(epoch) - 1)
    expect(await site.refused('beat', 'race-a', '--epoch', stale)).toMatchObject({ exit: 4, code: 'STALE_CLAIM' })
    expect(await site.refused('done', 'race-a', '--epoch', epoch, '--as', 'second')).toMatchObject({ exit: 4 })
  })

  test('must give each command of its evidence an exit code', async () => {
    const refused = await site.refused('done', 'any', '--epoch', '1', '--command', 'npm test')
    expect(refused).toMatchObject({ exit: 2, message: 'Each --command needs its --exit-code, in the same order.' })
    expect(await site.refused('done', 'any', '--epoch', '1', '--file', site.directory)).toMatchObject({
      exit: 2,
      message: `Cannot read ${site.directory}: it is a directory. Check the path.`,
    })
  })

  test('marks an external placeholder done without an epoch', async () => {
    await site.run('task', 'create', 'outside', '--title', 'Elsewhere', '--external')
    expect(await site.run('done', 'outside')).toContain('outside is completed.')
  })
})

describe('next and ready', () => {
  test('offer what a swarm qualifies for, and claim it', async () => {
    await site.run('swarm', 'register', 'cook', '--capabilities', 'food:cook')
    await site.run('task', 'create', 'dish', '--title', 'Soup', '--requires', 'food:cook', '--priority', '99')
    const ready = await site.json<{ items: TaskView[] }>('ready', '--as', 'cook', '--limit', '1')
    expect(ready.items.map(({ id }) => id)).toEqual(['dish'])
    expect(await site.run('ready', '--as', 'cook')).toContain('dish')
    expect(await site.run('next', '--as', 'cook')).toBe('Work: dish Soup\nNext: ifab claim dish --as cook\n')
    const offer = await site.json<OfferView>('next', '--as', 'cook', '--claim', '--lease', '1h')
    expect(offer).toMatchObject({ kind: 'primary', task: { id: 'dish' }, claim: { leaseMs: 3_600_000 } })
    const resumed = await site.run('next', '--as', 'cook', '--claim')
    expect(resumed).toContain('Go on with: dish Soup\ncook still holds dish')
  })

  test('wait for work that comes later', async () => {
    await site.run('swarm', 'register', 'waiter', '--capabilities', 'only:waiter', '--capacity', '50')
    // Everything that needs nothing is taken first, so that nothing is left to offer.
    for (;;) {
      const offer = await site.json<OfferView>('next', '--as', 'waiter', '--claim')
      if (offer.kind === 'none') break
    }
    const waiting = site.json<OfferView>('next', '--as', 'waiter', '--claim', '--wait', '60s')
    await site.run('task', 'create', 'late', '--title', 'Late', '--requires', 'only:waiter')
    expect(await waiting).toMatchObject({ kind: 'primary', task: { id: 'late' } })
    expect(await site.run('next', '--as', 'waiter')).toBe('Nothing to do now. Wait for work with --wait 50s.\n')
  })
})
