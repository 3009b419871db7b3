import type { Answer, Attempt, Verb } from './history.js'

/** What one caller does next: when, how long request and answer take, and which of them gets lost. */
export interface Step {
  readonly client: number
  readonly wish: number
  readonly pause: number
  readonly there: number
  readonly back: number
  readonly lost: 'nothing' | 'request' | 'answer'
}

interface Pending {
  readonly step: Step
  readonly verb: Verb
  readonly epoch?: number
  readonly sentAt: number
  answer?: Answer
}

const TASK = 't'
/** How long a caller waits for an answer that is lost. */
const PATIENCE_MS = 30

/** The claim of one task as it is meant to be, on a clock of its own; and callers who talk to it over a slow network. */
export class SimulatedClaims {
  readonly attempts: Attempt[] = []
  readonly #leaseMs: number
  readonly #known = new Map<number, number>()
  readonly #free = new Map<number, number>()
  #held: { swarm: string; epoch: number; renewedAt: number } | undefined
  #completed: number | undefined
  #index = 0

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs
  }

  run(steps: readonly Step[]): readonly Attempt[] {
    const events: { at: number; order: number; run: () => void }[] = []
    const add = (at: number, run: () => void) => void events.push({ at, order: events.length, run })
    for (const step of steps) {
      const sentAt = (this.#free.get(step.client) ?? 0) + step.pause
      const appliedAt = sentAt + step.there
      const endedAt = step.lost === 'nothing' ? appliedAt + step.back : sentAt + PATIENCE_MS
      this.#free.set(step.client, endedAt)
      let pending: Pending | undefined
      add(sentAt, () => {
        pending = this.#say(step, sentAt)
      })
      if (step.lost !== 'request') add(appliedAt, () => this.#apply(pending, appliedAt))
      add(endedAt, () => this.#hear(pending, endedAt))
    }
    events.sort((a, b) => a.at - b.at || a.order - b.order)
    for (const { run } of events) run()
    return this.attempts
  }

  #say(step: Step, sentAt: number): Pending {
    const epoch = this.#known.get(step.client)
    const wishes: readonly Verb[] =
      epoch === undefined ? ['claim', 'claim', 'show'] : ['heartbeat', 'release', 'complete', 'claim', 'show']
    const verb = wishes[step.wish % wishes.length] ?? 'show'
    const names = verb !== 'claim' && verb !== 'show' && epoch !== undefined
    return { step, verb, sentAt, ...(names && { epoch }) }
  }

  #apply(pending: Pending | undefined, at: number): void {
    if (pending === undefined) return
    if (this.#held !== undefined && at >= this.#held.renewedAt + this.#leaseMs) this.#held = undefined
    this.#index += 1
    pending.answer = this.#decide(pending, at)
  }

  #decide({ verb, epoch, step }: Pending, at: number): Answer {
    const swarm = swarmOf(step)
    const held = this.#held
    if (verb === 'show') {
      if (this.#completed !== undefined) return { state: 'completed' }
      return held === undefined ? { state: 'available' } : { state: 'claimed', swarm: held.swarm, epoch: held.epoch }
    }
    if (verb === 'claim') {
      if (this.#completed !== undefined) return { code: 'WRONG_STATE' }
      if (held !== undefined && held.swarm !== swarm) {
        return { code: 'ALREADY_CLAIMED', swarm: held.swarm, epoch: held.epoch }
      }
      this.#held = { swarm, epoch: held?.epoch ?? this.#index, renewedAt: at }
      return { swarm, epoch: this.#held.epoch, ...(held !== undefined && { reclaimed: true }) }
    }
    if (verb === 'complete' && this.#completed === epoch) return { state: 'completed' }
    if (held === undefined || held.epoch !== epoch) {
      return { code: 'STALE_CLAIM', ...(held !== undefined && { swarm: held.swarm, epoch: held.epoch }) }
    }
    this.#held = verb === 'heartbeat' ? { ...held, renewedAt: at } : undefined
    if (verb === 'complete') this.#completed = epoch
    return { swarm, epoch }
  }

  #hear(pending: Pending | undefined, endedAt: number): void {
    if (pending === undefined) return
    const { step, verb, sentAt, epoch } = pending
    const answer = step.lost === 'nothing' ? pending.answer : undefined
    if (verb === 'claim' && answer?.epoch !== undefined && !answer.code) this.#known.set(step.client, answer.epoch)
    if (verb === 'release' && answer !== undefined) this.#known.delete(step.client)
    this.attempts.push({
      ...{ client: swarmOf(step), node: 'n1', verb, task: TASK, swarm: swarmOf(step), sentAt, endedAt },
      ...(epoch !== undefined && { epoch }),
      ...(answer !== undefined && { answer }),
    })
  }
}

function swarmOf({ client }: Step): string {
  return `s${client}`
}
