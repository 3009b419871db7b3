import { promise } from './acts.mjs'
import { SCRIPT } from './script.mjs'
import { heard } from './stage.mjs'

/**
 * A swarm spends its budget in a loop. Its breaker is latched, its task is taken from it, and people are asked. An
 * administrator allows more for the task and the swarm, and closes the breaker.
 */
export async function budget({ ledger, stage, swarms, operator }) {
  const { swarm, extend, reason } = SCRIPT.runaway
  const child = swarms.get(swarm)
  const refused = heard(child, (message) => message.refused !== undefined)
  const opened = await ledger.until(({ kind, event }) => kind === 'breaker_opened' && event.subject === swarm)
  promise(opened.event.data.cause === 'budget', `the breaker of ${swarm} opened by ${opened.event.data.cause}`)
  const released = await ledger.until(({ kind, event }) => kind === 'task_released' && event.data.swarm === swarm)
  const task = released.event.subject
  const refusal = await refused
  promise(refusal.refused === 'BREAKER_OPEN', `${swarm} asked for work and got ${refusal.refused}`)
  await findQuestion(stage, 'breaker', (row) => row.swarm === swarm)
  await extendBudget(stage, operator, `task:${task}/total`, extend.task)
  const { limit } = await extendBudget(stage, operator, `swarm:${swarm}/total`, extend.swarm)
  await stage.ifab('governor', 'breaker', 'reset', swarm, '--reason', reason)
  operator.write({ change: 'reset', swarm, reason })
  await ledger.until(({ kind, event }) => kind === 'task_claimed' && event.data.swarm === swarm, released.index)
  return { swarm, task, limitNanos: limit.nanos }
}

async function extendBudget(stage, operator, account, dollars) {
  const row = await stage.ifab('cost', 'extend', account, '--by', dollars, '--reason', SCRIPT.runaway.reason)
  operator.write({ change: 'extend', account, reason: SCRIPT.runaway.reason })
  return row
}

/** A swarm is stuck on what no other can do. The governor asks people; the answer reaches the holder, who goes on. */
export async function human({ ledger, stage, swarms, operator }) {
  const { task, answer } = SCRIPT.human
  const { event: raised } = await ledger.until(
    ({ kind, event }) => kind === 'blocker_raised' && event.data.task === task,
  )
  const { swarm: holder, epoch } = raised.data
  const heardIt = heard(swarms.get(holder), (message) => message.answer !== undefined && message.task === task)
  const question = await findQuestion(stage, 'help', (row) => row.blocker === raised.subject)
  await stage.ifab('escalation', 'answer', question.id, '--text', answer)
  operator.write({ change: 'answer', escalation: question.id, answer })
  const message = await heardIt
  promise(message.answer.includes(answer), `${holder} heard "${message.answer}"`)
  const ended = await ledger.until(
    ({ kind, event }) => (kind === 'task_completed' || kind === 'task_released') && event.data.epoch === epoch,
  )
  promise(ended.kind === 'task_completed', `${holder} lost ${task} after the answer: ${ended.event.data.cause}`)
  return { holder, task, question: question.id }
}

/** What a person sees who looks for questions. */
async function findQuestion(stage, kind, matches) {
  const { items } = await stage.ifab('escalation', 'list', '--kind', kind)
  const question = items.find(matches)
  promise(question !== undefined, `nobody was asked about the ${kind}`)
  return question
}
