import assert from 'node:assert/strict'
import { basename, join } from 'node:path'
import { Project } from './project.mjs'
import { answered, call } from './script.mjs'
import { LAST_WORDS, runSession } from './session.mjs'

const TASKS_EACH = 3

/**
 * Two agents in two worktrees of one repository, whose user has committed what `ifab setup` wrote: they start at the
 * same time and empty one board. Checks that no task was claimed twice, and that both had some. Resolves with what is
 * worth telling.
 */
export async function workTogether({ clients, installed, directory, signal }) {
  const project = new Project(join(directory, 'project'), installed)
  const failure = new AbortController()
  try {
    project.setUp(...clients.map(({ client }) => client.setup))
    const folders = [project.folder, project.addWorktree('second')]
    const arrive = gathering(clients.length)
    const sessions = clients.map(async ({ client, program }, at) => {
      const place = { project, folder: folders[at], home: join(directory, client.setup) }
      const script = emptyBoard(client.setup, arrive)
      try {
        await runSession({ client, program, ...place, script, signal: AbortSignal.any([signal, failure.signal]) })
      } catch (error) {
        // The other one would wait for it.
        failure.abort(error)
        throw error
      }
    })
    await Promise.allSettled(sessions)
    if (failure.signal.aborted) throw failure.signal.reason
    const swarms = clients.map(({ client }, at) => `swarm:${client.calledItself}-${basename(folders[at])}`)
    const shares = checkShares(project.entries(), swarms)
    return [`one board in two worktrees: each of ${clients.length * TASKS_EACH} tasks was claimed once, ${shares}`]
  } finally {
    project.close()
  }
}

/** Returns a function that resolves for everybody when it was called so many times. */
function gathering(size) {
  let missing = size
  let open
  const all = new Promise((resolve) => {
    open = resolve
  })
  return () => {
    missing -= 1
    if (missing === 0) open()
    return all
  }
}

/** Adds tasks and takes one; goes on when every other agent has one too, until there are none. */
async function* emptyBoard(name, arrive) {
  for (let number = 1; number <= TASKS_EACH; number += 1) {
    answered(yield call('create_task', { id: `${name}-${number}`, title: `Task ${number} of ${name}` }))
  }
  for (let done = 0; ; done += 1) {
    const { kind, task, epoch } = answered(yield call('next_task'))
    if (kind === 'none') break
    if (done === 0) await arrive()
    answered(yield call('complete_task', { task: task.id, epoch }))
  }
  yield { text: LAST_WORDS }
}

/** Who did how many tasks. */
function checkShares(entries, swarms) {
  const claims = entries.filter(({ event }) => event === 'task_claimed')
  const completed = entries.filter(({ event }) => event === 'task_completed').map(({ subject }) => subject)
  assert.equal(completed.length, swarms.length * TASKS_EACH)
  assert.deepEqual(claims.map(({ subject }) => subject).sort(), completed.sort())
  const shares = swarms.map((swarm) => claims.filter(({ actor }) => actor === swarm).length)
  assert.equal(
    shares.reduce((sum, share) => sum + share),
    claims.length,
    'somebody else claimed a task',
  )
  assert.ok(Math.min(...shares) > 0, 'one of them had nothing to do')
  return swarms.map((swarm, at) => `${shares[at]} by ${swarm}`).join(' and ')
}
