import { expect, test } from 'vitest'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { isFabricError } from '../../src/model/errors.js'
import { ADMINISTRATOR } from '../../src/model/principal.js'
import { parseInput } from '../../src/operations/input.js'
import { trace } from '../../src/operations/witness-trace.js'
import { makeRegistration, makeTask, memoryStorage, openTestFabric } from '../../src/testing/index.js'

const origin = { actor: ADMIN_ACTOR }

async function openTrace(options = { witness: memoryStorage() }) {
  const { fabric } = await openTestFabric(options)
  const context = { fabric, principal: ADMINISTRATOR, origin, signal: new AbortController().signal }
  return {
    fabric,
    ask: async (input: object) => trace.output.parse(await trace.run(context, parseInput(trace.input, input))),
    [Symbol.asyncDispose]: () => fabric.close(),
  }
}

test('tells what the witness has, in the shape that it promises', async () => {
  await using traced = await openTrace()
  const { fabric } = traced
  await fabric.submit(makeRegistration('A'), origin)
  await fabric.submit({ type: 'create_task', task: makeTask('A', { title: 'Begin' }) }, origin)
  const { entries } = await fabric.status()
  const created = {
    index: entries - 1,
    at: '2026-01-01T00:00:00.000Z',
    actor: 'admin',
    text: 'created "Begin"',
    children: [],
  }
  expect(await traced.ask({ id: 'A' })).toEqual({
    kind: 'task',
    id: 'A',
    also: ['swarm'],
    size: entries,
    nodes: 2,
    complete: true,
    root: { text: 'A "Begin": available', children: [created] },
  })
  expect(await traced.ask({ id: 'A', as: 'swarm' })).toMatchObject({ kind: 'swarm', also: ['task'] })
})

test('refuses what is no name, and what the log does not know', async () => {
  await using traced = await openTrace()
  await expect(traced.ask({ id: 'no name' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(traced.ask({ id: 'A', as: 'board' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(traced.ask({ id: 'A' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('is refused by a fabric that keeps no witness', async () => {
  const { fabric } = await openTestFabric()
  const context = { fabric, principal: ADMINISTRATOR, origin, signal: new AbortController().signal }
  await expect(trace.run(context, { id: 'A' })).rejects.toSatisfy((error) => isFabricError(error, 'UNAVAILABLE'))
  await fabric.close()
})

test('a tree of the greatest size is taken at once', async () => {
  await using traced = await openTrace()
  const { fabric } = traced
  const tasks = Array.from({ length: 10_001 }, (_, at) => ({ spec: makeTask(`T${at}`) }))
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await fabric.submit({ type: 'import_board', board: 'plan', tasks, dryRun: false }, { ...origin, traceparent })
  const result = await traced.ask({ id: traceparent })
  expect(result).toMatchObject({ kind: 'trace', nodes: 10_000, complete: false })
})
