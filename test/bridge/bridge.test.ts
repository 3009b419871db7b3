import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { HOUR_MS, MINUTE_MS } from '../../src/model/time.js'
import { git, Team } from './team.js'

const BOARD = [
  { id: 'P0.1.4', title: 'Recovery' },
  { id: 'P0.1.5', title: 'Integration tests' },
  { id: 'P0.1.6', title: 'Load tests' },
  { id: 'F4.1', title: 'Scaffolding', kind: 'filler' },
] as const

async function open(): Promise<Team> {
  const team = await Team.open()
  for (const task of BOARD) await team.fabric.task.create(task)
  return team
}

describe('a claim through git', () => {
  test('goes to the first commit, and the other agent reads who has the task and what it may do instead', async () => {
    await using team = await open()
    const [alice, bob] = [team.agent('alice'), team.agent('bob')]
    alice.says('session: alice\nclaiming: P0.1.5\nmilestone: "0% - Starting task"\n')
    bob.says('agent: bob\ncurrent_task: P0.1.5\n')
    await team.pass()
    expect(team.answer('alice')).toMatchObject({ claim: 'granted', task: 'P0.1.5', epoch: expect.any(Number) })
    expect(team.answer('bob')).toMatchObject({
      claim: 'refused, held by alice',
      task: 'P0.1.5',
      next: { kind: 'primary', task: 'P0.1.4' },
      problems: [{ line: 2, problem: expect.stringContaining('ALREADY_CLAIMED') }],
    })
    expect(team.file('BOARD.md')).toContain('claimed by alice')
    const claimed = (await team.entries()).find(({ type }) => String(type).includes('task_claimed'))
    expect(claimed).toMatchObject({ actor: 'swarm:alice', authid: 'admin' })
  })

  test('goes on through milestones and a blocker to its completion with the commit as evidence', async () => {
    await using team = await open()
    const alice = team.agent('alice')
    alice.says('current_task: P0.1.5\n')
    await team.pass()
    const { epoch } = team.answer('alice')
    alice.says('current_task: P0.1.5\nmilestone: "50% - lifecycle tests pass"\nblocked_on: P0.1.4\ntests_passed: 3\n')
    await team.pass()
    expect(team.answer('alice')).toMatchObject({
      claim: 'granted',
      epoch,
      blockers: [{ task: 'P0.1.5', kind: 'task', waits_for: 'P0.1.4', state: 'open' }],
    })
    const { task, blockers } = await team.fabric.task.show({ task: 'P0.1.5' })
    expect(task).toMatchObject({
      stuck: true,
      progress: [{ percent: 50, note: 'lifecycle tests pass', testsPassed: 3 }],
    })
    expect(blockers).toMatchObject([{ needs: 'P0.1.4' }])
    alice.says('current_task: P0.1.5\nblocked_on: null\n')
    await team.pass()
    expect((await team.fabric.blocker.list()).items).toEqual([])
    const commit = alice.says(
      'completed: P0.1.5\nmilestone: "100% - Complete"\ndeliverable: tests/test_coordinator.py\n',
    )
    await team.pass()
    expect(team.answer('alice')).toMatchObject({
      claim: 'none',
      tasks: [{ task: 'P0.1.5', result: 'completed' }],
      holds: [],
    })
    expect((await team.fabric.task.show({ task: 'P0.1.5' })).task).toMatchObject({
      state: 'completed',
      completedBy: 'alice',
      evidence: [
        { kind: 'commit', commit },
        { kind: 'note', text: 'Deliverable of P0.1.5: tests/test_coordinator.py' },
      ],
    })
    expect(await team.history('P0.1.5')).toEqual([
      ...['task_created', 'task_claimed', 'milestone_reported', 'task_completed'],
    ])
  })

  test('lasts while its agent commits, and is lost as others are when it is silent', async () => {
    await using team = await open()
    const [alice, bob] = [team.agent('alice'), team.agent('bob')]
    alice.says('current_task: P0.1.5\n')
    await team.pass()
    const { epoch } = team.answer('alice')
    for (let turn = 0; turn < 3; turn += 1) {
      team.served.timing.advance(HOUR_MS + MINUTE_MS)
      // Work that leaves the status as it is counts too.
      alice.commits()
      await team.pass()
    }
    expect(team.answer('alice')).toMatchObject({ claim: 'granted', epoch, holds: [{ task: 'P0.1.5', epoch }] })
    team.served.timing.advance(2 * HOUR_MS + MINUTE_MS)
    bob.says('current_task: P0.1.5\n')
    await team.pass()
    expect(team.answer('alice')).toMatchObject({ claim: 'lost, held by bob', holds: [] })
    expect(team.answer('alice').inbox.messages.map(({ text }: { text: string }) => text)).toContainEqual(
      expect.stringContaining('its lease ran out'),
    )
    // Its next commit does not take the task back, and its next word about it is refused.
    alice.says('current_task: P0.1.5\nmilestone: 75%\n')
    await team.pass()
    expect(team.answer('alice')).toMatchObject({ claim: 'refused, held by bob' })
    expect(team.answer('bob')).toMatchObject({ claim: 'granted' })
  })

  test('that was lost or refused is not asked for again by the same file', async () => {
    await using team = await open()
    const [alice, bob] = [team.agent('alice'), team.agent('bob')]
    alice.says('current_task: P0.1.5\n')
    bob.says('current_task: P0.1.5\n')
    await team.pass()
    team.served.timing.advance(3 * HOUR_MS)
    for (const agent of [alice, bob]) agent.commits()
    await team.pass()
    expect([team.answer('alice').claim, team.answer('bob').claim]).toEqual([
      'lost, it is available now',
      'refused, held by alice',
    ])
    bob.says('current_task: P0.1.5\nlast_poll: now\n')
    await team.pass()
    expect(team.answer('bob')).toMatchObject({ claim: 'granted' })
  })

  test('is given back by an agent that works on nothing, or says so', async () => {
    await using team = await open()
    const alice = team.agent('alice')
    alice.says('current_task: P0.1.5\n')
    await team.pass()
    alice.says('status: polling\ncurrent_task: none\n')
    await team.pass()
    expect(team.answer('alice')).toMatchObject({ holds: [], tasks: [{ task: 'P0.1.5', result: 'released' }] })
    alice.says('current_task: P0.1.6\n')
    await team.pass()
    alice.says('release: P0.1.6\nreason: out of context\n')
    await team.pass()
    expect(await team.history('P0.1.6')).toEqual(['task_created', 'task_claimed', 'task_released'])
  })

  test('and its completion may come with one commit', async () => {
    await using team = await open()
    team.agent('alice').says('completed: [P0.1.4, P0.1.5]\n')
    await team.pass()
    expect(team.answer('alice').tasks.map(({ result }: { result: string }) => result)).toEqual([
      'completed',
      'completed',
    ])
  })
})

describe('a bridge that starts again', () => {
  test('says nothing twice, on another machine too', async () => {
    await using team = await open()
    const alice = team.agent('alice')
    alice.says('current_task: P0.1.5\nmilestone: 25%\nneeds_help: somebody who knows leases\n')
    await team.pass()
    const [before, tip] = [(await team.entries()).length, git(team.remote, 'rev-parse', team.config.branch)]
    const elsewhere = join(team.directory, 'elsewhere')
    git(team.directory, 'clone', '--quiet', team.remote, elsewhere)
    expect(await team.pass({ directory: elsewhere })).toMatchObject({ heard: [], written: [] })
    expect(await team.pass()).toMatchObject({ heard: [], written: [] })
    expect((await team.entries()).length).toBe(before)
    expect(git(team.remote, 'rev-parse', team.config.branch)).toBe(tip)
  })

  test('beside another one tells nothing twice either', async () => {
    await using team = await open()
    const [alice, bob] = [team.agent('alice'), team.agent('bob')]
    const elsewhere = join(team.directory, 'elsewhere')
    git(team.directory, 'clone', '--quiet', team.remote, elsewhere)
    alice.says('current_task: P0.1.5\nmilestone: 25%\nneeds_help: somebody who knows leases\n')
    bob.says('completed: P0.1.6\n')
    await Promise.all([team.pass(), team.pass({ directory: elsewhere })])
    expect(await team.history('P0.1.5')).toEqual(['task_created', 'task_claimed', 'milestone_reported'])
    expect(await team.history('P0.1.6')).toEqual(['task_created', 'task_claimed', 'task_completed'])
    expect((await team.fabric.blocker.list()).items).toHaveLength(1)
    expect(team.answer('bob')).toMatchObject({ tasks: [{ task: 'P0.1.6', result: 'completed' }] })
    // The second to push may see what the first did not: an answer is as of its moment.
    expect(Number(git(team.remote, 'rev-list', '--count', team.config.branch))).toBeLessThanOrEqual(2)
    // Whoever was last, one more look leaves nothing to say, to the fabric or in the files.
    await team.pass()
    const [told, tip] = [(await team.entries()).length, git(team.remote, 'rev-parse', team.config.branch)]
    expect(await team.pass({ directory: elsewhere })).toMatchObject({ heard: [], written: [] })
    expect((await team.entries()).length).toBe(told)
    expect(git(team.remote, 'rev-parse', team.config.branch)).toBe(tip)
  })

  test('and had not pushed yet: the words are heard again, and change nothing', async () => {
    await using team = await open()
    const alice = team.agent('alice')
    alice.says('current_task: P0.1.5\nmilestone: 25%\nneeds_help: somebody who knows leases\n')
    const rejecting = join(team.remote, 'hooks', 'pre-receive')
    mkdirSync(join(team.remote, 'hooks'), { recursive: true })
    writeFileSync(rejecting, '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    await expect(team.pass()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const before = (await team.entries()).length
    writeFileSync(rejecting, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
    await team.pass()
    expect((await team.entries()).length).toBe(before)
    expect(team.answer('alice')).toMatchObject({ claim: 'granted', blockers: [{ kind: 'help' }] })
    expect(await team.history('P0.1.5')).toEqual(['task_created', 'task_claimed', 'milestone_reported'])
  })

  test('forgets nothing that matters when its memory was tampered with', async () => {
    await using team = await open()
    const [alice, mallory] = [team.agent('alice'), team.agent('mallory', 'fabric/coordination')]
    alice.says('current_task: P0.1.5\n')
    await team.pass()
    git(mallory.directory, 'pull', '--quiet', '--rebase', '--allow-unrelated-histories', 'origin', mallory.branch)
    mallory.says({ 'BRIDGE.json': '{"version": 1, "agents": {"alice": 7}}' })
    const report = await team.pass()
    expect(report.faults).toEqual([expect.stringContaining('BRIDGE.json')])
    expect(team.answer('alice')).toMatchObject({ claim: 'granted', task: 'P0.1.5' })
    expect(await team.history('P0.1.5')).toEqual(['task_created', 'task_claimed'])
  })
})

describe('branches that move as they should not', () => {
  test('a branch that was rewritten is heard as it is now', async () => {
    await using team = await open()
    const alice = team.agent('alice')
    alice.says('current_task: P0.1.5\nmilestone: 50%\n')
    await team.pass()
    git(alice.directory, 'reset', '--quiet', '--hard', 'origin/main')
    alice.says('current_task: P0.1.5\nmilestone: 25%\n', '--force')
    await team.pass()
    // It has told of more already.
    expect((await team.fabric.task.show({ task: 'P0.1.5' })).task.progress).toMatchObject([{ percent: 50 }])
    expect(team.answer('alice')).toMatchObject({ claim: 'granted' })
    git(alice.directory, 'push', '--quiet', '--delete', 'origin', alice.branch)
    await team.pass()
    expect(team.answer('alice')).toMatchObject({ holds: [{ task: 'P0.1.5' }] })
  })

  test('a push that somebody else was faster with is made anew on top', async () => {
    await using team = await open()
    const [alice, bob] = [team.agent('alice'), team.agent('bob', 'fabric/coordination')]
    bob.says({ 'NOTES.md': 'Ours.\n' })
    alice.says('current_task: P0.1.5\n')
    let pushes = 0
    const connect = async () => {
      const { fabric } = team
      const board = { ...fabric.board, export: meanwhile }
      async function meanwhile(...input: Parameters<typeof fabric.board.export>) {
        if (pushes < 2) bob.says({ 'NOTES.md': `Ours, and more: ${pushes}.\n` })
        pushes += 1
        return fabric.board.export(...input)
      }
      return { ...fabric, board }
    }
    const report = await team.pass({ connect })
    expect(pushes).toBe(3)
    expect(team.answer('alice')).toMatchObject({ claim: 'granted' })
    expect(team.file('NOTES.md')).toBe('Ours, and more: 1.')
    expect(git(team.remote, 'rev-list', '--count', team.config.branch)).toBe('5')
    expect(report.commit).toBe(git(team.remote, 'rev-parse', team.config.branch))
    expect(await team.history('P0.1.5')).toEqual(['task_created', 'task_claimed'])
  })

  test('of several branches of one swarm the newest speaks', async () => {
    await using team = await open()
    team.config = {
      ...team.config,
      agents: [{ pattern: { text: 'work/sip-*', hasCapture: false, prefix: 'work/sip-' }, swarms: ['sip'] }],
    }
    const [old, fresh] = [team.agent('old', 'work/sip-1'), team.agent('fresh', 'work/sip-2')]
    old.date = '2026-01-01T10:00:00Z'
    fresh.date = '2026-01-01T11:00:00Z'
    old.says({ 'STATUS-SIP.yaml': 'current_task: P0.1.4\n' })
    fresh.says({ 'STATUS-SIP.yaml': 'current_task: P0.1.5\n' })
    await team.pass()
    expect(team.answer('sip')).toMatchObject({ answers: { branch: 'work/sip-2' }, claim: 'granted', task: 'P0.1.5' })
  })
})

describe('files that are not as they should be', () => {
  test('are answered with what is wrong, and keep nobody else from being heard', async () => {
    await using team = await open()
    const bomb = `a: &a [${'x,'.repeat(50)}]\n${Array.from({ length: 9 }, (_, at) => `b${at}: &b${at} [*a, *a, *a, *a]`).join('\n')}\ncurrent_task: P0.1.5\n`
    team.agent('bomb').says(bomb)
    team.agent('huge').says(`note: ${'x'.repeat(100_000)}\n`)
    team.agent('deep').says(`a: ${'['.repeat(20_000)}\n`)
    team.agent('binary').says({ 'STATUS-binary.yaml': '\u0000\u0001\u0002' })
    team.agent('merged').says('<<<<<<< HEAD\ncurrent_task: P0.1.5\n=======\ncurrent_task: P0.1.6\n>>>>>>> main\n')
    team.agent('linked').links('STATUS-LINKED.yaml', '/etc/passwd')
    team.agent('unknown').says('current_task: P9.9.9\n')
    team.agent('zoe').says('current_task: P0.1.6\n')
    const report = await team.pass()
    expect(report.faults).toEqual([])
    expect(team.answer('zoe')).toMatchObject({ claim: 'granted' })
    const first = (swarm: string): string => team.answer(swarm).problems[0].problem
    expect(first('bomb')).toContain('alias')
    expect(first('huge')).toContain('too large')
    expect(first('deep')).toContain('nested too deeply')
    expect(first('binary')).toContain('not UTF-8')
    expect(first('merged')).toContain('conflict')
    expect(team.answer('linked').not_read[0]).toContain('not followed')
    expect(team.answer('unknown')).toMatchObject({ claim: 'refused, there is no such task' })
    expect(await team.history('merged')).toEqual([])
  })

  test('speak for nobody but those whom their branch may speak for', async () => {
    await using team = await open()
    const [alice, mallory] = [team.agent('alice'), team.agent('mallory')]
    alice.says('current_task: P0.1.5\n')
    await team.pass()
    mallory.says({
      'STATUS-ALICE.yaml': 'session: alice\nrelease: P0.1.5\n',
      'STATUS.yaml': 'id: alice\nfailed: P0.1.5\n',
    })
    team.agent('nobody', 'feature/x').says({ 'STATUS-ALICE.yaml': 'session: alice\nrelease: P0.1.5\n' })
    await team.pass()
    expect(team.answer('mallory').not_read).toEqual([
      expect.stringContaining('STATUS-ALICE.yaml speaks for a swarm that this branch may not speak for'),
      expect.stringContaining('STATUS.yaml speaks for a swarm'),
    ])
    expect(team.answer('alice')).toMatchObject({ holds: [{ task: 'P0.1.5' }] })
    expect(await team.history('mallory')).toEqual([])
  })
})

test('one agent moves to the fabric, and back, while another stays on git', async () => {
  await using team = await open()
  const [alice, bob] = [team.agent('alice'), team.agent('bob')]
  alice.says('current_task: P0.1.5\n')
  bob.says('current_task: P0.1.6\n')
  await team.pass()
  const { epoch } = team.answer('alice')
  // The same swarm with a token of its own goes on under the epoch that it was granted through git.
  const { token } = await team.fabric.token.issue({ name: 'alice' })
  const own = team.served.connect({ token })
  team.config = { ...team.config, migrated: ['alice'] }
  expect(await own.task.next({ claim: true })).toMatchObject({ kind: 'resume', claim: { epoch } })
  await own.task.milestone({ task: 'P0.1.5', epoch, percent: 50 })
  alice.says('current_task: none\n')
  bob.says('current_task: P0.1.6\nmilestone: 25%\n')
  await team.pass()
  expect(team.answer('alice').problems[0].problem).toContain('speaks to the fabric itself')
  expect((await team.fabric.task.show({ task: 'P0.1.5' })).task.claim).toMatchObject({ swarm: 'alice', epoch })
  expect(team.answer('bob')).toMatchObject({ claim: 'granted' })
  // Back to git: its file counts again, and the claim is still its own.
  team.config = { ...team.config, migrated: [] }
  alice.says('current_task: P0.1.5\nmilestone: 75%\n')
  await team.pass()
  expect(team.answer('alice')).toMatchObject({ claim: 'granted', epoch })
  expect((await team.fabric.task.show({ task: 'P0.1.5' })).task.progress).toMatchObject([
    { percent: 50 },
    { percent: 75 },
  ])
})

test('the user of the clone notices nothing: no hook runs, and work tree, index and HEAD stay', async () => {
  await using team = await open()
  const ran = join(team.directory, 'ran')
  const hooks = [
    'pre-push',
    'reference-transaction',
    'post-checkout',
    'post-commit',
    'prepare-commit-msg',
    'post-merge',
  ]
  for (const hook of hooks) {
    writeFileSync(join(team.clone, '.git', 'hooks', hook), `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 })
  }
  writeFileSync(join(team.clone, 'README.md'), 'Changed, not committed.\n')
  writeFileSync(join(team.clone, 'staged.txt'), 'Staged.\n')
  git(team.clone, '-c', 'core.hooksPath=/dev/null', 'add', 'staged.txt')
  const state = () =>
    [
      'status --porcelain',
      'rev-parse HEAD',
      'symbolic-ref HEAD',
      'ls-files --stage',
      'for-each-ref refs/heads refs/remotes/origin/main',
    ].map((line) => git(team.clone, ...line.split(' ')))
  const before = state()
  team.agent('alice').says('current_task: P0.1.5\n')
  await team.pass()
  expect(state()).toEqual(before)
  expect(existsSync(ran)).toBe(false)
})

test('nothing is written, and hardly asked, while nothing happens', async () => {
  await using team = await open()
  team.agent('alice').says('current_task: P0.1.5\n')
  await team.pass()
  const settled = await team.pass()
  expect(settled).toMatchObject({ heard: [], written: [] })
  let asked = 0
  const connect = async () => ({
    ...team.fabric,
    board: {
      ...team.fabric.board,
      export: async () => {
        asked += 1
        return { format: 'markdown' as const, files: [] }
      },
    },
  })
  expect((await team.pass({ connect, last: settled.mark })).mark).toBe(settled.mark)
  expect(asked).toBe(0)
})

test('a swarm says what it can do, and may say no more of itself', async () => {
  await using team = await open()
  await team.fabric.task.create({ id: 'R-1', title: 'Parser', requires: ['code:rust'] })
  const [alice, bob] = [team.agent('alice'), team.agent('bob')]
  await team.fabric.swarm.register({ swarm: 'bob', tier: 'haiku', capacity: 2, metadata: { room: '4' } })
  alice.says('current_task: R-1\n')
  bob.says('current_task: R-1\nmodel: opus\ncapacity: 9\ncapabilities: [code:rust]\n')
  await team.pass()
  expect(team.answer('alice').claim).toMatch(/^refused, /)
  expect(team.answer('bob')).toMatchObject({ claim: 'granted' })
  const { swarm } = await team.fabric.swarm.show({ swarm: 'bob' })
  expect(swarm).toMatchObject({ tier: 'haiku', capacity: 2, metadata: { room: '4' }, capabilities: ['code:rust'] })
  const { swarm: fresh } = await team.fabric.swarm.show({ swarm: 'alice' })
  expect(fresh).toMatchObject({ metadata: { branch: 'agents/alice', via: 'git' } })
  await team.fabric.swarm.retire({ swarm: 'bob' })
  bob.says('current_task: P0.1.5\n')
  await team.pass()
  expect(team.answer('bob').problems[0].problem).toContain('bob is retired')
  expect(await team.history('P0.1.5')).toEqual(['task_created'])
})

test('what looks like a secret in a status file is not repeated, in the log or in an answer', async () => {
  await using team = await open()
  const secret = `ghp_${'a1B2'.repeat(9)}`
  team
    .agent('alice')
    .says(`current_task: P0.1.5\nmilestone: 50% - ${secret}\nblocked_on: the key ${secret}\nsummary: ${secret}\n`)
  await team.pass()
  expect(team.answer('alice')).toMatchObject({
    claim: 'granted',
    blockers: [{ needs: expect.stringContaining('the key') }],
  })
  expect(JSON.stringify(await team.entries())).not.toContain(secret)
  const files = git(team.remote, 'ls-tree', '--name-only', team.config.branch).split('\n')
  expect(files.map((name) => team.file(name)).join()).not.toContain(secret)
})

test('messages stand in the answer until the agent says up to where it has read', async () => {
  await using team = await open()
  const alice = team.agent('alice')
  alice.says('status: polling\n')
  await team.pass()
  await team.fabric.swarm.send({ to: 'alice', text: 'Please look at P0.1.5.' })
  await team.pass()
  const { inbox } = team.answer('alice')
  expect(inbox).toMatchObject({ unread: 1, messages: [{ text: 'Please look at P0.1.5.' }] })
  alice.says(`status: polling\nread_up_to: ${inbox.messages[0].index}\n`)
  await team.pass()
  expect(team.answer('alice').inbox).toEqual({ unread: 0, messages: [] })
})
