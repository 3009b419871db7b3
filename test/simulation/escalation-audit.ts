import type { Event, Hold } from './ledger.js'

interface Question {
  readonly kind: string
  readonly asker: string
  readonly options: readonly string[]
  readonly openedBy: string | undefined
  readonly blocker: string | undefined
  readonly swarm: string | undefined
  readonly digest: string | undefined
  readonly policy: string | undefined
  readonly expiresAt: number
  state: 'open' | 'approved' | 'ended'
}

/** Questions and approvals, from the entries alone. */
export class EscalationAudit {
  readonly #require: Hold
  readonly #questions = new Map<string, Question>()
  #policy: string | undefined

  constructor(require: Hold) {
    this.#require = require
  }

  follow(name: string, event: Event): void {
    const { subject } = event
    switch (name) {
      case 'policy_applied':
        this.#require(!event.actor.startsWith('swarm:'), event, 'no swarm changes the policy')
        this.#policy = subject
        break
      case 'escalation_opened':
        this.#open(event)
        break
      case 'escalation_answered':
        this.#answer(event)
        break
      case 'escalation_expired': {
        const { state, expiresAt } = this.#known(event)
        this.#require(state !== 'ended', event, 'what has ended does not expire')
        this.#require(Date.parse(event.time) >= expiresAt, event, 'nothing expires before its time')
        this.#known(event).state = 'ended'
        break
      }
      case 'approval_taken':
        this.#take(event)
        break
      case 'blocker_resolved':
        this.#settle(({ blocker }) => blocker === subject)
        break
      case 'breaker_closed':
        this.#settle(({ kind, swarm }) => kind === 'breaker' && swarm === subject)
        break
    }
  }

  #open(event: Event): void {
    const { data, subject } = event
    const { kind, asker, options, blocker, swarm, digest, policy, expiresAt } = data as unknown as Question
    const others = [...this.#questions.values()].filter((row) => row.state === 'open' && row.blocker === blocker)
    this.#require(blocker === undefined || others.length === 0, event, 'people are asked once about a blocker')
    this.#require((digest !== undefined) === (kind === 'approval'), event, 'an approval is of something')
    this.#require(policy !== undefined, event, 'it says under which policy')
    const openedBy = event.actor
    const row = { kind, asker, options, openedBy, blocker, swarm, digest, policy, expiresAt, state: 'open' } as const
    this.#questions.set(subject, { ...row })
  }

  #answer(event: Event): void {
    const row = this.#known(event)
    const { option } = event.data
    this.#require(row.state === 'open', event, 'a question is answered once')
    this.#require(Date.parse(event.time) < row.expiresAt, event, 'no answer after the time')
    const own = row.kind === 'approval' && event.actor === row.asker
    this.#require(!own, event, 'nobody gives their own approval')
    this.#require(!event.actor.startsWith('swarm:'), event, 'people answer, and no swarm')
    // The extension of a budget is the answer to the question about it, whatever it offered.
    const offered = row.kind === 'budget' || row.options.length === 0 || row.options.includes(option as string)
    this.#require(offered, event, 'the answer is one of the options')
    row.state = row.kind === 'approval' && option === 'approve' ? 'approved' : 'ended'
  }

  #take(event: Event): void {
    const row = this.#known(event)
    this.#require(row.state === 'approved', event, 'what is taken is approved, and taken once')
    this.#require(row.digest === event.data.digest, event, 'what is taken is what was approved')
    this.#require(event.actor === row.asker, event, 'who takes an approval asked for it')
    this.#require(Date.parse(event.time) < row.expiresAt, event, 'what is taken has not expired')
    const policy = this.#policy ?? row.policy
    this.#require(row.policy === policy, event, 'the policy is the one it was asked under')
    row.state = 'ended'
  }

  #settle(about: (row: Question) => boolean): void {
    for (const row of this.#questions.values()) if (row.state === 'open' && about(row)) row.state = 'ended'
  }

  #known(event: Event): Question {
    const row = this.#questions.get(event.subject)
    if (row === undefined) throw new Error(`entry ${event.id}: ${event.subject} was never asked`)
    return row
  }
}
