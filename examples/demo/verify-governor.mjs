import { kindOf } from './verify.mjs'

const TOKENS = ['inputTokens', 'outputTokens', 'cachedTokens']
const CLAIM_ENDS = new Set(['task_completed', 'task_released', 'task_attempt_failed'])

/**
 * What is wrong with the books: a hold that ends twice or not at all, a claim without one, a report that is booked twice or
 * under no hold, or sums of the log that are not those of `ifab cost report`.
 */
export function brokenBooks(events, { rows, total }) {
  const books = new Books()
  for (const [index, event] of events.entries()) books.read(kindOf(event), event, index)
  return [...books.broken, ...books.left(), ...differences(books, rows, total)]
}

/** The books, kept once more from the entries alone. */
class Books {
  broken = []
  sums = { nanos: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0 }
  wastedNanos = 0
  #holds = new Map()
  #reports = new Set()

  read(kind, { subject, data }, index) {
    if (kind === 'task_claimed') this.#place(`claim-${index}`, subject, data.hold, index)
    else if (kind === 'help_requested' && data.hold !== undefined) this.#place(subject, data.task, data.hold, index)
    else if (kind === 'usage_reported') this.#settle(data, index)
    else if (kind === 'blocker_resolved' && data.cause !== 'claim_ended') this.#endHelp(subject)
    else if (CLAIM_ENDS.has(kind)) this.#endClaim(subject, data.epoch, kind !== 'task_completed', index)
  }

  left() {
    const open = [...this.#holds].filter(([, hold]) => !hold.ended)
    return open.map(([id, { task }]) => `the hold ${id} of ${task} is not ended`)
  }

  #place(id, task, hold, index) {
    if (hold === undefined) this.broken.push(`entry ${index} gives work on ${task} without a hold`)
    if (this.#holds.has(id)) this.broken.push(`entry ${index} places the hold ${id} again`)
    this.#holds.set(id, { task, spentNanos: 0, ended: false, wasted: false })
  }

  #settle({ hold: id, epoch, report, late, ...data }, index) {
    const hold = this.#holds.get(id)
    if (hold === undefined) {
      this.broken.push(`entry ${index} books under the unknown hold ${id}`)
      return
    }
    const name = `${id}/${epoch}/${report}`
    if (this.#reports.has(name)) this.broken.push(`entry ${index} books the report ${name} again`)
    this.#reports.add(name)
    if (late !== hold.ended) this.broken.push(`entry ${index} is ${late ? 'called late' : 'late'} wrongly`)
    for (const kind of ['nanos', ...TOKENS]) this.sums[kind] += data[kind]
    hold.spentNanos += data.nanos
    if (hold.wasted) this.wastedNanos += data.nanos
  }

  /** A claim takes the help with it along. */
  #endClaim(task, epoch, wasted, index) {
    const claim = this.#holds.get(`claim-${epoch}`)
    if (claim === undefined || claim.ended) this.broken.push(`entry ${index} ends the hold claim-${epoch} again`)
    for (const hold of this.#holds.values()) if (hold.task === task && !hold.ended) this.#end(hold, wasted)
  }

  #endHelp(blocker) {
    const hold = this.#holds.get(blocker)
    if (hold !== undefined && !hold.ended) this.#end(hold, false)
  }

  #end(hold, wasted) {
    hold.ended = true
    hold.wasted = wasted
    if (wasted) this.wastedNanos += hold.spentNanos
  }
}

function differences({ sums, wastedNanos }, rows, total) {
  const pairs = [
    ...['nanos', ...TOKENS].map((kind) => [kind, sums[kind], total.settled[kind]]),
    ...['nanos', ...TOKENS].map((kind) => [`${kind} of all rows`, sumOf(rows, kind), total.settled[kind]]),
    ['wasted nanos', wastedNanos, total.wastedNanos],
    ['held nanos', 0, total.heldNanos],
  ]
  return pairs
    .filter(([, wanted, reported]) => wanted !== reported)
    .map(([what, wanted, reported]) => `${what}: ${reported} are reported and should be ${wanted}`)
}

function sumOf(rows, kind) {
  return rows.reduce((sum, { settled }) => sum + settled[kind], 0)
}

/**
 * What is wrong about breakers: work or help for a swarm whose breaker is open, a claim that it keeps, a latched one that
 * closes without a person and a reason.
 */
export function brokenBreakers(events) {
  const open = new Map()
  const claims = new Map()
  const broken = []
  const keeps = (swarm) => [...claims].filter(([, holder]) => holder === swarm).map(([task]) => task)
  const leave = (swarm) => {
    if (!open.delete(swarm)) return
    for (const task of keeps(swarm)) broken.push(`${swarm} keeps ${task} while its breaker is open`)
  }
  events.forEach((event, index) => {
    const { subject, data } = event
    const kind = kindOf(event)
    if (kind === 'breaker_opened') open.set(subject, data)
    for (const swarm of given(kind, data)) {
      if (open.has(swarm)) broken.push(`${swarm} gets ${subject} at ${index} while its breaker is open`)
    }
    if (kind === 'task_claimed') claims.set(subject, data.swarm)
    else if (CLAIM_ENDS.has(kind)) claims.delete(subject)
    else if (kind === 'breaker_half_opened' || kind === 'breaker_closed') {
      const byPerson = kind === 'breaker_closed' && data.cause === 'administrator' && Boolean(data.reason)
      if (open.get(subject)?.latched && !byPerson) broken.push(`the latched breaker of ${subject} ends at ${index}`)
      leave(subject)
    }
  })
  for (const swarm of [...open.keys()]) leave(swarm)
  return broken
}

/** The swarms to which an entry gives work. */
function given(kind, data) {
  if (kind === 'help_requested') return data.swarms
  return kind === 'task_claimed' || kind === 'help_accepted' ? [data.swarm] : []
}

/**
 * What is missing of a swarm that spent its budget: all of it was reported, its breaker was latched, its claims were
 * released, its next call was refused, people were asked, more was allowed, it was reset, and it worked again.
 */
export function brokenLatch(events, swarm) {
  const about = (kind, matches) => (event) => kindOf(event) === kind && matches(event)
  const its = ({ data }) => data.swarm === swarm
  const opened = events.findIndex(about('breaker_opened', ({ subject, data }) => subject === swarm && data.latched))
  if (opened < 0) return [`the breaker of ${swarm} is never latched`]
  const before = events.slice(0, opened)
  const budgetNanos = before.findLast(about('swarm_registered', ({ subject }) => subject === swarm))?.data.budgetNanos
  const reported = before.filter(about('usage_reported', its)).reduce((sum, { data }) => sum + data.nanos, 0)
  const early = reported >= budgetNanos ? [] : [`${swarm} is latched with ${reported} of ${budgetNanos} spent`]
  const steps = [
    ['its claim is not released', about('task_released', (event) => its(event) && event.data.cause === 'breaker_open')],
    ['people are not asked', about('escalation_opened', (event) => its(event) && event.data.kind === 'breaker')],
    ['its next call is not refused', about('request_refused', (event) => its(event) && isBreakerOpen(event))],
    ['its budget is not extended', about('budget_extended', ({ subject }) => subject === `swarm:${swarm}/total`)],
    ['its breaker is not reset', about('breaker_closed', ({ subject }) => subject === swarm)],
    ['it completes nothing afterwards', about('task_completed', its)],
  ]
  return [...early, ...inOrder(events, opened, steps)]
}

function isBreakerOpen({ data }) {
  return data.code === 'BREAKER_OPEN'
}

/**
 * What is missing of a question that no swarm could answer: nobody is there, people are asked, a person answers, which
 * resolves the blocker, and the holder completes the task under its epoch. No swarm is asked to help.
 */
export function brokenAnswer(events, task) {
  const raised = events.findIndex((event) => kindOf(event) === 'blocker_raised' && event.data.task === task)
  if (raised < 0) return [`no blocker is raised on ${task}`]
  const { subject: blocker, data } = events[raised]
  const is = (kind, matches) => (event) => kindOf(event) === kind && matches(event)
  const question = events.find(is('escalation_opened', (event) => event.data.blocker === blocker))?.subject
  const isPerson = ({ actor }) => actor !== 'fabric' && !actor.startsWith('swarm:')
  const isHolder = (event) => event.subject === task && event.data.epoch === data.epoch
  const steps = [
    ['the governor does not say that nobody is there', is('help_unavailable', ({ subject }) => subject === blocker)],
    ['people are not asked', is('escalation_opened', ({ subject }) => subject === question)],
    [
      'no person answers',
      is('escalation_answered', (event) => event.subject === question && isPerson(event) && event.data.answer),
    ],
    [
      'the answer does not resolve it',
      is('blocker_resolved', ({ subject, data: { cause } }) => subject === blocker && cause === 'resolved'),
    ],
    ['its holder does not complete it', is('task_completed', isHolder)],
  ]
  const asked = events.filter(is('help_requested', ({ subject }) => subject === blocker))
  return [
    ...asked.map(({ data: { swarms } }) => `${swarms.join()} is asked to help`),
    ...inOrder(events, raised, steps),
  ]
}

/** The first step that does not come after the one before. */
function inOrder(events, from, steps) {
  let at = from
  for (const [missing, matches] of steps) {
    const next = events.findIndex((event, index) => index > at && matches(event))
    if (next < 0) return [missing]
    at = next
  }
  return []
}
