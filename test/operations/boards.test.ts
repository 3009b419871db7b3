import { describe, expect, test } from 'vitest'
import { serveFabric } from '../support/served-fabric.js'

const GOOD = [{ spec: { id: 'A1', title: 'Plan' } }, { spec: { id: 'A2', title: 'Build', dependencies: ['A1'] } }]

describe('the import of a board', () => {
  test('says what it would do, does it, and finds nothing more to do', async () => {
    await using served = await serveFabric()
    const { board, task } = served.client
    const actions = async (dryRun: boolean) => {
      const { changes } = await board.import({ board: 'b', tasks: GOOD, dryRun })
      return changes.map(({ task, action }) => `${action} ${task}`)
    }
    expect(await actions(true)).toEqual(['create A1', 'create A2'])
    expect((await task.list()).items).toEqual([])
    expect(await actions(false)).toEqual(['create A1', 'create A2'])
    expect(await task.show({ task: 'A2' })).toMatchObject({
      task: { board: 'b', state: 'blocked' },
      waitingFor: ['A1'],
    })
    expect(await actions(false)).toEqual(['unchanged A1', 'unchanged A2'])
  })

  test('takes what the board says is done', async () => {
    await using served = await serveFabric()
    const { board, task } = served.client
    const tasks = [{ spec: { id: 'A1', title: 'Plan' }, statedState: 'completed' as const }, ...GOOD.slice(1)]
    await board.import({ board: 'b', tasks })
    expect(await task.show({ task: 'A2' })).toMatchObject({ task: { state: 'available' }, waitingFor: [] })
  })

  test('of tasks that wait for each other imports nothing and names the path', async () => {
    await using served = await serveFabric()
    const { board, task } = served.client
    const tasks = [...GOOD.slice(1), { spec: { id: 'A1', title: 'Plan', dependencies: ['A2'] } }]
    await expect(board.import({ board: 'b', tasks })).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { cycle: ['A2', 'A1', 'A2'] },
    })
    expect((await task.list()).items).toEqual([])
  })

  test('refuses what is no task, and names where it is', async () => {
    await using served = await serveFabric()
    const { board } = served.client
    const field = (expected: string) =>
      expect.objectContaining({ details: expect.objectContaining({ field: expected }) })
    await expect(board.import({ board: 'b b', tasks: GOOD })).rejects.toEqual(field('board'))
    const nameless = [...GOOD, { spec: { id: 'A3', title: '' } }]
    await expect(board.import({ board: 'b', tasks: nameless })).rejects.toEqual(field('tasks.2.spec.title'))
  })
})

describe('the export of a board', () => {
  test('shows live status in each format', async () => {
    await using served = await serveFabric()
    const { board, task, swarm } = served.client
    await board.import({ board: 'b', tasks: GOOD })
    await swarm.register({ swarm: 'sip', metadata: { branch: 'feat/sip' } })
    await task.claim({ task: 'A1', as: 'sip' })

    const markdown = await board.export({ board: 'b' })
    expect(markdown).toMatchObject({ format: 'markdown', files: [{ name: 'b.md' }] })
    expect(markdown.files[0]?.content).toContain('1 claimed, 1 blocked')
    const json = await board.export({ board: 'b', format: 'json' })
    expect(JSON.parse(json.files[0]?.content ?? '')).toMatchObject({
      board: 'b',
      tasks: [{ id: 'A1', state: 'claimed', claim: { swarm: 'sip' } }, { id: 'A2' }],
    })
    const status = await board.export({ format: 'status' })
    expect(status.files).toMatchObject([{ name: 'STATUS-SIP.yaml', content: expect.stringContaining('A1') }])
  })

  test('of an unknown board is refused, of everything is not', async () => {
    await using served = await serveFabric()
    const { board } = served.client
    await expect(board.export({ board: 'nowhere' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await board.export()).files).toHaveLength(1)
  })
})
