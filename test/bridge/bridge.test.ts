import { expect, test } from 'vitest'
import { git, Team } from './team.js'

test('two agents want one task: the first commit has it, the other one reads who has', async () => {
  await using team = await Team.open()
  await team.fabric.task.create({ id: 'P0.1.5', title: 'Integration tests' })
  await team.fabric.task.create({ id: 'F4.1', title: 'Scaffolding', kind: 'filler' })
  const [alice, bob] = [team.agent('alice'), team.agent('bob')]
  alice.says('session: alice\nclaiming: P0.1.5\nmilestone: "0% - Starting task"\n')
  bob.says('agent: bob\ncurrent_task: P0.1.5\n')
  await team.pass()
  expect(team.answer('alice')).toMatchObject({ claim: 'granted', task: 'P0.1.5', epoch: expect.any(Number) })
  expect(team.answer('bob')).toMatchObject({
    claim: 'refused, held by alice',
    task: 'P0.1.5',
    next: { kind: 'filler', task: 'F4.1' },
    problems: [{ line: 2, problem: expect.stringContaining('ALREADY_CLAIMED') }],
  })
  expect(team.file('BOARD.md')).toContain('claimed by alice')
  const claimed = (await team.entries()).find(({ type }) => String(type).includes('task_claimed'))
  expect(claimed).toMatchObject({ actor: 'swarm:alice', authid: 'admin' })
  expect(git(team.clone, 'status', '--porcelain')).toBe('')
})
