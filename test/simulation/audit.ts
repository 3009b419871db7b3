import type { StoredEntry } from '../../src/journal/journal.js'
import { BreakerAudit } from './breaker-audit.js'
import { CredentialAudit } from './credential-audit.js'
import { EscalationAudit } from './escalation-audit.js'
import { BUILT_IN, type Event, Ledger, type Policy, ruleFor } from './ledger.js'
import { RunAudit } from './run-audit.js'

interface Claim {
  readonly swarm: string
  readonly epoch: number
}

interface Task {
  dependencies: readonly string[]
  requires: readonly string[]
  claim: Claim | undefined
  completed: boolean
}

interface Blocker {
  readonly task: string
  readonly requires: readonly string[]
  readonly helpers: Set<string>
  /** Who was asked at some time. */
  readonly asked: Set<string>
}

interface Swarm {
  readonly capabilities: readonly string[]
  readonly reputation: number
}

/**
 * Reads the log as an outsider does, from the stored bytes alone and without the product's fold, and fails at the first
 * entry that breaks an invariant of the coordinator or the governor.
 */
export class Audit {
  size = 0
  /** How often each type of entry was seen. */
  readonly seen: Record<string, number> = {}
  readonly #tasks = new Map<string, Task>()
  readonly #swarms = new Map<string, Swarm>()
  readonly #granted = new Map<string, readonly string[]>()
  readonly #blockers = new Map<string, Blocker>()
  readonly #breakers: BreakerAudit
  readonly #runs: RunAudit
  readonly #credentials: CredentialAudit
  readonly #others: readonly { follow(name: string, event: Event): void }[]
  #policy: Policy = BUILT_IN
  #lastTime = ''

  constructor() {
    const require = this.#hold.bind(this)
    this.#breakers = new BreakerAudit(require)
    this.#runs = new RunAudit(require)
    this.#credentials = new CredentialAudit(require, {
      claimOf: (task) => this.#tasks.get(task)?.claim,
      isBroken: (swarm) => this.#breakers.of(swarm).state === 'open',
    })
    this.#others = [
      ...[this.#breakers, this.#runs, this.#credentials],
      ...[new EscalationAudit(require), new Ledger(require)],
    ]
  }

  read({ index, bytes }: StoredEntry): void {
    const event = JSON.parse(Buffer.from(bytes).toString()) as Event
    this.#hold(index === this.size && event.id === String(index), event, 'entries are numbered without a gap')
    this.#hold(event.time >= this.#lastTime, event, 'time does not run backwards')
    this.size += 1
    this.#lastTime = event.time
    const name = event.type.split('.')[2] ?? ''
    this.seen[name] = (this.seen[name] ?? 0) + 1
    this.#follow(name, event)
    for (const audit of this.#others) audit.follow(name, event)
  }

  /** What holds whenever no decision is half read. */
  between(): void {
    this.#runs.between()
    for (const [id, { claim }] of this.#tasks) {
      if (claim === undefined) continue
      const { state } = this.#breakers.of(claim.swarm)
      if (state === 'open') throw new Error(`${claim.swarm} holds ${id} while its breaker is open`)
    }
    for (const [id, { helpers }] of this.#blockers) {
      const open = [...helpers].filter((swarm) => this.#breakers.of(swarm).state === 'open')
      if (open.length > 0) throw new Error(`${open.join(', ')} helps with ${id} while its breaker is open`)
    }
  }

  /** Credentials that must be good at a time, as the log alone has them. */
  liveCredentials(at: number): string[] {
    return this.#credentials.live(at)
  }

  #follow(name: string, event: Event): void {
    const { subject, data } = event
    switch (name) {
      case 'swarm_registered':
        this.#swarms.set(subject, {
          capabilities: data.capabilities as string[],
          reputation: (data.reputation as number | undefined) ?? 1,
        })
        break
      case 'capabilities_granted':
        this.#granted.set(subject, data.capabilities as string[])
        break
      case 'policy_applied':
        this.#policy = data.policy as Policy
        break
      case 'swarm_retired':
        this.#hold(!this.#holds(subject), event, 'a retired swarm holds nothing')
        this.#swarms.delete(subject)
        break
      case 'task_created':
      case 'task_updated':
        this.#describe(name, event)
        break
      case 'task_claimed':
        this.#claim(event)
        break
      case 'milestone_reported':
      case 'task_stalled':
      case 'task_stall_ended':
        this.#requireLive(event, subject)
        break
      case 'task_released':
      case 'task_attempt_failed':
        this.#requireLive(event, subject)
        this.#task(event, subject).claim = undefined
        break
      case 'task_completed':
        this.#complete(event)
        break
      case 'task_cancelled':
        this.#hold(!this.#task(event, subject).completed, event, 'what is completed stays completed')
        this.#task(event, subject).claim = undefined
        break
      case 'task_archived':
        this.#task(event, subject).dependencies = []
        break
      default:
        this.#followBlocker(name, event)
    }
  }

  #followBlocker(name: string, event: Event): void {
    const { subject, data } = event
    if (name === 'blocker_raised') {
      this.#requireLive(event, data.task)
      this.#blockers.set(subject, {
        task: data.task,
        requires: data.requires as string[],
        helpers: new Set(),
        asked: new Set(),
      })
    } else if (name === 'help_requested') {
      for (const swarm of data.swarms as string[]) this.#help(event, swarm)
    } else if (name === 'help_accepted') {
      this.#hold(this.#blockers.get(subject)?.helpers.has(data.swarm) === true, event, 'who helps was asked')
      this.#hold(this.#swarms.has(data.swarm), event, `${data.swarm} is in service`)
    } else if (name === 'help_declined') {
      this.#blockers.get(subject)?.helpers.delete(data.swarm)
    } else if (name === 'blocker_resolved') {
      this.#hold(this.#blockers.delete(subject), event, 'a blocker is resolved once')
    } else if (name === 'task_unblocked') {
      const open = this.#task(event, subject).dependencies.filter((id) => !this.#tasks.get(id)?.completed)
      this.#hold(open.length === 0, event, 'a task is unblocked when nothing it waits for is open')
    }
  }

  #describe(name: string, event: Event): void {
    const { dependencies, requires } = event.data as unknown as Task
    const known = this.#tasks.get(event.subject)
    this.#hold((known === undefined) === (name === 'task_created'), event, 'a task is created once')
    this.#tasks.set(event.subject, { claim: undefined, completed: false, ...known, dependencies, requires })
    this.#hold(!this.#reaches(event.subject), event, 'no task waits for itself')
  }

  #claim(event: Event): void {
    const task = this.#task(event, event.subject)
    const { swarm } = event.data
    this.#hold(task.claim === undefined, event, 'at most one live claim')
    this.#hold(!task.completed, event, 'no claim of a completed task')
    const open = task.dependencies.filter((id) => !this.#tasks.get(id)?.completed)
    this.#hold(open.length === 0, event, 'no claim before every dependency is completed')
    this.#requireMatch(event, swarm, task.requires)
    task.claim = { swarm, epoch: this.size - 1 }
  }

  #complete(event: Event): void {
    const task = this.#task(event, event.subject)
    this.#hold(!task.completed, event, 'a task is completed once')
    if (event.data.epoch === undefined) this.#hold(task.claim === undefined, event, 'a board never ends a claim')
    else this.#requireLive(event, event.subject)
    task.completed = true
    task.claim = undefined
  }

  #help(event: Event, swarm: string): void {
    const blocker = this.#blockers.get(event.subject)
    this.#hold(blocker !== undefined, event, 'help is for an open blocker')
    if (blocker === undefined) return
    const asks = (event.data.asks as Record<string, string[]> | undefined)?.[swarm]
    if (asks === undefined) this.#requireMatch(event, swarm, blocker.requires)
    else for (const one of asks) this.#requireMatch(event, swarm, [one])
    this.#hold(!blocker.asked.has(swarm) || asks === undefined, event, 'the governor asks nobody twice')
    blocker.asked.add(swarm)
    this.#hold(this.#tasks.get(blocker.task)?.claim?.swarm !== swarm, event, 'nobody helps itself')
    blocker.helpers.add(swarm)
    const onTask = [...this.#blockers.values()].filter(({ task }) => task === blocker.task)
    const swarms = new Set(onTask.flatMap(({ helpers }) => [...helpers]))
    const { maxSwarmsPerTask } = this.#policy
    this.#hold(1 + swarms.size <= maxSwarmsPerTask, event, `at most ${maxSwarmsPerTask} swarms on a task`)
  }

  #requireMatch(event: Event, swarm: string, requires: readonly string[]): void {
    const { capabilities = [], reputation = -1 } = this.#swarms.get(swarm) ?? {}
    const declared = capabilities.filter((name) => ruleFor(this.#policy, name)?.grantedOnly !== true)
    const have = new Set([...declared, ...(this.#granted.get(swarm) ?? [])])
    const need = new Set(requires)
    const met = [...need].filter((capability) => have.has(capability)).length
    const { minCapabilityMatch, minReputation } = this.#policy
    this.#hold(this.#swarms.has(swarm), event, `${swarm} is in service`)
    this.#hold(need.size === 0 || met / need.size >= minCapabilityMatch, event, `${swarm} has what it takes`)
    const least = requires.map((name) => ruleFor(this.#policy, name)?.minimumReputation ?? 0)
    const trust = Math.round(reputation * this.#runs.reputationOf(swarm) * 1e9) / 1e9
    this.#hold(trust >= Math.max(minReputation, ...least), event, `${swarm} is trusted enough`)
  }

  /** The word must come from the holder of the live epoch. */
  #requireLive(event: Event, task: string): void {
    const { claim } = this.#task(event, task)
    const { swarm, epoch } = event.data
    this.#hold(claim?.epoch === epoch && claim.swarm === swarm, event, 'only the live epoch changes a task')
  }

  #task(event: Event, id: string): Task {
    const task = this.#tasks.get(id)
    if (task === undefined) throw new Error(`entry ${event.id}: the task ${id} was never created`)
    return task
  }

  #holds(swarm: string): boolean {
    return [...this.#tasks.values()].some(({ claim }) => claim?.swarm === swarm)
  }

  #reaches(id: string): boolean {
    const seen = new Set<string>()
    const open = [...(this.#tasks.get(id)?.dependencies ?? [])]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === id) return true
      if (seen.has(next)) continue
      seen.add(next)
      open.push(...(this.#tasks.get(next)?.dependencies ?? []))
    }
    return false
  }

  #hold(condition: boolean, event: Event, rule: string): void {
    if (!condition) throw new Error(`${event.type} ${event.id} breaks the rule: ${rule}\n${JSON.stringify(event)}`)
  }
}
