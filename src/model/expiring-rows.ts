/** A right that ends by itself. */
interface ExpiringRow {
  readonly id: string
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
}

export interface ExpiringRowsOptions<Row> {
  /** Whoever has them. */
  readonly ownerOf: (row: Row) => string
  /** Rows that there may be at a time. */
  readonly most: number
}

/** Rights that are not over, by id and by whom they belong to. One that is over stays until room is made. */
export class ExpiringRows<Row extends ExpiringRow> {
  readonly #options: ExpiringRowsOptions<Row>
  readonly #rows = new Map<string, Row>()
  /** Owner -> ids of its rows, oldest first. */
  readonly #byOwner = new Map<string, Set<string>>()

  constructor(options: ExpiringRowsOptions<Row>) {
    this.#options = options
  }

  get size(): number {
    return this.#rows.size
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id)
  }

  /** Also replaces a row by one that ends earlier. */
  put(row: Row): void {
    this.#rows.set(row.id, row)
    const owner = this.#options.ownerOf(row)
    const others = this.#byOwner.get(owner)
    if (others === undefined) this.#byOwner.set(owner, new Set([row.id]))
    else others.add(row.id)
  }

  delete(id: string): void {
    const row = this.#rows.get(id)
    if (row === undefined) return
    this.#rows.delete(id)
    const owner = this.#options.ownerOf(row)
    const others = this.#byOwner.get(owner)
    others?.delete(id)
    if (others?.size === 0) this.#byOwner.delete(owner)
  }

  /** Those of one owner that are good at a time, oldest first. */
  live(owner: string, at: number): Row[] {
    return this.#of(owner).filter(({ expiresAt }) => expiresAt > at)
  }

  deleteOf(owner: string): void {
    for (const { id } of this.#of(owner)) this.delete(id)
  }

  /** Forgets what is over: of one owner, and of all when there are many. */
  prune(owner: string, at: number): void {
    const rows = this.#rows.size >= this.#options.most ? [...this.#rows.values()] : this.#of(owner)
    for (const { id, expiresAt } of rows) if (expiresAt <= at) this.delete(id)
  }

  /** Whether there is room for another at a time. Counts only when the table is full. */
  hasRoom(at: number): boolean {
    if (this.#rows.size < this.#options.most) return true
    for (const { expiresAt } of this.#rows.values()) if (expiresAt <= at) return true
    return false
  }

  values(): IterableIterator<Row> {
    return this.#rows.values()
  }

  #of(owner: string): Row[] {
    const rows: Row[] = []
    for (const id of this.#byOwner.get(owner) ?? []) {
      const row = this.#rows.get(id)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }
}
