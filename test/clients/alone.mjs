import assert from 'node:assert/strict'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Project } from './project.mjs'
import { answered, call, refused } from './script.mjs'
import { LAST_WORDS, runSession } from './session.mjs'

/** Longer than clients wait for a call that they have no reason to be patient with. */
const LONG_WAIT_SECONDS = 65
const PATIENCE_MS = 60_000

/** The calls of the script below, in order, and which of them is refused. */
const CALLS = [
  ...['wait_for_work', 'wait_for_work', 'claim_task', 'report_milestone', 'heartbeat', 'complete_task'],
  ...['create_task', 'next_task', 'release_task', 'claim_task', 'complete_task', 'complete_task'],
]
const REFUSED = 10

/**
 * One agent, from the two commands of its user to an empty board. Checks what the client offers its model, what it says
 * of the calls, and what the log says of the session. Resolves with what is worth telling.
 */
export async function workAlone({ client, program, installed, directory, signal }) {
  const project = new Project(join(directory, 'project'), installed)
  const noted = {}
  try {
    project.setUp(client.setup)
    assert.ok(!project.hasFabric, 'the fabric runs before its first agent')
    const session = { client, program, project, home: join(directory, 'home'), signal }
    const { turns, calls } = await runSession({ ...session, script: workLoop(project, noted) })
    const { CORE_TOOLS } = await project.load('server/mcp/tools.js')
    const { INSTRUCTIONS } = await project.load('server/mcp/instructions.js')
    for (const { tools } of turns) checkOffer(tools, CORE_TOOLS)
    checkInstructions(turns[0].body, [INSTRUCTIONS, ...project.agentInstructions()])
    checkCalls(calls)
    const swarm = `${client.calledItself}-${basename(project.folder)}`
    checkLog(await entriesOfEnded(project, swarm), swarm, noted.epoch)
    const wakeMs = Math.round(noted.foundAt - noted.createdAt)
    return [
      `${turns.length} turns, with all tools from the first one on; it asked for nobody else on the network`,
      `a wait of ${LONG_WAIT_SECONDS} s came to its end`,
      `${wakeMs} ms from the creation of a task until the model was told of it`,
    ]
  } finally {
    project.close()
  }
}

/**
 * Waits in vain, waits until there is work, and does it; then says that another task is done after it has given up that
 * claim. Takes down in `noted` what happened when.
 */
async function* workLoop(project, noted) {
  const idle = answered(yield call('wait_for_work', { waitSeconds: LONG_WAIT_SECONDS }))
  assert.deepEqual(idle, { kind: 'none', stops: [], messages: [], unread: 0 })

  const created = createWhileItWaits(project, noted)
  const found = answered(yield call('wait_for_work', { claim: false }))
  noted.foundAt = performance.now()
  await created
  assert.deepEqual([found.kind, found.task.id, found.task.acceptance], ['primary', 'LOGIN', [ACCEPTANCE]])

  const { task, epoch } = answered(yield call('claim_task', { task: 'LOGIN' }))
  noted.epoch = epoch
  const half = answered(yield call('report_milestone', { task, epoch, percent: 50, note: 'half', testsPassed: 3 }))
  assert.deepEqual(half, { task: 'LOGIN', state: 'claimed', percent: 50 })
  const { leaseEndsAt } = answered(yield call('heartbeat', { task, epoch }))
  assert.ok(Date.parse(leaseEndsAt) > Date.now())
  const done = answered(yield call('complete_task', { task, epoch, summary: 'It works.', evidence: EVIDENCE }))
  assert.deepEqual(done, COMPLETED)

  yield* staleClaim('LOGOUT')
  yield { text: LAST_WORDS }
}

const ACCEPTANCE = 'It lets “ünïcödé” in'
const EVIDENCE = [{ kind: 'command', command: 'npm test', exitCode: 0 }]
const COMPLETED = { task: 'LOGIN', state: 'completed', unblocked: [] }

async function* staleClaim(task) {
  answered(yield call('create_task', { id: task, title: 'Let users log out' }))
  const { epoch: stale } = answered(yield call('next_task'))
  answered(yield call('release_task', { task, epoch: stale, reason: 'something else comes first' }))
  const { epoch } = answered(yield call('claim_task', { task }))
  const { code, retryable, hint } = refused(yield call('complete_task', { task, epoch: stale }))
  assert.deepEqual([code, retryable], ['STALE_CLAIM', false])
  assert.match(hint, /^Stop this work at once/)
  answered(yield call('complete_task', { task, epoch }))
}

/** Adds a task as soon as the agent waits for one, as another program would. */
async function createWhileItWaits(project, noted) {
  const fabric = await project.connect()
  const end = Date.now() + PATIENCE_MS
  while ((await fabric.fabric.status()).waitingSwarms === 0) {
    assert.ok(Date.now() < end, 'the agent does not wait for work')
    await pause(20)
  }
  noted.createdAt = performance.now()
  await fabric.task.create({ id: 'LOGIN', title: 'Let users log in', acceptance: [ACCEPTANCE] })
}

/** A model must have every tool at hand, with what it says of itself, and not only after it searched for it. */
function checkOffer(offered, core) {
  const described = (tools) => tools.map(({ name, description }) => `${name}: ${description}`).sort()
  assert.deepEqual(described(offered), described(core))
  for (const { name, schema, deferred } of offered) {
    assert.equal(deferred, false, `${name} is deferred`)
    checkAcceptable(name, schema)
    const { input } = core.find((tool) => tool.name === name)
    assert.deepEqual(Object.keys(schema.properties ?? {}).sort(), Object.keys(input.shape).sort(), name)
  }
}

/** What the real providers refuse in a tool, and a scripted model would not. */
function checkAcceptable(name, schema) {
  assert.match(`mcp__infrafabric__${name}`, /^[a-zA-Z0-9_-]{1,64}$/)
  assert.equal(schema.type, 'object', name)
  for (const key of ['anyOf', 'oneOf', 'allOf', '$ref']) assert.ok(!(key in schema), `${name} has ${key} at its top`)
}

/** Each of the texts is somewhere in what the model reads. */
function checkInstructions(body, texts) {
  const read = JSON.stringify(body)
  for (const text of texts) {
    assert.ok(read.includes(JSON.stringify(text).slice(1, -1)), `the model does not read: ${text}`)
  }
}

/** What the client itself says of the calls: which failed, and that the others had structured content. */
function checkCalls(calls) {
  assert.deepEqual(
    calls.map(({ tool, failed }) => [tool, failed]),
    CALLS.map((tool, at) => [tool, at === REFUSED]),
  )
  for (const { tool, structured, failed } of calls) {
    if (!failed) assert.ok(structured, `${tool} has no structured content`)
  }
  assert.deepEqual(calls[5].structured, COMPLETED)
}

/** The log as it is when the token of the session has ended: clients do not wait for their servers to say goodbye. */
async function entriesOfEnded(project, swarm) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const entries = project.entries()
    const issued = entries.filter(({ event, data }) => event === 'token_issued' && data.swarm === swarm)
    assert.equal(issued.length, 1)
    const [{ subject }] = issued
    if (entries.some((entry) => entry.event === 'token_revoked' && entry.subject === subject)) return entries
    await pause(500)
  }
  throw new Error('the token of the session did not end with it')
}

/** The swarm of the session did all of it, each task under its epochs. */
function checkLog(entries, swarm, epoch) {
  const of = (subject) => entries.filter((entry) => entry.subject === subject)
  const login = of('LOGIN')
  assert.deepEqual(
    login.map(({ event }) => event),
    ['task_created', 'task_claimed', 'milestone_reported', 'task_completed'],
  )
  const [created, claimed, half, completed] = login
  assert.equal(created.actor, 'admin')
  assert.deepEqual([claimed.index, half.data.epoch, completed.data.epoch], [epoch, epoch, epoch])
  assert.equal(half.data.percent, 50)
  assert.deepEqual(completed.data.evidence, EVIDENCE)

  const logout = of('LOGOUT')
  assert.deepEqual(
    logout.map(({ event }) => event),
    ['task_created', 'task_claimed', 'task_released', 'task_claimed', 'request_refused', 'task_completed'],
  )
  assert.equal(logout[4].data.code, 'STALE_CLAIM')
  for (const { event, actor } of [...login.slice(1), ...logout]) assert.equal(actor, `swarm:${swarm}`, event)
}
