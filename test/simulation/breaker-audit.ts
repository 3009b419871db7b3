import type { Event, Hold } from './ledger.js'

interface Breaker {
  readonly state: 'closed' | 'open' | 'half_open'
  readonly latched: boolean
}

const CLOSED: Breaker = { state: 'closed', latched: false }

/** Rule 4, from the entries alone: who is open gets nothing, and who is latched waits for an administrator. */
export class BreakerAudit {
  readonly #require: Hold
  readonly #breakers = new Map<string, Breaker>()

  constructor(require: Hold) {
    this.#require = require
  }

  follow(name: string, event: Event): void {
    const { subject, data } = event
    const breaker = this.of(subject)
    switch (name) {
      case 'breaker_opened':
        this.#require(!breaker.latched, event, 'a latched breaker is not opened again')
        this.#require((data.until === undefined) === data.latched, event, 'only a latched breaker has no end')
        this.#breakers.set(subject, { state: 'open', latched: data.latched === true })
        break
      case 'breaker_half_opened':
        this.#require(breaker.state === 'open' && !breaker.latched, event, 'a latched breaker stays open')
        this.#breakers.set(subject, { state: 'half_open', latched: false })
        break
      case 'breaker_closed': {
        const byPerson = data.cause === 'administrator' && !event.actor.startsWith('swarm:')
        const passed = data.cause === 'probes' && breaker.state === 'half_open'
        this.#require(breaker.state !== 'closed', event, 'what closes was not closed')
        this.#require(byPerson || (passed && !breaker.latched), event, 'only an administrator closes a latched breaker')
        this.#breakers.delete(subject)
        break
      }
      case 'task_claimed':
        this.#require(this.of(data.swarm).state !== 'open', event, 'who is open gets no claim')
        break
      case 'help_requested':
        for (const swarm of data.swarms as string[]) this.#requestHelp(event, swarm)
        break
      case 'help_accepted':
        this.#require(this.of(data.swarm).state !== 'open', event, 'who is open does not help')
        break
      case 'call_admitted':
        this.#require(breaker.state === 'half_open', event, 'only probes are written down')
        break
      case 'call_reported':
        this.#require(breaker.state !== 'open', event, 'who is open makes no calls')
        break
    }
  }

  of(swarm: string): Breaker {
    return this.#breakers.get(swarm) ?? CLOSED
  }

  /** The governor asks only those that are not on probation; the orchestrator may. */
  #requestHelp(event: Event, swarm: string): void {
    const { state } = this.of(swarm)
    this.#require(state !== 'open', event, 'who is open is not asked for help')
    this.#require(state === 'closed' || event.data.asks === undefined, event, 'who is on probation is not asked')
  }
}
