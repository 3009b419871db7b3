import type { Event, Hold } from './ledger.js'

interface Claim {
  readonly swarm: string
  readonly epoch: number
}

interface Credential extends Claim {
  readonly task: string
  readonly index: number
  readonly endpoints: string
  expiresAt: number
  readonly replaces: string | undefined
}

export interface Surroundings {
  readonly claimOf: (task: string) => Claim | undefined
  readonly isBroken: (swarm: string) => boolean
}

const HOUR_MS = 3_600_000
const PER_CLAIM = 16

/** Rights of claims, from the entries alone: one is good until its time, its revocation, or the end of its claim. */
export class CredentialAudit {
  readonly #require: Hold
  readonly #surroundings: Surroundings
  /** Those that are not revoked. */
  readonly #credentials = new Map<string, Credential>()

  constructor(require: Hold, surroundings: Surroundings) {
    this.#require = require
    this.#surroundings = surroundings
  }

  follow(name: string, event: Event): void {
    if (name === 'credential_issued') this.#issue(event)
    else if (name === 'credential_revoked') this.#revoke(event)
    else if (name === 'credential_used' || name === 'credential_refused') {
      this.#require(event.actor === 'fabric', event, 'only the fabric says what modules sent')
    }
  }

  /** Each with the claim that has it. */
  live(at: number): string[] {
    const good = [...this.#credentials].filter(([, credential]) => this.#isGood(credential, at))
    return good.map(([id, { swarm, task, epoch }]) => `${id} ${swarm} ${task} ${epoch}`).sort()
  }

  #issue(event: Event): void {
    const { swarm, task, epoch, expiresAt, replaces } = event.data
    const at = Date.parse(event.time)
    const index = Number(event.id)
    const ends = expiresAt as number
    this.#require(['admin', 'fabric'].includes(event.actor), event, 'only an administrator or the fabric issues one')
    this.#require(event.subject === `credential-${index}`, event, 'its id is that of its entry')
    this.#require(ends > at && ends <= at + HOUR_MS, event, 'it lasts for a while, and not for long')
    const claim = this.#surroundings.claimOf(task)
    this.#require(claim?.epoch === epoch && claim.swarm === swarm, event, 'it is for a claim that is live')
    this.#require(!this.#surroundings.isBroken(swarm), event, 'none for a swarm with an open breaker')
    const endpoints = JSON.stringify(event.data.endpoints)
    const old = replaces as { readonly id: string; readonly expiresAt: number } | undefined
    if (old !== undefined) this.#replace(event, old, endpoints)
    this.#credentials.set(event.subject, {
      ...{ swarm, task, epoch, index, endpoints, expiresAt: ends },
      replaces: old?.id,
    })
    const others = [...this.#credentials.values()].filter((one) => one.epoch === epoch && this.#isGood(one, at))
    this.#require(others.length <= PER_CLAIM, event, `a claim has at most ${PER_CLAIM}`)
  }

  #replace(event: Event, { id, expiresAt }: { readonly id: string; readonly expiresAt: number }, places: string): void {
    const old = this.#credentials.get(id)
    const isGood = old !== undefined && this.#isGood(old, Date.parse(event.time))
    this.#require(isGood, event, 'what is rotated is good')
    if (old === undefined) return
    this.#require(old.epoch === event.data.epoch && old.endpoints === places, event, 'a rotation widens no right')
    this.#require(expiresAt <= old.expiresAt, event, 'a rotation prolongs no right')
    old.expiresAt = expiresAt
  }

  #revoke(event: Event): void {
    const { subject } = event
    const known = this.#credentials.get(subject)
    const isGood = known !== undefined && this.#isGood(known, Date.parse(event.time))
    this.#require(isGood, event, 'what is revoked is good')
    this.#credentials.delete(subject)
  }

  #isGood({ task, epoch, expiresAt }: Credential, at: number): boolean {
    return at < expiresAt && this.#surroundings.claimOf(task)?.epoch === epoch
  }
}
