import { setTimeout as sleep } from 'node:timers/promises'
import { HEARTBEAT_MS, type Leadership, type Member, type Membership, type MembershipView } from '../membership.js'
import { givenUp, taken } from '../refusal.js'
import { ViewChanges } from '../view-changes.js'
import type { Beat } from './beat.js'
import { Claims } from './claims.js'
import { Gathering } from './gathering.js'
import { Lead } from './lead.js'
import { checkOptions, DEFAULT_TIMEOUT_MS, type NatsAccess } from './options.js'

/** Between two attempts to claim the lead. */
const PAUSE_MS = 100

interface Joined {
  readonly gathering: Gathering
  readonly end: AbortController
  claims?: Claims
}

/**
 * The nodes of a log on NATS, by what they say to each other. A node that hears of no leader puts a claim behind the last
 * one in a small stream, and leads when it is stored.
 */
export class NatsMembership implements Membership {
  readonly #access: NatsAccess
  readonly #changes = new ViewChanges()
  #joined: Joined | undefined
  #self: Member | undefined
  #lead: Lead | undefined

  constructor(access: NatsAccess) {
    checkOptions(access)
    this.#access = access
  }

  async join(member: Member): Promise<void> {
    this.#self = member
    const gathering = await Gathering.open(this.#access, {
      words: () => ({ member: this.#self ?? member, ...(this.#lead && { leads: this.#lead.term }) }),
      heard: () => this.#heard(),
      echoed: (beat) => this.#echoed(beat),
    })
    const joined: Joined = { gathering, end: new AbortController() }
    this.#joined = joined
    try {
      const { signal } = joined.end
      const patience = { until: performance.now() + (this.#access.timeoutMs ?? DEFAULT_TIMEOUT_MS), signal }
      const opening = Claims.open(gathering.link, this.#access, patience)
      const [claims] = await Promise.all([opening, gathering.listen(signal)])
      if (signal.aborted) throw givenUp()
      if (gathering.hasRival) throw taken(member.id)
      joined.claims = claims
      gathering.enter(() => void this.#lead?.confirm(claims))
    } catch (error) {
      await this.leave()
      throw error
    }
  }

  tell(position: number): void {
    if (this.#self !== undefined) this.#self = { ...this.#self, position }
  }

  view(): MembershipView {
    return this.#joined?.gathering.roll.view() ?? { members: [] }
  }

  onChange(listener: (view: MembershipView) => void): () => void {
    return this.#changes.on(listener)
  }

  async campaign(signal: AbortSignal): Promise<Leadership> {
    const joined = this.#joined
    if (joined === undefined) throw givenUp()
    const either = AbortSignal.any([signal, joined.end.signal])
    while (!either.aborted) {
      if (this.view().leader === undefined && joined.gathering.isListening) {
        // What was lost on the way is claimed again, in another term.
        const lead = await this.#take(joined).catch(() => undefined)
        if (lead !== undefined && !either.aborted) return lead
        lead?.end()
        await sleep(PAUSE_MS, undefined, { signal: either }).catch(() => undefined)
      } else {
        await this.#changes.next(HEARTBEAT_MS, either)
      }
    }
    throw givenUp()
  }

  async leave(): Promise<void> {
    const joined = this.#joined
    if (joined === undefined) return
    this.#lead?.end()
    this.#joined = undefined
    joined.end.abort()
    await joined.gathering.close()
  }

  async #take({ gathering, claims }: Joined): Promise<Lead | undefined> {
    const { roll, instance } = gathering
    const self = this.#self
    if (self === undefined || claims === undefined) return undefined
    const last = await claims.last()
    if (last.claim !== undefined) roll.expect(last.claim, performance.now())
    if (roll.view().leader !== undefined) return undefined
    const claim = { id: self.id, instance, term: roll.known + 1 }
    const sentAt = performance.now()
    await claims.put(claim, last)
    const lead = new Lead(claim, sentAt, () => this.#ended(lead))
    this.#lead = lead
    gathering.say()
    this.#changes.tell(this.view())
    return lead
  }

  /** Others need not wait until they miss it. */
  #ended(lead: Lead): void {
    if (this.#lead !== lead) return
    this.#lead = undefined
    this.#joined?.gathering.say()
    this.#changes.tell(this.view())
  }

  #echoed({ leads, at }: Beat): void {
    if (leads !== undefined && leads === this.#lead?.term) this.#lead.renew(at)
  }

  #heard(): void {
    const { roll } = this.#joined?.gathering ?? {}
    // Another one has led since, or leads.
    if (this.#lead !== undefined && roll !== undefined && roll.known > this.#lead.term) this.#lead.end()
    this.#changes.tell(this.view())
  }
}
