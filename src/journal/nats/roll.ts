import { LIMITS } from '../../model/limits.js'
import { LEAD_TTL_MS, MEMBER_TTL_MS, type Member, type MembershipView } from '../membership.js'
import type { Beat } from './beat.js'
import type { Claim } from './claims.js'

interface Heard {
  readonly instance: string
  readonly at: number
}

/** Who is there and who leads, as far as one node has heard. Times are milliseconds on its own clock. */
export class Roll {
  readonly #members = new Map<string, Heard & { readonly member: Member }>()
  #leader: (Heard & { readonly id: string; readonly term: number }) | undefined
  #known = 0

  /** The greatest term that was heard of. */
  get known(): number {
    return this.#known
  }

  /** When the leader was heard last. */
  get leaderHeardAt(): number | undefined {
    return this.#leader?.at
  }

  view(): MembershipView {
    const members = [...this.#members.values()].map(({ member }) => member).sort((a, b) => (a.id < b.id ? -1 : 1))
    return { members, ...(this.#leader && { leader: { id: this.#leader.id, term: this.#leader.term } }) }
  }

  /** Takes in what was heard at `now`. Whoever led in an earlier term, and does not know it, is not believed. */
  hear(beat: Beat, now: number): void {
    const { member, instance, leads } = beat
    const heard = { instance, at: now }
    if (beat.leaves) this.#remove(member.id, instance)
    else if (this.#members.has(member.id) || this.#members.size < LIMITS.natsNodes) {
      this.#members.set(member.id, { ...heard, member })
    }
    if (leads !== undefined && leads >= this.#known && !beat.leaves) {
      this.#leader = { ...heard, id: member.id, term: leads }
    } else if (this.#leader?.instance === instance) this.#leader = undefined
    this.learn(Math.max(beat.known, leads ?? 0))
  }

  /** One that has claimed the lead will be heard soon, if it is there. */
  expect({ id, instance, term }: Claim, now: number): void {
    if (term > this.#known && this.#has(instance)) this.#leader = { id, instance, term, at: now }
    this.learn(term)
  }

  /** There was a leader in this term. */
  learn(term: number): void {
    this.#known = Math.max(this.#known, term)
  }

  /** Forgets those of whom nothing was heard until `at`, when everything was heard that was said before. */
  forgetSilent(at: number): void {
    for (const [id, heard] of this.#members) if (at - heard.at >= MEMBER_TTL_MS) this.#members.delete(id)
    if (this.#leader !== undefined && at - this.#leader.at >= LEAD_TTL_MS) this.#leader = undefined
  }

  #has(instance: string): boolean {
    return [...this.#members.values()].some((heard) => heard.instance === instance)
  }

  #remove(id: string, instance: string): void {
    if (this.#members.get(id)?.instance === instance) this.#members.delete(id)
  }
}
