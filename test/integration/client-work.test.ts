import { beforeEach, expect, test } from 'vitest'
import type { FabricClient } from '../../src/client/client.js'
import type { WorkHandler } from '../../src/client/work/held-task.js'
import { untilAborted, watch } from '../client/work/support.js'
import { Place, until } from './place.js'

let place: Place
let admin: FabricClient

beforeEach(async () => {
  place = await Place.open()
  admin = place.connect()
  return () => place.remove()
})

/** A client of a new swarm, by a token of its own. */
async function join(swarm: string, capacity = 1): Promise<FabricClient> {
  const { issued } = await admin.swarm.register({ swarm, capacity, token: true })
  return place.connect(undefined, { token: issued?.token ?? '' })
}

async function createTasks(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, position) => `T${position}`)
  await Promise.all(ids.map((id) => admin.task.create({ id, title: id })))
  return ids
}

async function count(type: string): Promise<number> {
  const { entries } = await admin.log.read({ limit: 1_000 })
  return entries.filter((entry) => String(entry.type).includes(`.${type}.`)).length
}

test('two workers finish fifty tasks, each once', async () => {
  const tasks = await createTasks(50)
  const done: string[] = []
  const work: WorkHandler = async ({ task, swarm, epoch, milestone }) => {
    await milestone(50, { note: 'half' })
    done.push(task.id)
    return { summary: `${swarm} under ${epoch}`, evidence: [{ kind: 'note', text: 'looked at' }] }
  }
  const first = watch(await join('s1', 3), work, { concurrency: 3 })
  const second = watch(await join('s2'), work)
  await until(() => first.idle() > 0 && second.idle() > 0)
  await Promise.all([first.worker.stop(), second.worker.stop()])

  expect(done.toSorted()).toEqual(tasks.toSorted())
  expect(await count('task_claimed')).toBe(50)
  expect(await count('task_completed')).toBe(50)
  expect(first.ends.length + second.ends.length).toBe(50)
  expect(Math.min(first.ends.length, second.ends.length)).toBeGreaterThan(0)
  expect([...first.problems, ...second.problems]).toEqual([])
  const { task } = await admin.task.show({ task: 'T7' })
  expect(task).toMatchObject({ state: 'completed', evidence: [{ kind: 'note', text: 'looked at' }] })
  expect(task.summary).toBe(`${task.completedBy} under ${task.completedEpoch}`)
})

test('workers go on when the fabric was away, and do nothing twice', async () => {
  const tasks = await createTasks(20)
  const started: string[] = []
  const work: WorkHandler = async ({ task, milestone }) => {
    started.push(task.id)
    await milestone(25)
  }
  const workers = [watch(await join('s1'), work), watch(await join('s2'), work)]
  for (const restartAt of [5, 12]) {
    await until(() => started.length >= restartAt)
    await place.restart()
  }
  await until(async () => (await admin.fabric.status()).tasks.completed === tasks.length)
  await Promise.all(workers.map(({ worker }) => worker.stop()))

  expect(started.toSorted()).toEqual(tasks.toSorted())
  expect(await count('task_claimed')).toBe(tasks.length)
  expect(await count('task_completed')).toBe(tasks.length)
  expect(workers.flatMap(({ ends }) => ends.map(({ outcome }) => outcome))).toEqual(tasks.map(() => 'completed'))
})

test('messages go on where they were acknowledged, over restarts of the fabric and of the worker', async () => {
  const client = await join('s1')
  const send = (text: string) => admin.swarm.send({ to: 's1', text })
  const seen: string[] = []
  await send('one')
  const first = watch(client, async () => {}, {
    onMessage: async ({ text }, { signal }) => {
      if (text === 'three') await untilAborted(signal)
      seen.push(text)
    },
  })
  await until(() => seen.includes('one'))
  await place.restart()
  await send('two')
  await until(() => seen.includes('two'))
  await send('three')
  await first.worker.stop()

  const second = watch(client, async () => {}, { onMessage: ({ text }) => void seen.push(text) })
  await until(() => seen.includes('three'))
  await second.worker.stop()
  // A fabric that restarts may show again what was acknowledged in its last seconds; nothing is left out.
  expect([...new Set(seen)]).toEqual(['one', 'two', 'three'])
})
