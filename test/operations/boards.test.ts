import { describe, expect, test } from 'vitest'
import { serveFabric } from '../support/served-fabric.js'

const HEAD = '| ID | Task | Dependencies | Status |\n| --- | --- | --- | --- |\n'

function boardFile(...rows: string[]) {
  return [{ name: 'board.md', content: HEAD + rows.map((row) => `${row}\n`).join('') }]
}

const GOOD = boardFile('| A1 | Plan | None | |', '| A2 | Build | A1 | |')
const BAD = boardFile('| A1 | Plan | None | |', '| A2 | Build | A3 | |', '| A3 | Ship | A2 | |')

describe('the import of a board', () => {
  test('says what it would do, does it, and finds nothing more to do', async () => {
    await using served = await serveFabric()
    const { board, task } = served.client
    const actions = async (dryRun: boolean) => {
      const { changes } = await board.import({ board: 'b', files: GOOD, dryRun })
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

  test('with an error imports nothing and says where it is', async () => {
    await using served = await serveFabric()
    const { board, task } = served.client
    await expect(board.import({ board: 'b', files: BAD })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Nothing was imported'),
      details: {
        field: 'files',
        problems: [{ severity: 'error', code: 'dependency_cycle', file: 'board.md', line: expect.any(Number) }],
      },
    })
    expect((await task.list()).items).toEqual([])
    expect(await board.lint({ board: 'b', files: BAD })).toMatchObject({ tasks: 3, errors: 1 })
  })

  test('passes warnings on', async () => {
    await using served = await serveFabric()
    const files = boardFile('| A1 | Plan \u00e2\u20ac\u201c carefully | None | |')
    const { warnings, problems } = await served.client.board.lint({ board: 'b', files })
    expect(problems).toMatchObject([{ severity: 'warning', code: 'unreadable' }])
    expect(warnings).toBe(1)
    expect((await served.client.board.import({ board: 'b', files })).problems).toEqual(problems)
  })

  test('refuses what is no board file', async () => {
    await using served = await serveFabric()
    const { board } = served.client
    const field = (expected: string) =>
      expect.objectContaining({ details: expect.objectContaining({ field: expected }) })
    await expect(board.lint({ board: 'b', files: [] })).rejects.toEqual(field('files'))
    await expect(board.lint({ board: 'b b', files: GOOD })).rejects.toEqual(field('board'))
    const many = Array.from({ length: 65 }, () => ({ name: 'x.md', content: '' }))
    await expect(board.lint({ board: 'b', files: many })).rejects.toEqual(field('files'))
  })
})

describe('the export of a board', () => {
  test('shows live status in each format', async () => {
    await using served = await serveFabric()
    const { board, task, swarm } = served.client
    await board.import({ board: 'b', files: GOOD })
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
