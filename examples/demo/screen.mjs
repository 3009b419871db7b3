import { dollars } from './money.mjs'

const STATES = ['blocked', 'available', 'claimed', 'completed', 'failed', 'cancelled']
const MOST_EVENTS = 8
const REDRAW_MS = 100

/** The board as the event stream tells it: redrawn in place on a terminal, one line an event elsewhere. */
export class Screen {
  #out
  #startedAt = performance.now()
  #tasks = new Map()
  #swarms = new Map()
  #acts = []
  #lastEvents = []
  #spentNanos = 0
  #latched = new Set()
  #drawnLines = 0
  #timer

  constructor(out, swarms) {
    this.#out = out
    for (const name of swarms) this.#swarms.set(name, new Set())
  }

  /** Something the stage has to say. */
  say(text) {
    this.#acts.push(`${this.#time()}  ${text}`)
    if (this.#out.isTTY) this.#redrawSoon()
    else this.#out.write(`${this.#time()}  == ${text}\n`)
  }

  see({ index, kind, event }) {
    this.#fold(kind, event)
    const text = eventText(kind, event, index)
    if (text === undefined) return
    this.#lastEvents = [...this.#lastEvents, `${String(index).padStart(5)}  ${text}`].slice(-MOST_EVENTS)
    if (this.#out.isTTY) this.#redrawSoon()
    else this.#out.write(`${this.#time()}  ${text}\n`)
  }

  /** Draws the last picture and leaves it on the terminal. */
  end() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#out.isTTY) this.#redraw()
  }

  counts() {
    const counts = Object.fromEntries(STATES.map((state) => [state, 0]))
    for (const { state } of this.#tasks.values()) counts[state] += 1
    return counts
  }

  #fold(kind, { subject, data }) {
    if (kind === 'task_created') {
      this.#tasks.set(subject, { state: data.dependencies.length === 0 ? 'available' : 'blocked' })
    } else if (kind === 'task_unblocked' || kind === 'task_released') {
      this.#tasks.set(subject, { state: 'available' })
    } else if (kind === 'task_claimed') {
      this.#tasks.set(subject, { state: 'claimed', percent: 0 })
      this.#swarms.get(data.swarm)?.add(subject)
    } else if (kind === 'milestone_reported') {
      this.#tasks.set(subject, { ...this.#tasks.get(subject), percent: data.percent })
    } else if (kind === 'task_completed') {
      this.#tasks.set(subject, { state: 'completed' })
    } else if (kind === 'blocker_raised' || kind === 'blocker_resolved') {
      const task = this.#tasks.get(data.task)
      this.#tasks.set(data.task, { ...task, stuck: kind === 'blocker_raised' })
    } else if (kind === 'usage_reported') {
      this.#spentNanos += data.nanos
    } else if (kind === 'breaker_opened') {
      this.#latched.add(subject)
    } else if (kind === 'breaker_closed') {
      this.#latched.delete(subject)
    }
    if (kind === 'task_completed' || kind === 'task_released') this.#swarms.get(data.swarm)?.delete(subject)
  }

  #redrawSoon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#redraw()
    }, REDRAW_MS)
  }

  #redraw() {
    const counts = this.counts()
    const shown = STATES.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`)
    const { columns = 80, rows = 24 } = this.#out
    const head = [
      `InfraFabric demo  ${this.#time()}  ${bar(counts.completed, this.#tasks.size)}  ${dollars(this.#spentNanos)} spent`,
      shown.join(', '),
      ...[...this.#swarms].map(([name, held]) => this.#swarmLine(name, held)),
      '',
      ...this.#acts,
      '',
    ]
    const room = Math.max(0, rows - 1 - head.length)
    const lines = [...head, ...this.#lastEvents.slice(Math.max(0, this.#lastEvents.length - room))]
    const fitting = lines.slice(0, Math.max(1, rows - 1)).map((line) => line.slice(0, columns - 1))
    const back = this.#drawnLines === 0 ? '' : `\x1b[${this.#drawnLines}F\x1b[J`
    this.#out.write(`${back}${fitting.join('\n')}\n`)
    this.#drawnLines = fitting.length
  }

  #swarmLine(name, held) {
    const work = this.#latched.has(name) ? ['breaker open'] : [...held].map((id) => this.#work(id))
    return `${name.padEnd(8)}${work.join('   ')}`
  }

  #work(id) {
    const { percent, stuck } = this.#tasks.get(id)
    return `${id} ${bar(percent ?? 0, 100, 8)}${stuck ? ' stuck' : ''}`
  }

  #time() {
    return `${((performance.now() - this.#startedAt) / 1_000).toFixed(1).padStart(5)}s`
  }
}

function bar(done, all, width = 20) {
  const full = all === 0 ? 0 : Math.round((done / all) * width)
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`
}

/** What an entry says to people; undefined for what would only fill the screen. */
function eventText(kind, event, index) {
  return TEXTS[kind]?.(event, index)
}

const RELEASED = {
  lease_expired: ({ swarm }) => `the lease of ${swarm} ran out`,
  breaker_open: ({ swarm }) => `the breaker of ${swarm} is open`,
}

const TEXTS = {
  task_claimed: ({ subject, data }, index) => `${data.swarm} claims ${subject} under epoch ${index}`,
  task_completed: ({ subject, data }) => `${data.swarm} completes ${subject}`,
  task_released: ({ subject, data }) => `${subject} is free again: ${RELEASED[data.cause]?.(data) ?? data.cause}`,
  blocker_raised: ({ data }) => `${data.swarm} is stuck on ${data.task}: ${data.needs}`,
  help_requested: ({ data }) => `the governor asks ${data.swarms.join(' and ')} to help with ${data.task}`,
  help_accepted: ({ data }, index) => `${data.swarm} helps with ${data.task} under epoch ${index}`,
  help_unavailable: ({ data }) => `nobody can help with ${data.task}`,
  blocker_resolved: ({ data }) => `${data.task} goes on, thanks to ${data.by ?? data.cause}`,
  message_sent: ({ subject, data }) => `a message for ${subject}: ${data.text}`,
  budget_warned: ({ subject, data }) =>
    `${data.swarm} has spent ${dollars(data.spentNanos)} of ${dollars(data.heldNanos)} on ${subject}`,
  budget_extended: ({ subject, data }) => `${subject} may spend ${dollars(data.nanos)} more: ${data.reason}`,
  breaker_opened: ({ subject, data }) => `the breaker of ${subject} opens: ${data.reason}`,
  breaker_closed: ({ subject, data }) => `the breaker of ${subject} closes: ${data.reason ?? data.cause}`,
  escalation_opened: ({ data }) => `a question for people: ${data.question}`,
  escalation_answered: ({ data, actor }) => `${actor} answers: ${data.answer ?? data.option}`,
  board_imported: ({ subject, data }) => `board ${subject} is imported: ${data.created} tasks`,
  fabric_started: () => 'the fabric starts',
}
