import { randomUUID } from 'node:crypto'
import type { CallOptions } from '../../client/call.js'
import { connect, type FabricClient, type FabricOperations } from '../../client/client.js'
import type { Endpoint } from '../../client/discover.js'
import { nodeTransport } from '../../client/node-transport.js'
import { pause } from '../../client/retry.js'
import { ROUTES } from '../../client/routes.js'
import { isFabricError } from '../../model/errors.js'
import type { Role } from '../../model/principal.js'
import { SECOND_MS } from '../../model/time.js'
import { findFabric, type Whereabouts } from './find-fabric.js'
import { becomeSwarm, type Identity, type Wishes } from './identity.js'

/** A session that ends does not wait long for a fabric that is gone. */
const FAREWELL_MS = 2 * SECOND_MS

interface Link {
  readonly identity: Identity
  /** With the token of the session. */
  readonly client: FabricClient
  /** As the session found it; locally with the token of the administrator. */
  readonly endpoint: Endpoint
}

type Input = Readonly<Record<string, unknown>>
type Operation = (input: Input, options: CallOptions) => Promise<unknown>

/**
 * What one agent has of a fabric: a swarm, a token that is never written down, and operations that find the fabric
 * again after it was started anew.
 */
export class Session {
  readonly operations: FabricOperations
  readonly #where: Whereabouts
  readonly #wishes: Wishes
  readonly #transport = nodeTransport()
  #link: Promise<Link> | undefined

  constructor(where: Whereabouts, wishes: Wishes) {
    this.#where = where
    this.#wishes = wishes
    this.operations = Object.fromEntries(
      Object.entries(ROUTES).map(([resource, verbs]) => [
        resource,
        Object.fromEntries(
          Object.entries(verbs).map(([verb, { keyed }]) => [verb, this.#operation(resource, verb, keyed)]),
        ),
      ]),
    ) as unknown as FabricOperations
  }

  /** Finds or starts the fabric and becomes a swarm of it, once; when that fails, the next call tries again. */
  async open(client?: string): Promise<Identity> {
    return (await this.#linked(client)).identity
  }

  /** The role that the tools are chosen for: whoever was given no token becomes a swarm. */
  async role(): Promise<Role> {
    return this.#where.env.IFAB_TOKEN ? (await this.open()).role : 'swarm'
  }

  /** Ends the token. What is claimed stays claimed: the next session of this name resumes it, or its lease ends. */
  async close(): Promise<void> {
    const link = await this.#opened()
    try {
      if (link?.identity.end !== undefined) await link.identity.end(this.#connect(link.endpoint, FAREWELL_MS))
    } finally {
      this.#transport.close()
    }
  }

  /** The link, unless it is still not there after a moment. */
  async #opened(): Promise<Link | undefined> {
    const over = new AbortController()
    const opening = Promise.resolve(this.#link).catch(() => undefined)
    const link = await Promise.race([opening, pause(FAREWELL_MS, over.signal)])
    over.abort()
    return link ?? undefined
  }

  #linked(client?: string): Promise<Link> {
    this.#link ??= this.#open(client).catch((error) => {
      this.#link = undefined
      throw error
    })
    return this.#link
  }

  async #open(client?: string): Promise<Link> {
    const endpoint = await findFabric(this.#where, this.#transport, true)
    const found = this.#connect(endpoint)
    const who = await found.token.whoami()
    if (this.#where.env.IFAB_TOKEN || who.role !== 'admin') {
      const { actor, role, swarm } = who
      const identity = { actor, role, ...(swarm !== undefined && { swarm }), token: endpoint.token }
      return { identity, client: found, endpoint }
    }
    const identity = await becomeSwarm(found, this.#where.data, this.#wishes, client)
    return { identity, client: this.#connect({ ...endpoint, token: identity.token }), endpoint }
  }

  #connect(endpoint: Endpoint, timeoutMs?: number): FabricClient {
    const hurried = timeoutMs === undefined ? {} : { timeoutMs, retries: 0 }
    const { TRACEPARENT: traceparent } = this.#where.env
    return connect({ ...endpoint, transport: this.#transport, ...hurried, ...(traceparent && { traceparent }) })
  }

  #operation(resource: string, verb: string, keyed: boolean): Operation {
    return async (input, options) => {
      // One key for both attempts: what the first one did, the second is told.
      const once = keyed ? { idempotencyKey: randomUUID(), ...options } : options
      const run = ({ client }: Link) =>
        (client as unknown as Record<string, Record<string, Operation>>)[resource]?.[verb]?.(input, once)
      const link = await this.#linked()
      try {
        return await run(link)
      } catch (error) {
        if (options.signal?.aborted) throw error
        const mended = await this.#mend(link, error)
        if (mended === undefined) throw error
        return await run(mended)
      }
    }
  }

  /** Another link, where the error is of a kind that one may mend. Calls that fail together share it. */
  async #mend(broken: Link, error: unknown): Promise<Link | undefined> {
    const tokenIsOver = isFabricError(error, 'UNAUTHENTICATED') && broken.identity.renew !== undefined
    if (!tokenIsOver && !isFabricError(error, 'UNAVAILABLE')) return undefined
    const current = await this.#linked()
    if (current !== broken) return current
    const mending = this.#relink(broken, tokenIsOver)
    this.#link = mending.catch(() => broken)
    return mending
  }

  async #relink({ identity, ...old }: Link, tokenIsOver: boolean): Promise<Link> {
    const endpoint = await findFabric(this.#where, this.#transport, false)
    const renewed = tokenIsOver ? await identity.renew?.(this.#connect(endpoint)) : identity
    if (renewed === undefined) return { identity, ...old }
    return { identity: renewed, client: this.#connect({ ...endpoint, token: renewed.token }), endpoint }
  }
}
