import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { JailLevel } from '../jail/levels.js'
import type { SandboxChild } from './child.js'

/** Whose module a child has. No child ever has two. */
export interface Tenant {
  readonly swarm: string
  /** Of the module with its limits. */
  readonly key: string
  /** Of the jail that its calls have: no child of another does for it. */
  readonly level: JailLevel
}

export interface PoolOptions {
  /** Children at one time, and of these at work for one swarm. */
  readonly children: number
  readonly childrenPerSwarm: number
  /** Children that are started ahead. */
  readonly spares: number
  readonly idleMs: number
  readonly start: () => Promise<SandboxChild>
}

/** A child that works for one tenant until it is given back. */
export interface Lease {
  readonly child: SandboxChild
  readonly tenant: Tenant
  /** Whether it has the module of the tenant already. */
  readonly isLoaded: boolean
}

interface Waiter {
  readonly tenant: Tenant
  readonly resolve: (lease: Lease | undefined) => void
  readonly reject: (error: unknown) => void
}

const CLOSING_MS = 1_000
const REFILL_MS = 50
/** Between attempts to start spares on a machine that cannot. */
const REFILL_MOST_MS = 60_000

/**
 * Children and who has them. A child that worked for a tenant waits for more work of the same one, and is closed when there comes
 * none for a time, or when its room is needed.
 */
export class Pool {
  readonly #options: PoolOptions
  /** All that live, in whatever state. */
  readonly #children = new Set<SandboxChild>()
  #starting = 0
  readonly #spares: SandboxChild[] = []
  #sparesStarting = 0
  /** Children without work and the tenant whose module they have; the longest without work first. */
  readonly #idle = new Map<SandboxChild, { readonly key: string; readonly timer: NodeJS.Timeout }>()
  /** Leases by swarm. */
  readonly #busy = new Map<string, number>()
  readonly #waiting: Waiter[] = []
  #refilling: NodeJS.Timeout | undefined
  /** Children in a row that did not start, or ended before they were needed: each doubles the time until the next spares. */
  #failures = 0
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Starts what shall be ready before it is asked for. */
  refill(): void {
    while (
      this.#hasRoom &&
      this.#waiting.length === 0 &&
      this.#spares.length + this.#sparesStarting < this.#options.spares
    ) {
      this.#sparesStarting += 1
      this.#start()
        .then((child) => {
          this.#spares.push(child)
        })
        // Who needs a child will hear why there is none.
        .catch(() => undefined)
        .finally(() => {
          this.#sparesStarting -= 1
          this.#advance()
        })
    }
  }

  /** A child for this tenant, when there is one; undefined when the signal comes before. Throws RATE_LIMITED when too many wait. */
  async acquire(tenant: Tenant, signal?: AbortSignal): Promise<Lease | undefined> {
    if (this.#isClosed) throw closed()
    this.#requireTurn(tenant.swarm)
    let waiter: Waiter | undefined
    const giveUp = () => {
      const at = waiter === undefined ? -1 : this.#waiting.indexOf(waiter)
      if (at >= 0) this.#waiting.splice(at, 1)[0]?.resolve(undefined)
    }
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      return await new Promise<Lease | undefined>((resolve, reject) => {
        waiter = { tenant, resolve, reject }
        this.#waiting.push(waiter)
        this.#advance()
      })
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  /** Gives a child back. One that was killed is forgotten. */
  release({ child, tenant }: Lease): void {
    this.#leave(tenant.swarm)
    if (child.isOver) this.#forget(child)
    else this.#rest(child, tenant.key)
    this.#advance()
  }

  /** Ends all children, and waits until they are gone. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#refilling)
    for (const { reject } of this.#waiting.splice(0)) reject(closed())
    for (const { timer } of this.#idle.values()) clearTimeout(timer)
    const children = [...this.#children]
    for (const child of children) child.close()
    // Children keep no process alive, and who waits for their end should not be cut short.
    const awake = setInterval(() => undefined, CLOSING_MS)
    await Promise.allSettled(children.map(({ ended }) => ended))
    clearInterval(awake)
  }

  get #hasRoom(): boolean {
    return !this.#isClosed && this.#children.size + this.#starting < this.#options.children
  }

  #requireTurn(swarm: string): void {
    const ofSwarm = this.#waiting.filter(({ tenant }) => tenant.swarm === swarm).length
    if (ofSwarm < LIMITS.sandboxCallsWaitingPerSwarm && this.#waiting.length < LIMITS.sandboxCallsWaiting) return
    const message = `Too many calls wait for the sandbox: ${ofSwarm} of swarm ${swarm}, ${this.#waiting.length} in all. Try again later.`
    throw new FabricError('RATE_LIMITED', message, { swarm, waiting: ofSwarm })
  }

  /** Serves those who wait in their order, but a swarm that has its share only when it gave some of it back. */
  #advance(): void {
    for (let at = 0; at < this.#waiting.length; ) {
      const waiter = this.#waiting[at] as Waiter
      if (this.#busyOf(waiter.tenant.swarm) >= this.#options.childrenPerSwarm) {
        at += 1
        continue
      }
      const lease = this.#offer(waiter.tenant)
      if (lease === undefined) break
      this.#waiting.splice(at, 1)
      this.#busy.set(waiter.tenant.swarm, this.#busyOf(waiter.tenant.swarm) + 1)
      lease.then(waiter.resolve, (error) => {
        this.#leave(waiter.tenant.swarm)
        waiter.reject(error)
      })
    }
    this.#refillSoon()
  }

  /** Not at once: to start a process would take the processor from the call that just got one. */
  #refillSoon(): void {
    if (this.#isClosed || this.#options.spares === 0) return
    this.#refilling ??= setTimeout(
      () => {
        this.#refilling = undefined
        this.refill()
      },
      Math.min(REFILL_MS * 2 ** this.#failures, REFILL_MOST_MS),
    ).unref()
  }

  #offer(tenant: Tenant): Promise<Lease> | undefined {
    const own = this.#idleOf(tenant)
    if (own !== undefined) {
      this.#wake(own)
      return Promise.resolve({ child: own, tenant, isLoaded: true })
    }
    const spare = this.#takeSpare(tenant)
    if (spare !== undefined) return Promise.resolve(this.#fresh(spare, tenant))
    const [oldest] = this.#idle.keys()
    if (!this.#hasRoom && oldest !== undefined) this.#discard(oldest)
    if (!this.#hasRoom) return undefined
    return this.#start().then((child) => this.#fresh(child, tenant))
  }

  #fresh(child: SandboxChild, tenant: Tenant): Lease {
    this.#failures = 0
    return { child, tenant, isLoaded: false }
  }

  async #start(): Promise<SandboxChild> {
    this.#starting += 1
    try {
      const child = await this.#options.start()
      this.#children.add(child)
      const gone = () => {
        if (this.#spares.includes(child)) this.#failures += 1
        this.#forget(child)
        this.#advance()
      }
      child.ended.then(gone, gone)
      if (!this.#isClosed) return child
      child.close()
      throw closed()
    } catch (error) {
      this.#failures += 1
      throw error
    } finally {
      this.#starting -= 1
    }
  }

  #rest(child: SandboxChild, key: string): void {
    const timer = setTimeout(() => this.#discard(child), this.#options.idleMs).unref()
    this.#idle.set(child, { key, timer })
  }

  #idleOf(tenant: Tenant): SandboxChild | undefined {
    for (const [child, held] of this.#idle) if (held.key === tenant.key && isFit(child, tenant)) return child
    return undefined
  }

  #takeSpare(tenant: Tenant): SandboxChild | undefined {
    const at = this.#spares.findIndex((spare) => isFit(spare, tenant))
    const [taken] = at < 0 ? [] : this.#spares.splice(at, 1)
    // Those of a jail that was the best once are in the way of better ones.
    if (taken === undefined) for (const spare of [...this.#spares]) this.#discard(spare)
    return taken
  }

  #wake(child: SandboxChild): void {
    clearTimeout(this.#idle.get(child)?.timer)
    this.#idle.delete(child)
  }

  #discard(child: SandboxChild): void {
    child.close()
    this.#forget(child)
  }

  #forget(child: SandboxChild): void {
    this.#wake(child)
    this.#children.delete(child)
    const spare = this.#spares.indexOf(child)
    if (spare >= 0) this.#spares.splice(spare, 1)
  }

  #busyOf(swarm: string): number {
    return this.#busy.get(swarm) ?? 0
  }

  #leave(swarm: string): void {
    const busy = this.#busyOf(swarm) - 1
    if (busy > 0) this.#busy.set(swarm, busy)
    else this.#busy.delete(swarm)
  }
}

/** One that was killed for a word too many is no child to give, also before its end is known. */
function isFit(child: SandboxChild, { level }: Tenant): boolean {
  return !child.isOver && child.level === level
}

function closed(): FabricError {
  return new FabricError('UNAVAILABLE', 'The sandbox is closed. Start the fabric again, or make another sandbox.')
}
