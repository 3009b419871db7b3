import {
  HEARTBEAT_MS,
  LEAD_TTL_MS,
  type Leadership,
  MEMBER_TTL_MS,
  type Member,
  type Membership,
  type MembershipView,
} from '../journal/membership.js'
import { FabricError } from '../model/errors.js'
import type { Timing } from '../model/time.js'
import type { Line } from './shared-log.js'

/** The side of the server: who was heard of when, and who leads. */
export class SharedMembers {
  readonly #timing: Timing
  readonly #members = new Map<string, { readonly member: Member; readonly heardAt: number }>()
  #leader: { readonly id: string; readonly term: number; readonly heardAt: number } | undefined
  #term = 0
  readonly #listeners = new Set<() => void>()

  constructor(timing: Timing) {
    this.#timing = timing
  }

  view(): MembershipView {
    this.#forgetSilent()
    const members = [...this.#members.values()].map(({ member }) => member).sort((a, b) => (a.id < b.id ? -1 : 1))
    return { members, ...(this.#leader && { leader: { id: this.#leader.id, term: this.#leader.term } }) }
  }

  beat(member: Member): void {
    this.#members.set(member.id, { member, heardAt: this.#timing.elapsed() })
    this.#tell()
  }

  remove(id: string): void {
    this.#members.delete(id)
    this.#tell()
  }

  /** The term of the lead, when nobody had it. */
  take(id: string): number | undefined {
    this.#forgetSilent()
    if (this.#leader !== undefined) return undefined
    this.#term += 1
    this.#leader = { id, term: this.#term, heardAt: this.#timing.elapsed() }
    this.#tell()
    return this.#term
  }

  /** Whether the lead of this term goes on. */
  renew(term: number): boolean {
    this.#forgetSilent()
    if (this.#leader?.term !== term) return false
    this.#leader = { ...this.#leader, heardAt: this.#timing.elapsed() }
    return true
  }

  resign(term: number): void {
    if (this.#leader?.term !== term) return
    this.#leader = undefined
    this.#tell()
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #forgetSilent(): void {
    const now = this.#timing.elapsed()
    if (this.#leader !== undefined && now - this.#leader.heardAt >= LEAD_TTL_MS) this.#leader = undefined
    for (const [id, { heardAt }] of this.#members) if (now - heardAt >= MEMBER_TTL_MS) this.#members.delete(id)
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

interface Lead {
  readonly term: number
  readonly ending: AbortController
  /** When the last heartbeat that got through was sent. */
  renewedAt: number
}

/** The side of a node, over its line. */
export class LineMembership implements Membership {
  readonly #members: SharedMembers
  readonly #line: Line
  readonly #timing: Timing
  readonly #listeners = new Set<(view: MembershipView) => void>()
  #self: Member | undefined
  #view: MembershipView = { members: [] }
  #lead: Lead | undefined
  #campaign: { readonly resolve: (leadership: Leadership) => void } | undefined
  #stop: () => void = () => {}

  constructor(members: SharedMembers, line: Line, timing: Timing) {
    this.#members = members
    this.#line = line
    this.#timing = timing
  }

  async join(member: Member): Promise<void> {
    await this.#line.pass()
    if (this.#members.view().members.some(({ id }) => id === member.id)) {
      throw new FabricError('CONFLICT', `There is a node ${member.id} already. Give this one another name.`)
    }
    this.#self = member
    this.#members.beat(member)
    const stopListening = this.#members.onChange(() => this.#look())
    const beat = () => {
      this.#stop = both(stopListening, this.#timing.after(HEARTBEAT_MS, beat))
      void this.#beat()
    }
    beat()
  }

  tell(position: number): void {
    if (this.#self !== undefined) this.#self = { ...this.#self, position }
  }

  view(): MembershipView {
    return this.#view
  }

  onChange(listener: (view: MembershipView) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  campaign(signal: AbortSignal): Promise<Leadership> {
    return new Promise((resolve, reject) => {
      const abandon = () => {
        this.#campaign = undefined
        reject(new FabricError('UNAVAILABLE', 'The campaign was given up.'))
      }
      if (signal.aborted) return abandon()
      signal.addEventListener('abort', abandon, { once: true })
      this.#campaign = {
        resolve: (leadership) => {
          signal.removeEventListener('abort', abandon)
          resolve(leadership)
        },
      }
      this.#look()
    })
  }

  async leave(): Promise<void> {
    this.#stop()
    const self = this.#self
    this.#self = undefined
    this.#endLead(true)
    if (self !== undefined && !this.#line.isCut) this.#members.remove(self.id)
  }

  /** What the server tells at once, when something changed. */
  #look(): void {
    if (this.#line.isCut || this.#self === undefined) return
    this.#view = this.#members.view()
    for (const listener of [...this.#listeners]) listener(this.#view)
    this.#takeLead()
  }

  async #beat(): Promise<void> {
    const sentAt = this.#timing.elapsed()
    if (this.#lead !== undefined && sentAt - this.#lead.renewedAt >= LEAD_TTL_MS) this.#endLead(false)
    try {
      await this.#line.pass()
    } catch {
      return
    }
    if (this.#self === undefined) return
    if (this.#lead !== undefined) {
      if (this.#members.renew(this.#lead.term)) this.#lead.renewedAt = sentAt
      else this.#endLead(false)
    }
    this.#members.beat(this.#self)
  }

  #takeLead(): void {
    const campaign = this.#campaign
    if (campaign === undefined || this.#self === undefined || this.#view.leader !== undefined) return
    const sentAt = this.#timing.elapsed()
    this.#campaign = undefined
    const term = this.#members.take(this.#self.id)
    if (term === undefined) {
      this.#campaign = campaign
      return
    }
    const lead = { term, ending: new AbortController(), renewedAt: sentAt }
    this.#lead = lead
    const resign = async () => {
      if (this.#lead === lead) this.#endLead(true)
    }
    campaign.resolve({ term, lost: lead.ending.signal, resign })
  }

  #endLead(tell: boolean): void {
    const lead = this.#lead
    if (lead === undefined) return
    this.#lead = undefined
    lead.ending.abort()
    if (tell && !this.#line.isCut) this.#members.resign(lead.term)
  }
}

function both(first: () => void, second: () => void): () => void {
  return () => {
    first()
    second()
  }
}
