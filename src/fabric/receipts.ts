import { LIMITS } from '../model/limits.js'

/** Where the answer to a keyed command lies in the log. */
export interface Receipt {
  /** Actor and key, so that callers cannot see each other's answers. */
  readonly key: string
  readonly digest: string
  readonly index: number
}

/** Idempotency keys that are remembered: the newest ones, in log order, so that every fold forgets the same. */
export class Receipts {
  readonly #receipts = new Map<string, Receipt>()
  readonly #limit: number

  constructor(limit: number = LIMITS.idempotencyKeys) {
    this.#limit = limit
  }

  get(key: string): Receipt | undefined {
    return this.#receipts.get(key)
  }

  put(receipt: Receipt): void {
    this.#receipts.delete(receipt.key)
    this.#receipts.set(receipt.key, receipt)
    if (this.#receipts.size <= this.#limit) return
    for (const oldest of this.#receipts.keys()) {
      this.#receipts.delete(oldest)
      break
    }
  }

  rows(): IterableIterator<Receipt> {
    return this.#receipts.values()
  }
}

export function receiptKey(actor: string, idempotencyKey: string): string {
  return `${actor} ${idempotencyKey}`
}
