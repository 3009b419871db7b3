const STATES = ['blocked', 'available', 'claimed', 'completed', 'failed', 'cancelled']
const EVENTS_SHOWN = 8
const REDRAW_MS = 100

/** The board as the event stream tells it: redrawn in place on a terminal, one line an event elsewhere. */
export class Screen {
  #out
  #startedAt = performance.now()
  #tasks = new Map()
  #swarms = new Map()
  #acts = []
  #lastEvents = []
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
    this.#lastEvents = [...this.#lastEvents, `${String(index).padStart(5)}  ${text}`].slice(-EVENTS_SHOWN)
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
    const lines = [
      `InfraFabric demo  ${this.#time()}  ${bar(counts.completed, this.#tasks.size)}  ${shown.join(', ')}`,
      '',
      ...[...this.#swarms].map(
        ([name, held]) => `${name.padEnd(8)}${[...held].map((id) => this.#work(id)).join('   ')}`,
      ),
      '',
      ...this.#acts,
      '',
      ...this.#lastEvents,
    ]
    const { columns = 80, rows = 24 } = this.#out
    const fitting = lines.slice(0, Math.max(1, rows - 1)).map((line) => line.slice(0, columns - 1))
    const back = this.#drawnLines === 0 ? '' : `\x1b[${this.#drawnLines}F\x1b[J`
    this.#out.write(`${back}${fitting.join('\n')}\n`)
    this.#drawnLines = fitting.length
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
function eventText(kind, { subject, data }, index) {
  if (kind === 'task_claimed') return `${data.swarm} claims ${subject} under epoch ${index}`
  if (kind === 'task_completed') return `${data.swarm} completes ${subject}`
  if (kind === 'task_released') return `${subject} is free again: the lease of ${data.swarm} ran out`
  if (kind === 'blocker_raised') return `${data.swarm} is stuck on ${data.task}: ${data.needs}`
  if (kind === 'help_requested') return `${data.swarms.join(' and ')} are asked to help with ${data.task}`
  if (kind === 'help_accepted') return `${data.swarm} helps with ${data.task} under epoch ${index}`
  if (kind === 'blocker_resolved') return `${data.task} goes on, thanks to ${data.by ?? data.cause}`
  if (kind === 'message_sent') return `a message for ${subject}: ${data.text}`
  if (kind === 'board_imported') return `board ${subject} is imported: ${data.created} tasks`
  if (kind === 'fabric_started') return 'the fabric starts'
  return undefined
}
