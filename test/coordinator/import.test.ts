import { beforeEach, describe, expect, test } from 'vitest'
import type { ImportReport } from '../../src/coordinator/replies.js'
import type { TaskSpec, TaskState } from '../../src/model/task.js'
import { makeTask } from '../../src/testing/factories.js'
import { World } from './world.js'

let world: World

beforeEach(() => {
  world = new World()
  world.register('s1', { capacity: 9 })
})

type Stated = TaskSpec | readonly [TaskSpec, TaskState]
const command = (tasks: readonly Stated[], board = 'b', dryRun = false) =>
  ({
    type: 'import_board',
    board,
    dryRun,
    tasks: tasks.map((stated) => ('id' in stated ? { spec: stated } : { spec: stated[0], statedState: stated[1] })),
  }) as const
const load = (...tasks: Stated[]) => world.send(command(tasks))
const on = (id: string, changes: Partial<TaskSpec> = {}, board = 'b') => makeTask(id, { board, ...changes })
const actions = ({ changes }: ImportReport) => changes.map(({ task, action }) => `${action} ${task}`)

describe('importing a board', () => {
  test('creates what is new, in any order, and says so', () => {
    const written = world.written(() => {
      const report = load(on('c', { dependencies: ['a', 'b'] }), on('a'), on('b', { dependencies: ['a'] }))
      expect(actions(report)).toEqual(['create c', 'create a', 'create b'])
    })
    expect(written).toEqual(['board_imported b', 'task_created a', 'task_created b', 'task_created c'])
    expect(['a', 'b', 'c'].map((id) => world.task(id).state)).toEqual(['available', 'blocked', 'blocked'])
  })

  test('again changes nothing and writes nothing; a change is named by its fields', () => {
    load(on('a'), on('b'))
    expect(
      world.written(() => expect(actions(load(on('a'), on('b')))).toEqual(['unchanged a', 'unchanged b'])),
    ).toEqual([])
    const report = load(on('a', { priority: 90, title: 'new' }))
    expect(report.changes).toEqual([{ task: 'a', action: 'update', fields: ['title', 'priority'] }])
    expect(report.missing).toEqual(['b'])
    expect(world.task('a')).toMatchObject({ priority: 90, title: 'new', state: 'available' })
    expect(world.task('b').state).toBe('available')
  })

  test('as a dry run reports the same and writes nothing', () => {
    load(on('a'))
    const board = [on('a', { priority: 1 }), [on('b'), 'completed'] as const]
    const dry = world.send(command(board, 'b', true))
    expect(world.written(() => world.send(command(board, 'b', true)))).toEqual([])
    expect(actions(dry)).toEqual(['update a', 'create b'])
    expect({ ...world.send(command(board)), dryRun: true }).toEqual(dry)
  })

  test('never loses a claim, whatever the files state', () => {
    load(on('a'), on('b'))
    const epoch = world.claim('a', 's1')
    load([on('a', { priority: 99, dependencies: ['b'] }), 'completed'])
    expect(world.task('a')).toMatchObject({ state: 'claimed', priority: 99, claim: { epoch } })
    load([on('a'), 'cancelled'])
    expect(world.send({ type: 'complete_task', task: 'a', epoch, evidence: [] }).task.state).toBe('completed')
  })

  test('never takes a completion back', () => {
    load(on('a'))
    world.complete('a', 's1')
    load([on('a', { title: 'again' }), 'available'])
    expect(world.task('a')).toMatchObject({ state: 'completed', title: 'again' })
  })

  test('moves a task between waiting and ready when its dependencies change', () => {
    load(on('a'), on('b'))
    load(on('a'), on('b', { dependencies: ['a'] }))
    expect([world.task('b').state, world.next('s1')]).toEqual(['blocked', 'primary a'])
    load(on('a'), on('b'))
    expect(world.task('b').state).toBe('available')
  })
})

describe('an import is refused as a whole', () => {
  const refused = (tasks: readonly Stated[], board?: string) => world.refused(command(tasks, board))

  test('for a cycle, also one that closes through tasks of other boards', () => {
    world.create(makeTask('x'), makeTask('y', { dependencies: ['x'] }))
    expect(refused([on('a', { dependencies: ['b'] }), on('b', { dependencies: ['a'] })])).toMatchObject({
      code: 'CONFLICT',
      details: { cycle: ['a', 'b', 'a'] },
    })
    expect(refused([on('a', { dependencies: ['a'] })]).code).toBe('CONFLICT')
    load(on('a', { dependencies: ['y'] }))
    world.send(command([on('z', {}, 'other')], 'other'))
    load(on('a', { dependencies: ['z'] }))
    expect(refused([on('z', { dependencies: ['a'] }, 'other')], 'other').code).toBe('CONFLICT')
  })

  test('for an id that is there twice, a dependency that nobody defines, and a task of another board', () => {
    expect(refused([on('a'), on('a')]).code).toBe('INVALID_ARGUMENT')
    expect(refused([on('a', { dependencies: ['ghost'] })])).toMatchObject({
      code: 'NOT_FOUND',
      details: { dependencies: ['ghost'] },
    })
    load(on('a'))
    expect(refused([on('n', {}, 'other'), on('a', {}, 'other')], 'other').code).toBe('CONFLICT')
    expect(world.state.tasks.has('n')).toBe(false)
  })
})

describe('what the files state', () => {
  test('completes tasks and unblocks what waits for them: new tasks, known ones, other boards', () => {
    load(on('a'), on('b', { dependencies: ['a'] }), on('c', { dependencies: ['a'] }))
    world.create(makeTask('elsewhere', { dependencies: ['a'] }))
    const report = load(
      on('b', { dependencies: ['a'] }),
      on('c', { dependencies: ['a'], priority: 90 }),
      on('new', { dependencies: ['a'] }),
      [on('a'), 'completed'],
    )
    expect(actions(report)).toEqual(['unchanged b', 'update c', 'create new', 'complete a'])
    const states = ['a', 'b', 'c', 'new', 'elsewhere'].map((id) => world.task(id).state)
    expect(states).toEqual(['completed', ...Array(4).fill('available')])
    expect(world.task('a')).toMatchObject({ evidence: [], summary: 'Stated by board b.' })
  })

  test('unblocks nothing that the same files make wait for something else', () => {
    load(on('a'), on('b', { dependencies: ['a'] }), on('c', { dependencies: ['a'] }))
    const written = world.written(() =>
      load(
        [on('a'), 'completed'],
        on('b', { dependencies: ['a', 'x'] }),
        on('c', { dependencies: ['a'], priority: 1 }),
        on('x'),
      ),
    )
    expect(['b', 'c'].map((id) => world.task(id).state)).toEqual(['blocked', 'available'])
    expect(written.filter((entry) => entry.startsWith('task_unblocked'))).toEqual([])
  })

  test('creates tasks as completed or cancelled; cancelled ones unblock nothing', () => {
    load(
      [on('a'), 'completed'],
      [on('x'), 'cancelled'],
      on('b', { dependencies: ['a'] }),
      on('y', { dependencies: ['x'] }),
    )
    const states = ['a', 'x', 'b', 'y'].map((id) => world.task(id).state)
    expect(states).toEqual(['completed', 'cancelled', 'available', 'blocked'])
  })
})

describe('an external placeholder', () => {
  test('becomes real when a board defines it, and not the other way round', () => {
    load(on('a', { dependencies: ['z'] }), on('z', { external: true }))
    expect(world.next('s1')).toBe('none')
    world.send(command([on('z', { title: 'The real one' }, 'other')], 'other'))
    expect(world.task('z')).toMatchObject({ external: false, state: 'available', board: 'other' })
    load(on('a', { dependencies: ['z'] }), on('z', { external: true }))
    expect(world.task('z')).toMatchObject({ external: false, title: 'The real one' })
    world.complete('z', 's1')
    expect(world.task('a').state).toBe('available')
  })
})

test('a placeholder that two boards name stays as the first one made it', () => {
  const north = command([on('n', { dependencies: ['z'] }), on('z', { external: true })])
  const south = command([on('m', { dependencies: ['z'] }, 'south'), on('z', { external: true }, 'south')], 'south')
  world.send(north)
  expect(actions(world.send(south))).toEqual(['create m', 'unchanged z'])
  expect(world.written(() => [north, south].map((board) => world.send(board)))).toEqual([])
})

test('descriptions change in an order in which no cycle is there even for a moment', () => {
  load(on('u'), on('p', { dependencies: ['u'] }))
  world.create(makeTask('w', { dependencies: ['p'] }))
  const written = world.written(() => load(on('u', { dependencies: ['w'] }), on('p')))
  expect(written).toEqual(['board_imported b', 'task_updated p', 'task_updated u'])
})
