import { LIMITS } from '../model/limits.js'
import { actorOf, type TokenRow } from '../model/principal.js'

/** The tokens of callers that are not over, by id and by whom they stand for. */
export class Tokens {
  readonly #rows = new Map<string, TokenRow>()
  /** Actor -> ids of its tokens, oldest first. */
  readonly #byActor = new Map<string, Set<string>>()

  get size(): number {
    return this.#rows.size
  }

  get(id: string): TokenRow | undefined {
    return this.#rows.get(id)
  }

  /** Also replaces a row by one that ends earlier. */
  put(row: TokenRow): void {
    this.#rows.set(row.id, row)
    const actor = actorOf(row.role, row.name)
    const others = this.#byActor.get(actor)
    if (others === undefined) this.#byActor.set(actor, new Set([row.id]))
    else others.add(row.id)
  }

  delete(id: string): void {
    const row = this.#rows.get(id)
    if (row === undefined) return
    this.#rows.delete(id)
    const actor = actorOf(row.role, row.name)
    const others = this.#byActor.get(actor)
    others?.delete(id)
    if (others?.size === 0) this.#byActor.delete(actor)
  }

  /** Those of one actor that are good at a time, oldest first. */
  live(actor: string, at: number): TokenRow[] {
    return this.#of(actor).filter(({ expiresAt }) => expiresAt > at)
  }

  deleteOf(actor: string): void {
    for (const { id } of this.#of(actor)) this.delete(id)
  }

  /** Forgets what is over: of one actor, and of all when there are many. */
  prune(actor: string, at: number): void {
    const rows = this.#rows.size >= LIMITS.tokens ? [...this.#rows.values()] : this.#of(actor)
    for (const { id, expiresAt } of rows) if (expiresAt <= at) this.delete(id)
  }

  /** Whether there is room for another at a time. Counts only when the table is full. */
  hasRoom(at: number): boolean {
    if (this.#rows.size < LIMITS.tokens) return true
    for (const { expiresAt } of this.#rows.values()) if (expiresAt <= at) return true
    return false
  }

  values(): IterableIterator<TokenRow> {
    return this.#rows.values()
  }

  #of(actor: string): TokenRow[] {
    const rows: TokenRow[] = []
    for (const id of this.#byActor.get(actor) ?? []) {
      const row = this.#rows.get(id)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }
}
